import { describe, expect, it } from 'vitest';
import { WAITING_STATES } from '../../src/buffer/api.ts';
import { openBuffer } from '../../src/buffer/open.ts';
import { handClock, inFolder, item, openWriter, refusal } from './fixture.ts';

const open = (dataDir: string) =>
  openBuffer({
    dataDir,
    gatewayId: 'gw-test',
    clock: handClock(),
    onFatal: (error) => {
      throw error;
    },
  });

const all = { states: WAITING_STATES, after: 0, limit: 100 } as const;

describe('what waits for a person', () => {
  it('is listed by number with the reason as far as it is known, and shown with its bytes', () =>
    inFolder(async (dir) => {
      const buffer = await open(dir);
      const held = { ...item({ key: 'key-00002', schedule: 'II' }), hold: true };
      const other = item({ key: 'key-00001', body: 'other' });
      const bad = refusal(Buffer.from('no record'));
      await buffer.intake([item({ key: 'key-00001' }), held, other, bad]);
      await buffer.settle('standard', [
        { sequence: 1, to: 'REJECTED', pmsId: null, reason: 'unknown_drug', verification: null },
      ]);
      const records = buffer.readWaiting({ ...all, of: 'record' });
      expect(records).toMatchObject([
        { of: 'record', number: 1, state: 'REJECTED', schedule: 'NONE', reasons: ['unknown_drug'] },
        { of: 'record', number: 2, state: 'HELD', schedule: 'II', lane: 'lane-1', reasons: [] },
      ]);
      expect(buffer.readWaiting({ ...all, of: 'evidence' })).toMatchObject([
        { number: 1, state: 'CONFLICT', reasons: ['key_conflict'] },
        { number: 2, state: 'REFUSED', reasons: ['not_json'] },
      ]);
      expect(buffer.readWaiting({ ...all, of: 'record', states: ['HELD'] }).map((one) => one.number)).toEqual([2]);
      expect(buffer.readWaiting({ ...all, of: 'record', after: 1, limit: 1 }).map((one) => one.number)).toEqual([2]);
      expect(buffer.readWaitingDetail('record', 2)).toMatchObject({ bytes: held.record.payload, holder: null });
      expect(buffer.readWaitingDetail('evidence', 1)).toMatchObject({ bytes: other.record.payload, holder: 1 });
      expect(buffer.readWaitingDetail('evidence', 2)?.bytes?.toString()).toBe('no record');
      expect(buffer.readWaitingDetail('record', 3)).toBeNull();
      await buffer.close();
    }));

  it('is shown without bytes when they were altered', () =>
    inFolder(async (dir) => {
      const { writer, db } = openWriter(dir);
      writer.intake([{ ...item({ key: 'key-00001', schedule: 'II' }), hold: true }]);
      db.exec('DROP TRIGGER record_is_never_edited; UPDATE record SET payload_hash = zeroblob(32)');
      db.close();
      const buffer = await open(dir);
      expect(buffer.readWaitingDetail('record', 1)).toMatchObject({ state: 'HELD', bytes: null });
      await buffer.close();
    }));
});

it('an act crosses to the writer thread and back with keys for the receipts, practice and training too', () =>
  inFolder(async (dir) => {
    const buffer = await open(dir);
    const held = { ...item({ key: 'key-00001', schedule: 'II' }), hold: true };
    await buffer.intake([held]);
    const hash = held.record.payloadHash;
    const outcome = await buffer.review(
      {
        actId: 'act-1',
        step: 'resolve',
        subjects: [{ of: 'record', number: 1, state: 'HELD', hash }],
        statement: '{}',
        signature: 'a..b',
        keyId: 'k',
        printedName: 'Ada Example',
        meaning: 'corrected',
        signedAtMs: 1,
      },
      item({ key: 'key-00002', schedule: 'II', refersTo: 'key-00001' }),
    );
    expect(outcome.moved).toMatchObject([{ idempotencyKey: 'key-00001', state: 'RESOLVED' }]);
    expect(outcome.correction).toMatchObject({ status: 'accepted', sequence: 2 });
    await buffer.setTraining('lane-7', 1_900_000_000_000);
    expect(buffer.trainingLanes()).toEqual([{ lane: 'lane-7', untilMs: 1_900_000_000_000 }]);
    expect(await buffer.practise([item({ key: 'key-00001', lane: 'lane-7' })])).toMatchObject([{ status: 'accepted' }]);
    await buffer.close();
  }));
