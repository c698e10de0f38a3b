/** From the lane to the PMS and back: the real gateway between a real lane and the reference PMS. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Gateway, NO_PMS } from '../harness/gateway.ts';
import { publish, readReceipts } from '../harness/mosquitto.ts';
import { PahoLane } from '../harness/paho.ts';
import { missing } from '../harness/programs.ts';
import { aRecord, wire } from '../harness/records.ts';
import { PmsProcess } from '../harness/reference-pms.ts';
import { Scene } from '../harness/scene.ts';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.close());

describe.skipIf(missing('mosquitto_pub', 'mosquitto_sub'))('with Mosquitto', () => {
  test.each(['IV', 'II'])('a Schedule %s record is synced, and a republish afterwards says so', async (schedule) => {
    const pms = await PmsProcess.start(scene);
    const gateway = await Gateway.start(scene, { pmsUrl: pms.url });
    const receipts = await readReceipts(scene, gateway, 'till');
    const record = aRecord({ schedule });
    expect(await publish(gateway, 'till', wire(record))).toMatchObject({ acknowledged: true });
    const accepted = await receipts.withStatus(record.idempotency_key, 'accepted');
    const synced = await receipts.withStatus(record.idempotency_key, 'synced');
    expect(synced).toMatchObject({
      state: 'SYNCED',
      sequence: accepted.sequence,
      lane_hash: accepted.lane_hash,
      payload_hash: accepted.payload_hash,
    });
    await publish(gateway, 'till', wire(record));
    expect(await receipts.withStatus(record.idempotency_key, 'duplicate')).toMatchObject({
      state: 'SYNCED',
      sequence: accepted.sequence,
    });
  });

  test('a gateway that starts without its PMS acknowledges, and syncs everything once the PMS is there', async () => {
    const first = await PmsProcess.start(scene);
    await first.stop();
    const gateway = await Gateway.start(scene, { pmsUrl: first.url });
    const receipts = await readReceipts(scene, gateway, 'early');
    const records = [aRecord(), aRecord({ schedule: 'II' }), aRecord()];
    for (const record of records) {
      expect(await publish(gateway, 'early', wire(record))).toMatchObject({ acknowledged: true });
      expect(await receipts.last(record.idempotency_key)).toMatchObject({ status: 'accepted', state: 'PENDING' });
    }
    const pms = await PmsProcess.start(scene, { url: first.url, db: first.db });
    for (const record of records) await receipts.withStatus(record.idempotency_key, 'synced');
    expect(pms.url).toBe(first.url);
  });

  test('what was kept by one process is synced by the next', async () => {
    const gateway = await Gateway.start(scene, { pmsUrl: NO_PMS });
    const record = aRecord();
    expect(await publish(gateway, 'till', wire(record))).toMatchObject({ acknowledged: true });
    await gateway.stop('SIGKILL');
    const pms = await PmsProcess.start(scene);
    const next = await Gateway.start(scene, { folder: gateway.folder, pmsUrl: pms.url });
    const receipts = await readReceipts(scene, next, 'till');
    await publish(next, 'till', wire(record));
    await receipts.withStatus(record.idempotency_key, 'duplicate');
    // That answer says SYNCED already, or the receipt "synced" came before it or comes after it.
    await receipts.matching(({ state }) => state === 'SYNCED', 1, 'a receipt with SYNCED');
  });
});

describe.skipIf(missing('python3 with paho'))('with paho', () => {
  test('a thousand records of both streams reach the PMS once each and in order', async () => {
    const pms = await PmsProcess.start(scene);
    const gateway = await Gateway.start(scene, { pmsUrl: pms.url });
    const lane = await PahoLane.ready(scene, gateway, 'busy');
    const records = Array.from({ length: 1000 }, (_, index) => aRecord({ schedule: index % 8 === 0 ? 'II' : 'NONE' }));
    for (const record of records) lane.publish(wire(record));
    await lane.receipts.matching(({ status }) => status === 'synced', records.length, 'synced receipts');
    const lookup = await fetch(`${pms.url}/api/v1/transactions/sync/lookup`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ keys: records.map((record) => record.idempotency_key) }),
    });
    const { results } = (await lookup.json()) as {
      results: { status: string; stream: string; stream_sequence: number }[];
    };
    expect(results.map(({ status }) => status)).toEqual(records.map(() => 'accepted'));
    for (const stream of ['standard', 'schedule_two']) {
      const numbers = results.filter((result) => result.stream === stream).map((result) => result.stream_sequence);
      // Published in this order by one lane, numbered in this order, without a gap.
      expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    }
  });
});
