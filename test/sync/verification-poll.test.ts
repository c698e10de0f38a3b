import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PMS_PATHS } from '../../src/record/wire.ts';
import { Scene } from '../harness/scene.ts';
import { acceptedResult, answerWith, batchIn, type Script } from '../harness/scripted-pms.ts';
import { makeRig, type Rig } from './rig.ts';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.close());

/** Schedule II is pending first; `later` answers the look-ups. */
async function pendingRig(later: Script): Promise<Rig> {
  const rig = await makeRig(scene);
  rig.pms.script = (seen) => {
    if (seen.path === PMS_PATHS.lookup) return later(seen);
    return answerWith(batchIn(seen).records.map((entry) => acceptedResult(entry, 'pending_verification')));
  };
  rig.buffer.addMany(2, 'II');
  rig.sync.start();
  await rig.buffer.until(() => rig.buffer.counts().AWAITING_VERIFICATION === 2);
  return rig;
}

/** Look-up words of this status for every record. */
function words(rig: () => Rig, status: string, verified: boolean): Script {
  return (seen) => {
    const { keys } = seen.json as { keys: string[] };
    const hashes = new Map(
      rig().pms.batches.flatMap((batch) =>
        batchIn(batch).records.map((one) => [one.idempotency_key, one.payload_hash]),
      ),
    );
    return answerWith(
      keys.map((key) => {
        const payload_hash = hashes.get(key);
        const verification = {
          status: 'verified',
          payload_hash,
          verifier_id: 'V-1',
          verified_at_utc: '2026-11-22T09:03:00Z',
        };
        return { idempotency_key: key, payload_hash, status, ...(verified ? { verification } : {}) };
      }),
    );
  };
}

describe('a record the PMS still verifies', () => {
  test.each([
    ['accepted', true, 'SYNCED'],
    ['declined', false, 'REJECTED'],
  ] as const)('ends when the PMS says %s', async (status, verified, state) => {
    const rig: Rig = await pendingRig((seen) => words(() => rig, status, verified)(seen));
    await rig.buffer.until(() =>
      rig.buffer.notesOf('sync_answer').some((note) => note.body.settled === 2 && note.body.unknown === 0),
    );
    expect(rig.buffer.counts()).toEqual({ [state]: 2 });
    expect(rig.told.settled.slice(-2).map((record) => record.state)).toEqual([state, state]);
    expect(rig.buffer.notesOf('sync_lookup')[0]).toMatchObject({ log: 'schedule_two', body: { count: 2 } });
  });

  test.each([
    ['still pending', 'pending_verification', false],
    ['accepted but not verified', 'accepted', false],
    ['unknown', 'unknown', false],
  ] as const)('stays as it is: %s', async (_name, status, verified) => {
    const rig: Rig = await pendingRig((seen) => words(() => rig, status, verified)(seen));
    await rig.buffer.until(() => rig.buffer.notesOf('sync_lookup').length === 4);
    expect(rig.buffer.counts()).toEqual({ AWAITING_VERIFICATION: 2 });
  });

  test('is asked for again after a failure, and new records do not wait for it', async () => {
    const rig: Rig = await pendingRig(() => 'cut');
    await rig.buffer.until(() => rig.buffer.notesOf('sync_lookup').length === 3);
    rig.buffer.add('II');
    rig.sync.wake('schedule_two');
    await rig.buffer.until(() => rig.buffer.counts().AWAITING_VERIFICATION === 3);
    rig.pms.script = (seen) => words(() => rig, 'accepted', true)(seen);
    await rig.buffer.until(() => rig.buffer.counts().SYNCED === 3);
  });
});
