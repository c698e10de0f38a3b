/** A till with the product's own lane client before the real gateway: what it keeps, for how long, and what it learns. */
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock, systemTimers } from '../../src/base/clock.ts';
import { LaneClient } from '../../src/lane/client.ts';
import type { LaneReceipt } from '../../src/lane/client-api.ts';
import { signDetached } from '../../src/record/jws.ts';
import { Gateway, STORE } from '../harness/gateway.ts';
import { aRecord } from '../harness/records.ts';
import { PmsProcess } from '../harness/reference-pms.ts';
import { Scene } from '../harness/scene.ts';
import { aSigner, writeRoster } from '../harness/signing.ts';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.close());

const ada = aSigner('Ada');
const sign = (bytes: Buffer) => [signDetached(bytes, ada)];

/** A gateway of its own buffer: another one is another epoch. */
async function gatewayWith(signature: 'optional' | 'required', pms: PmsProcess): Promise<Gateway> {
  const folder = scene.folder();
  const config = { schedule_two: { signature, roster_file: writeRoster(folder, ada) } };
  return await Gateway.start(scene, { folder, config, pmsUrl: pms.url });
}

/** A till at its outbox, before this gateway. */
function tillBefore(gateway: Gateway, outboxPath: string): LaneClient {
  const { host, port } = gateway.mqtt;
  const time = { clock: systemClock, timers: systemTimers, random: Math.random };
  const till = new LaneClient({ url: `mqtt://${host}:${port}`, store: STORE, lane: 'till', outboxPath, ...time });
  scene.onClose(() => till.stop());
  return till;
}

/** The next receipt after which the till's record is in this state. */
async function hears(till: LaneClient, state: string): Promise<LaneReceipt> {
  for (;;) {
    const [heard] = (await once(till, 'receipt', { signal: AbortSignal.timeout(30_000) })) as [LaneReceipt];
    if (heard.row?.state === state) return heard;
  }
}

describe('a till', () => {
  test('signs the record as it goes out, with what its outbox adds, and lets go of it when it is synced', async () => {
    const pms = await PmsProcess.start(scene);
    const till = tillBefore(await gatewayWith('required', pms), join(scene.folder(), 'outbox.db'));
    till.start();
    const synced = hears(till, 'synced');
    till.publish(aRecord({ schedule: 'II' }), sign);
    expect((await synced).receipt).toMatchObject({ state: 'SYNCED', flags: [] });
    expect(till.counts()).toMatchObject({ synced: 1, kept: 0, acknowledged: 0, held: 0 });
  });

  test('keeps a held record, and brings it to a new buffer as soon as there is one', async () => {
    const pms = await PmsProcess.start(scene);
    const outbox = join(scene.folder(), 'outbox.db');
    const lost = await gatewayWith('required', pms);
    const till = tillBefore(lost, outbox);
    till.start();
    const held = hears(till, 'held');
    till.publish(aRecord({ schedule: 'II' }));
    expect((await held).receipt).toMatchObject({ state: 'HELD', flags: ['signature_missing'] });
    expect(till.counts()).toMatchObject({ held: 1 });
    await till.stop();
    // The whole box burns, and the new one asks for less.
    await lost.stop('SIGKILL');
    const after = tillBefore(await gatewayWith('optional', pms), outbox);
    const synced = hears(after, 'synced');
    after.start();
    await synced;
    expect(after.counts()).toMatchObject({ held: 0, synced: 1 });
  });

  test('keeps what the PMS has refused too: a person may have to see it again', async () => {
    const refusing = await PmsProcess.start(scene, { faults: ['reject_every_nth=1'] });
    const outbox = join(scene.folder(), 'outbox.db');
    const lost = await gatewayWith('optional', refusing);
    const till = tillBefore(lost, outbox);
    till.start();
    const rejected = hears(till, 'rejected');
    till.publish(aRecord());
    expect((await rejected).receipt).toMatchObject({ status: 'rejected', state: 'REJECTED' });
    await till.stop();
    await lost.stop('SIGKILL');
    const after = tillBefore(await gatewayWith('optional', await PmsProcess.start(scene)), outbox);
    const synced = hears(after, 'synced');
    after.start();
    await synced;
    expect(after.counts()).toMatchObject({ rejected: 0, synced: 1 });
  });
});
