import type { Database } from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import type { PendingPage, StreamEntry } from '../../src/buffer/api.ts';
import { bufferPaths, openForReading, readBoxKey } from '../../src/buffer/files.ts';
import { Keyring } from '../../src/buffer/keyring.ts';
import { Reader } from '../../src/buffer/reader.ts';
import { anyKey, inFolder, item, openWriter } from './fixture.ts';

const MANY = 1_000_000;

function openReader(dir: string): { reader: Reader; close: () => void } {
  const paths = bufferPaths(dir);
  const db = openForReading(paths.db);
  const keys = db
    .prepare<[], { keyId: number; purpose: number; wrapped: Buffer }>(
      'SELECT key_id AS keyId, purpose, wrapped FROM data_key',
    )
    .all();
  return { reader: new Reader(db, new Keyring(readBoxKey(paths), keys)), close: () => db.close() };
}

const numbers = (page: PendingPage): number[] => page.entries.map((entry: StreamEntry) => entry.streamSequence);

/** Changes stored bytes behind the program's back, as a broken disk or a stranger would. */
function tamper(db: Database, sql: string): void {
  db.exec('DROP TRIGGER record_is_never_edited');
  db.exec(sql);
}

describe('readPending', () => {
  it('hands out exactly the bytes that were taken, in stream order, within both limits', () =>
    inFolder((dir) => {
      const { writer, db } = openWriter(dir);
      const items = Array.from({ length: 7 }, (_, n) =>
        item({ key: `key-0000${n}`, schedule: n % 3 === 2 ? 'II' : 'IV' }),
      );
      writer.intake(items.slice(0, 3));
      writer.intake(items.slice(3));
      const { reader, close } = openReader(dir);
      const page = reader.readPending('standard', 10, MANY);
      const taken = items.filter(({ record }) => record.schedule === 'IV');
      expect(page.entries.map((entry) => ('payload' in entry ? entry.payload.toString() : ''))).toEqual(
        taken.map(({ record }) => record.payload.toString()),
      );
      expect(numbers(page)).toEqual([1, 2, 3, 4, 5]);
      expect(numbers(reader.readPending('schedule_two', 10, MANY))).toEqual([1, 2]);
      expect(numbers(reader.readPending('standard', 2, MANY))).toEqual([1, 2]);
      const size = taken[0]?.record.payload.length ?? 0;
      expect(numbers(reader.readPending('standard', 10, 2 * size + 1))).toEqual([1, 2]);
      expect(numbers(reader.readPending('standard', 10, 1))).toEqual([1]);
      close();
      db.close();
    }));

  it('goes on after what is settled', () =>
    inFolder((dir) => {
      const { writer, db } = openWriter(dir);
      writer.intake(Array.from({ length: 4 }, () => item({ key: anyKey() })));
      const settle = (sequence: number) =>
        writer.settle('audit', [{ sequence, to: 'SYNCED', pmsId: null, reason: null, verification: null }]);
      const { reader, close } = openReader(dir);
      settle(2);
      expect(numbers(reader.readPending('standard', 9, MANY))).toEqual([1, 3, 4]);
      settle(1);
      settle(3);
      writer.intake([item({ key: anyKey() })]);
      expect(numbers(reader.readPending('standard', 9, MANY))).toEqual([4, 5]);
      expect(numbers(reader.readFrom('standard', 2, 2, MANY))).toEqual([2, 3]);
      close();
      db.close();
    }));

  it('stops before a record whose hash no longer fits, names it once it is first, and sends its gap after quarantine', () =>
    inFolder((dir) => {
      const { writer, db } = openWriter(dir);
      writer.intake(['a', 'b', 'c'].map((name) => item({ key: `record-${name}` })));
      tamper(db, 'UPDATE record SET payload_hash = randomblob(32) WHERE record_id = 2');
      const { reader, close } = openReader(dir);
      const first = reader.readPending('standard', 9, MANY);
      expect([numbers(first), first.damaged]).toEqual([[1], []]);
      writer.settle('audit', [{ sequence: 1, to: 'SYNCED', pmsId: null, reason: null, verification: null }]);
      const second = reader.readPending('standard', 9, MANY);
      expect([numbers(second), second.damaged]).toEqual([[], [2]]);
      writer.quarantine('audit', [2]);
      const third = reader.readPending('standard', 9, MANY);
      expect(third.entries.map((entry) => ('gap' in entry ? entry.gap : entry.sequence))).toEqual(['quarantined', 3]);
      writer.noteGaps('audit', [2]);
      writer.noteGaps('audit', [2]);
      expect(numbers(reader.readPending('standard', 9, MANY))).toEqual([3]);
      close();
      db.close();
    }));

  it('finds every bit of a sealed pack that was turned over', () =>
    inFolder((dir) => {
      const { writer, db } = openWriter(dir);
      writer.intake([item({ key: 'record-a' })]);
      const sealed = db.prepare<[], { sealed: Buffer }>('SELECT sealed FROM record').get()?.sealed ?? Buffer.alloc(0);
      db.exec('DROP TRIGGER record_is_never_edited');
      const put = db.prepare('UPDATE record SET sealed = ?');
      for (let bit = 0; bit < sealed.length * 8; bit += 5) {
        const bent = Buffer.from(sealed);
        bent[bit >> 3] = (bent[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        put.run(bent);
        const { reader, close } = openReader(dir);
        expect(reader.readPending('standard', 9, MANY).damaged, `bit ${bit}`).toEqual([1]);
        close();
      }
      db.close();
    }));

  it('lists what the PMS is still verifying with its key', () =>
    inFolder((dir) => {
      const { writer, db } = openWriter(dir);
      writer.intake([item({ key: 'two-00001', schedule: 'II' }), item({ key: 'two-00002', schedule: 'II' })]);
      writer.settle('schedule_two', [
        { sequence: 2, to: 'AWAITING_VERIFICATION', pmsId: null, reason: null, verification: null },
      ]);
      const { reader, close } = openReader(dir);
      expect(reader.readAwaiting('schedule_two', 0, 9).map((entry) => entry.idempotencyKey)).toEqual(['two-00002']);
      expect(reader.readAwaiting('schedule_two', 2, 9)).toEqual([]);
      expect(reader.keyOf(1)).toBe('two-00001');
      expect(reader.keyOf(99)).toBe('');
      close();
      db.close();
    }));

  it('reads back a group whose payloads together are far larger than one pack may be', () =>
    inFolder((dir) => {
      const { writer, db } = openWriter(dir);
      const items = Array.from({ length: 40 }, (_, n) =>
        item({ key: `key-000${n + 10}`, body: String(n).repeat(130_000) }),
      );
      writer.intake(items);
      const { reader, close } = openReader(dir);
      expect(reader.readPending('standard', 100, 1e9).entries.length).toBe(40);
      close();
      db.close();
    }));
});

describe('readFrom', () => {
  it('finds any place of either stream, whatever stands between', () =>
    inFolder((dir) => {
      const { writer, db } = openWriter(dir);
      const pattern = 'SSTSTTTTSSSSTTSTSTTTTTTTS';
      for (const [at, one] of [...pattern].entries()) {
        const made = item({ key: `key-${at}-abc`, schedule: one === 'T' ? 'II' : 'V' });
        writer.intake([at % 5 === 2 ? { ...made, hold: true } : made]);
      }
      const { reader, close } = openReader(dir);
      for (const stream of ['standard', 'schedule_two'] as const) {
        const line = numbers(reader.readFrom(stream, 1, 100, MANY));
        expect(line).toEqual(line.map((_, at) => at + 1));
        for (const from of line)
          expect(numbers(reader.readFrom(stream, from, 100, MANY))).toEqual(line.slice(from - 1));
        expect(numbers(reader.readFrom(stream, line.length + 1, 100, MANY))).toEqual([]);
      }
      close();
      db.close();
    }));
});

describe('newestSynced', () => {
  it('is the last of its stream that the PMS has, whatever waits behind it', () =>
    inFolder((dir) => {
      const { writer, db } = openWriter(dir);
      const schedules = ['V', 'II', 'V', 'II', 'V'] as const;
      const items = schedules.map((schedule) => item({ key: anyKey(), schedule }));
      writer.intake(items);
      const { reader, close } = openReader(dir);
      expect(reader.newestSynced('standard')).toBeNull();
      const synced = (sequence: number) =>
        ({ sequence, to: 'SYNCED', pmsId: null, reason: null, verification: null }) as const;
      writer.settle('audit', [synced(1), synced(3)]);
      writer.settle('schedule_two', [synced(2)]);
      expect(reader.newestSynced('standard')).toMatchObject({ sequence: 3, streamSequence: 2 });
      const key = items[1]?.record.idempotencyKey;
      expect(reader.newestSynced('schedule_two')).toMatchObject({ streamSequence: 1, idempotencyKey: key });
      close();
      db.close();
    }));
});
