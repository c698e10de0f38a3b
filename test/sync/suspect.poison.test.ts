/** A record with which the PMS fails for good, and a PMS that only looks as if there were one. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PMS_PATHS } from '../../src/record/wire.ts';
import { Scene } from '../harness/scene.ts';
import { type Answer, batchIn, type Script, type Seen } from '../harness/scripted-pms.ts';
import { makeRig, type Rig } from './rig.ts';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.close());

const isBatch = (seen: Seen) => seen.path === PMS_PATHS.sync;
const carries = (seen: Seen, bad: ReadonlySet<number>) =>
  isBatch(seen) && batchIn(seen).records.some((entry) => entry.gap === undefined && bad.has(entry.sequence));
const isMarker = (seen: Seen) => isBatch(seen) && batchIn(seen).records.every((entry) => entry.gap !== undefined);

/** A good PMS but for these records, on which it does this. */
function failingOver(rig: Rig, bad: readonly number[], failure: Answer): Script {
  const set = new Set(bad);
  return (seen) => (carries(seen, set) ? failure : rig.ledger.script(seen));
}

describe('a record with which the PMS fails for good', () => {
  test.each([
    ['500', { status: 500 }],
    ['502 with a page', { status: 502, body: '<html>Bad gateway</html>' }],
    ['a cut connection', 'cut'],
    ['an answer that makes no sense', { status: 200, body: { ok: true } }],
  ] as [string, Answer][])(
    'is found, its marker goes in its place, all others arrive in order: %s',
    async (_name, failure) => {
      const rig = await makeRig(scene);
      rig.buffer.addMany(40);
      rig.pms.script = failingOver(rig, [13], failure);
      rig.sync.start();
      await rig.buffer.until(() => rig.buffer.isNoted(13) && rig.buffer.counts().PENDING === undefined);
      expect(rig.buffer.counts()).toEqual({ SYNCED: 39, SET_ASIDE: 1 });
      expect(rig.buffer.settlementOf(13)).toMatchObject({ to: 'SET_ASIDE', reason: 'upstream_error' });
      expect(rig.ledger.gaps).toEqual([13]);
      expect(rig.told.alarms).toEqual([]);
      expect(rig.buffer.notesOf('sync_attempt').some((note) => note.body.trial === 13)).toBe(true);
    },
  );

  test('that is a time-out: the same', async () => {
    const rig = await makeRig(scene, { options: { requestTimeoutMs: 60 } });
    rig.buffer.addMany(9);
    rig.pms.script = failingOver(rig, [4], 'hang');
    rig.sync.start();
    await rig.buffer.until(() => rig.buffer.isNoted(4) && rig.buffer.counts().PENDING === undefined);
    expect(rig.buffer.counts()).toEqual({ SYNCED: 8, SET_ASIDE: 1 });
  });

  test('is not set aside before its time, however often it fails', async () => {
    const rig = await makeRig(scene, { options: { suspectAfterMs: 1_000_000_000 } });
    rig.buffer.addMany(5);
    rig.pms.script = failingOver(rig, [2], { status: 500 });
    rig.sync.start();
    await rig.buffer.until(() => rig.buffer.notesOf('sync_answer').length >= 60);
    expect(rig.buffer.counts()).toEqual({ SYNCED: 1, PENDING: 4 });
    expect(rig.pms.batches.some(isMarker)).toBe(false);
  });

  test('but was stored: the look-up settles it', async () => {
    const rig = await makeRig(scene);
    rig.buffer.addMany(6);
    rig.pms.script = (seen) => {
      const answer = rig.ledger.script(seen);
      return carries(seen, new Set([3])) ? { status: 500 } : answer;
    };
    rig.sync.start();
    await rig.buffer.until(() => rig.buffer.counts().SYNCED === 6);
    expect(rig.ledger.held.size).toBe(6);
    expect(rig.ledger.gaps).toEqual([]);
  });

  test.each([400, 413, 422])(
    'by %i although it was stored: the look-up settles it, and nothing is set aside',
    async (status) => {
      const rig = await makeRig(scene);
      const [poison] = rig.buffer.addMany(1);
      if (poison === undefined) return;
      rig.ledger.held.set(poison.idempotencyKey, poison.payloadHash.toString('hex'));
      rig.pms.script = (seen) => (seen.path === PMS_PATHS.sync ? { status } : rig.ledger.script(seen));
      rig.sync.start();
      await rig.buffer.until(() => rig.buffer.stateOf(1) === 'SYNCED');
      expect(rig.told.alarms).toEqual([]);
      expect(rig.pms.batches).toHaveLength(3);
    },
  );

  test('while the answer to its marker is lost: the look-up says that the number is used up', async () => {
    const rig = await makeRig(scene);
    rig.buffer.addMany(6);
    let lost = 0;
    const failing = failingOver(rig, [3], { status: 500 });
    rig.pms.script = (seen) => {
      if (!isMarker(seen) || lost > 0) return failing(seen);
      lost += 1;
      void rig.ledger.script(seen);
      return 'cut';
    };
    rig.sync.start();
    await rig.buffer.until(() => rig.buffer.isNoted(3) && rig.buffer.counts().PENDING === undefined);
    expect(rig.buffer.counts()).toEqual({ SYNCED: 5, SET_ASIDE: 1 });
    expect(rig.told.alarms).toEqual([]);
  });

  test('three times in a row stops the stream, which condemns no more', async () => {
    const rig = await makeRig(scene);
    rig.buffer.addMany(8);
    rig.pms.script = failingOver(rig, [2, 3, 4, 5, 6, 7, 8], { status: 500 });
    rig.sync.start();
    await rig.buffer.until(() => rig.told.alarms.length > 0);
    const answers = rig.buffer.notesOf('sync_answer').length;
    await rig.buffer.until(() => rig.buffer.notesOf('sync_answer').length >= answers + 20);
    expect(rig.told.alarms).toEqual([{ stream: 'standard', alarm: 'records_refused', active: true }]);
    expect(rig.buffer.counts()).toEqual({ SYNCED: 1, SET_ASIDE: 3, PENDING: 4 });
    rig.pms.script = rig.ledger.script;
    await rig.buffer.until(() => rig.buffer.counts().PENDING === undefined);
    expect(rig.buffer.counts()).toEqual({ SYNCED: 5, SET_ASIDE: 3 });
  });
});

describe('a PMS that fails with everything', () => {
  test.each([
    ['though its heartbeat passes', () => ({ status: 500 })],
    ['but look-ups', (seen, rig) => (isBatch(seen) ? { status: 500 } : rig.ledger.script(seen))],
  ] as [string, (seen: Seen, rig: Rig) => Answer][])('condemns no record: %s', async (_name, fails) => {
    const rig = await makeRig(scene, { options: { suspectAfterMs: 0 } });
    rig.buffer.addMany(9);
    rig.pms.script = (seen) => fails(seen, rig);
    rig.sync.start();
    await rig.buffer.until(() => rig.buffer.notesOf('sync_answer').length >= 120);
    expect(rig.buffer.counts()).toEqual({ PENDING: 9 });
    // It recovers before a record is tried: what a trial would prove has its own test.
    rig.pms.script = (seen) => {
      if (isBatch(seen) && !isMarker(seen)) rig.pms.script = rig.ledger.script;
      return rig.pms.script === rig.ledger.script ? rig.ledger.script(seen) : fails(seen, rig);
    };
    await rig.buffer.until(() => rig.buffer.counts().SYNCED === 9);
    expect(rig.ledger.gaps).toEqual([]);
  });

  test('is not asked for look-ups by a gateway whose heartbeat does not pass', async () => {
    const rig = await makeRig(scene, { parts: { heartbeatOk: () => false } });
    rig.buffer.addMany(3);
    rig.pms.script = () => ({ status: 500 });
    rig.sync.start();
    await rig.buffer.until(() => rig.buffer.notesOf('sync_answer').length >= 20);
    expect(rig.pms.seen.every(isBatch)).toBe(true);
  });
});
