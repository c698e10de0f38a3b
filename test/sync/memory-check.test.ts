import { afterEach, beforeEach, expect, test } from 'vitest';
import { PMS_PATHS } from '../../src/record/wire.ts';
import { Scene } from '../harness/scene.ts';
import { batchIn } from '../harness/scripted-pms.ts';
import { makeRig, type Rig } from './rig.ts';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.close());

async function syncedRig(memoryCheckMs: number): Promise<Rig> {
  const rig = await makeRig(scene, { options: { memoryCheckMs } });
  rig.buffer.addMany(6, 'IV');
  rig.buffer.addMany(3, 'II');
  rig.sync.start();
  await rig.buffer.until(() => rig.buffer.counts().SYNCED === 9);
  return rig;
}

/** The PMS comes from a copy made after `kept` records of each stream. */
function restore({ ledger, pms }: Rig, kept: number): void {
  for (const seen of pms.batches) {
    const { stream, records } = batchIn(seen);
    for (const { stream_sequence, idempotency_key } of records) {
      if (stream_sequence > kept && idempotency_key !== undefined) ledger.held.delete(idempotency_key);
    }
    ledger.next.set(stream, kept + 1);
  }
}

test('a PMS that lost its newest records gets them again although nothing new is sold', async () => {
  const rig = await syncedRig(2);
  restore(rig, 1);
  expect(rig.ledger.held.size).toBe(2);
  await rig.pms.until(() => rig.ledger.next.get('standard') === 7 && rig.ledger.next.get('schedule_two') === 4);
  expect(rig.ledger.held.size).toBe(9);
  expect(rig.buffer.counts()).toEqual({ SYNCED: 9 });
});

test('an empty PMS gets everything again', async () => {
  const rig = await syncedRig(2);
  restore(rig, 0);
  await rig.pms.until(() => rig.ledger.held.size === 9);
});

test('a PMS that knows its newest records is sent nothing again', async () => {
  const rig = await syncedRig(2);
  const before = rig.pms.batches.length;
  const lookUps = () => rig.pms.seen.filter(({ path }) => path === PMS_PATHS.lookup).length;
  await rig.buffer.until(() => lookUps() >= 4);
  expect(rig.pms.batches.length).toBe(before);
});

test('a link that is back is reason enough to look', async () => {
  const rig = await makeRig(scene, { options: { memoryCheckMs: 3_600_000 }, parts: { random: () => 0 } });
  rig.buffer.addMany(2, 'IV');
  rig.sync.start();
  await rig.buffer.until(() => rig.buffer.counts().SYNCED === 2);
  const looks = () => rig.pms.seen.filter(({ path }) => path === PMS_PATHS.lookup).length;
  expect(looks()).toBe(0);
  rig.sync.linkRestored();
  await rig.pms.until(() => looks() === 1);
});
