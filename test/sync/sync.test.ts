/** The whole stage: both streams together, and both against a PMS that does whatever comes to its mind. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PMS_PATHS } from '../../src/record/wire.ts';
import { Scene } from '../harness/scene.ts';
import { type Answer, acceptedResult, answerWith, batchIn, type Script } from '../harness/scripted-pms.ts';
import { makeRig, type Rig } from './rig.ts';
import { seeded } from './seeded.ts';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.close());

describe('Schedule II', () => {
  test('does not wait for a standard request that hangs', async () => {
    const rig = await makeRig(scene, { options: { scheduleTwoBatchSize: 20 } });
    rig.pms.script = (seen) => (batchIn(seen).stream === 'standard' ? 'hang' : rig.ledger.script(seen));
    rig.buffer.addMany(3);
    rig.sync.start();
    await rig.pms.until((seen) => seen.length === 1);
    const [first] = rig.buffer.addMany(45, 'II');
    rig.sync.wake();
    await rig.buffer.until(() => rig.buffer.counts().SYNCED === 45);
    expect(rig.buffer.counts()).toEqual({ PENDING: 3, SYNCED: 45 });
    expect(rig.buffer.settlementOf(first?.sequence ?? 0)?.verification?.verifierId).toBe('V-1');
    const sizes = rig.pms.batches.slice(1).map((seen) => batchIn(seen).records.length);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(20);
    expect(new Set(rig.buffer.notesOf('sync_attempt').map((note) => note.log))).toEqual(
      new Set(['audit', 'schedule_two']),
    );
  });

  test('goes on while the standard stream has stopped', async () => {
    const rig = await makeRig(scene);
    rig.pms.script = (seen) => (batchIn(seen).stream === 'standard' ? { status: 404 } : rig.ledger.script(seen));
    rig.buffer.add('IV');
    rig.buffer.add('II');
    rig.sync.start();
    await rig.buffer.until(() => rig.buffer.stateOf(2) === 'SYNCED' && rig.told.alarms.length > 0);
    expect(rig.told.alarms).toEqual([{ stream: 'standard', alarm: 'no_service', active: true }]);
  });
});

describe('stopping', () => {
  test('lets a running request end and settles its answer', async () => {
    const rig = await makeRig(scene, { options: { stopGraceMs: 20_000 } });
    let stopping: Promise<void> | null = null;
    rig.pms.script = (seen) => {
      stopping = rig.sync.stop();
      return rig.ledger.script(seen);
    };
    rig.buffer.addMany(3);
    rig.sync.start();
    await rig.buffer.until(() => rig.buffer.counts().SYNCED === 3);
    await stopping;
  });

  test('breaks off a request that hangs; its records stay, and a new start sends them', async () => {
    const rig = await makeRig(scene);
    rig.pms.script = () => 'hang';
    rig.buffer.addMany(3);
    rig.sync.start();
    await rig.pms.until((seen) => seen.length === 1);
    await rig.sync.stop();
    expect(rig.buffer.counts()).toEqual({ PENDING: 3 });
    rig.pms.script = rig.ledger.script;
    rig.sync.start();
    await rig.buffer.until(() => rig.buffer.counts().SYNCED === 3);
  });

  test('without a start is no trouble', async () => {
    const rig = await makeRig(scene);
    await rig.sync.stop();
  });
});

test('delivery facts: nothing waits, something waits, a receipt came', async () => {
  const rig = await makeRig(scene);
  expect(rig.sync.delivery()).toEqual({ lastReceiptAtMs: null, waitingSinceMs: null });
  let during: unknown = null;
  rig.pms.script = (seen) => {
    during = rig.sync.delivery().waitingSinceMs;
    return rig.ledger.script(seen);
  };
  rig.buffer.addMany(1);
  rig.sync.start();
  await rig.buffer.until(() => rig.buffer.counts().SYNCED === 1);
  await rig.buffer.until(() => rig.buffer.notesOf('sync_answer').length === 1);
  expect(during).toBeTypeOf('number');
  expect(rig.sync.delivery()).toEqual({ lastReceiptAtMs: expect.any(Number), waitingSinceMs: null });
});

/** One misdeed after the other: before the ledger has seen the batch, after it, or instead of it. */
function moody(rig: Rig, random: () => number): Script {
  const moods: Script[] = [
    () => 'cut',
    () => ({ status: 500 }),
    () => ({ status: 503, headers: { 'retry-after': '0' } }),
    () => ({ status: 200, body: '<html>portal</html>' }),
    () => ({ status: 200, body: { ok: true } }),
    () => ({ status: 409, body: { expected_sequence: 1 + Math.floor(random() * 60) } }),
    () => ({ status: 413 }),
    () => ({ status: 415 }),
    () => ({ status: 401 }),
    () => ({ status: 404 }),
    (seen) => {
      void rig.ledger.script(seen);
      return 'cut';
    },
    (seen) => thinned(rig.ledger.script(seen) as Answer, random),
    (seen) => (seen.path === PMS_PATHS.sync ? strangers(seen, random) : 'cut'),
  ];
  return (seen) => {
    if (random() < 0.4) return rig.ledger.script(seen);
    return (moods[Math.floor(random() * moods.length)] ?? rig.ledger.script)(seen);
  };
}

/** A good answer from which some results are missing. */
function thinned(answer: Answer, random: () => number): Answer {
  if (typeof answer !== 'object' || answer.status !== 200) return answer;
  const { results } = answer.body as { results: unknown[] };
  return answerWith(results.filter(() => random() < 0.7));
}

/** Yes to everything, but to the wrong hash: nothing of it may count. */
const strangers = (seen: Parameters<Script>[0], random: () => number): Answer =>
  answerWith(
    batchIn(seen).records.map((entry) => ({
      ...acceptedResult(entry),
      payload_hash: Math.floor(random() * 1e9)
        .toString(16)
        .padStart(64, '0'),
    })),
  );

describe('a moody PMS', () => {
  test.each([1, 2, 3, 4, 5, 6])('never has a record called SYNCED that it does not hold, seed %i', async (seed) => {
    const random = seeded(seed);
    const rig = await makeRig(scene, { options: { batchSize: 8, maxBodyBytes: 6000 }, parts: { random } });
    for (let number = 0; number < 60; number += 1) rig.buffer.add(random() < 0.3 ? 'II' : 'V');
    rig.buffer.damage(7);
    rig.buffer.damage(31);
    rig.pms.script = moody(rig, random);
    rig.sync.start();
    const enough = 150;
    await rig.buffer.until(() => {
      for (const record of rig.told.settled) {
        if (record.state !== 'SYNCED') continue;
        expect(rig.ledger.held.get(record.idempotencyKey)).toBe(record.payloadHash.toString('hex'));
      }
      return rig.buffer.notesOf('sync_attempt').length >= enough || rig.buffer.counts().PENDING === undefined;
    });
    // Once it behaves, all that can be delivered is.
    rig.pms.script = rig.ledger.script;
    await rig.buffer.until(
      () => rig.buffer.counts().PENDING === undefined && rig.buffer.isNoted(7) && rig.buffer.isNoted(31),
    );
    const { SYNCED = 0, SET_ASIDE = 0, QUARANTINED } = rig.buffer.counts();
    expect(QUARANTINED).toBe(2);
    expect(SYNCED + SET_ASIDE).toBe(58);
    expect(rig.ledger.held.size).toBeGreaterThanOrEqual(SYNCED);
  });
});
