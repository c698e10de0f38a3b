import { describe, expect, it } from 'vitest';
import { CounterfoilError } from '../../src/base/errors.ts';
import { bufferPaths, openForReading, readBoxKey } from '../../src/buffer/files.ts';
import { Keyring } from '../../src/buffer/keyring.ts';
import { openNewEpoch } from '../../src/buffer/open-epoch.ts';
import { Reader } from '../../src/buffer/reader.ts';
import { checkChain } from './chain.ts';
import { handClock, inFolder, item, openWriter } from './fixture.ts';

const ACT = {
  actId: 'act-epoch',
  reason: 'new_pms',
  statement: '{}',
  signature: 'a..b',
  keyId: 'ada-1',
  printedName: 'Ada Example',
  meaning: 'the chain has a new PMS',
  signedAtMs: 1_800_000_000_000,
};

const synced = (sequence: number) =>
  ({ sequence, to: 'SYNCED', pmsId: null, reason: null, verification: null }) as const;

function reader(dir: string): { reader: Reader; close: () => void } {
  const paths = bufferPaths(dir);
  const db = openForReading(paths.db);
  const keys = db.prepare<[], { keyId: number; purpose: number; wrapped: Buffer }>(
    'SELECT key_id AS keyId, purpose, wrapped FROM data_key',
  );
  return { reader: new Reader(db, new Keyring(readBoxKey(paths), keys.all())), close: () => db.close() };
}

describe('a new epoch', () => {
  it('numbers what is not settled from 1, in the same order, and goes on from there', () =>
    inFolder((dir) => {
      const first = openWriter(dir);
      const schedules = ['NONE', 'II', 'III', 'II', 'V', 'IV', 'II'] as const;
      for (const [at, schedule] of schedules.entries()) first.writer.intake([item({ key: `key-${at}-x`, schedule })]);
      first.writer.settle('audit', [synced(1), synced(3)]);
      first.writer.settle('schedule_two', [synced(2)]);
      first.db.close();
      const opened = openNewEpoch(dir, handClock(), () => ACT);
      expect(opened).toMatchObject({ carried: 4 });
      const second = openWriter(dir);
      expect(second.writer.facts()).toMatchObject({ epoch: opened.epoch, lastSequence: 4 });
      const [added] = second.writer.intake([item({ key: 'key-new-x', schedule: 'II' })]);
      expect(added).toMatchObject({ sequence: 5 });
      checkChain(second.db);
      const read = reader(dir);
      const line = (stream: 'standard' | 'schedule_two') =>
        read.reader.readPending(stream, 9, 1e6).entries.map((entry) => [entry.sequence, entry.streamSequence]);
      expect(line('standard')).toEqual([
        [2, 1],
        [3, 2],
      ]);
      expect(line('schedule_two')).toEqual([
        [1, 1],
        [4, 2],
        [5, 3],
      ]);
      expect(read.reader.readFrom('standard', 2, 9, 1e6).entries.map((entry) => entry.streamSequence)).toEqual([2]);
      expect(read.reader.readFrom('schedule_two', 2, 9, 1e6).entries.map((entry) => entry.sequence)).toEqual([4, 5]);
      read.close();
      expect(second.writer.settle('schedule_two', [synced(1)])).toMatchObject([{ sequence: 1, state: 'SYNCED' }]);
      const told = second.db
        .prepare<[], { entry: string }>('SELECT entry FROM trail_entry WHERE log = 1 ORDER BY i DESC LIMIT 1')
        .get();
      expect(JSON.parse(told?.entry ?? '{}').r.records[0].slice(0, 3)).toEqual([1, 1, 'SYNCED']);
      second.db.close();
    }));

  it('of a buffer with nothing to send starts empty', () =>
    inFolder((dir) => {
      const first = openWriter(dir);
      first.writer.intake([item({ key: 'key-00001' })]);
      first.writer.settle('audit', [synced(1)]);
      first.db.close();
      expect(openNewEpoch(dir, handClock(), () => ACT).carried).toBe(0);
      const second = openWriter(dir);
      expect(second.writer.facts().lastSequence).toBe(0);
      expect(second.writer.intake([item({ key: 'key-00002' })])[0]).toMatchObject({ sequence: 1 });
      second.db.close();
    }));

  it('is refused while a record waits for a person that it could not number', () =>
    inFolder((dir) => {
      const { writer, db } = openWriter(dir);
      writer.intake([item({ key: 'key-00001' }), item({ key: 'key-00002' })]);
      writer.settle('audit', [{ ...synced(1), to: 'REJECTED' }]);
      db.close();
      expect(() => openNewEpoch(dir, handClock(), () => ACT)).toThrow(CounterfoilError);
      const again = openWriter(dir);
      expect(again.db.prepare('SELECT COUNT(*) AS n FROM epoch').get()).toEqual({ n: 1 });
      again.db.close();
    }));
});
