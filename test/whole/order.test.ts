/** Many records on their way at once, with Python's paho as the lane: order, numbers without gaps, no PUBACK missing. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Gateway } from '../harness/gateway.ts';
import { PahoLane } from '../harness/paho.ts';
import { missing } from '../harness/programs.ts';
import { aRecord, type SentRecord, wire } from '../harness/records.ts';
import { Scene } from '../harness/scene.ts';

describe.skipIf(missing('python3 with paho'))('order', () => {
  const scene = new Scene();
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await Gateway.start(scene);
  });
  afterAll(() => scene.close());

  /** Publishes without waiting and gives each record's sequence, in the order of publishing. */
  async function pipeline(lane: PahoLane, records: readonly SentRecord[]): Promise<number[]> {
    const numbers = records.map((record) => lane.publish(wire(record)));
    for (const n of numbers) expect(await lane.acknowledged(n)).toBe(true);
    const accepted = await lane.receipts.matching(({ status }) => status === 'accepted', records.length, 'receipts');
    const byKey = new Map(accepted.map((receipt) => [receipt.idempotency_key, receipt.sequence]));
    return records.map((record) => byKey.get(record.idempotency_key) ?? Number.NaN);
  }

  test('pipelined publishes of one lane keep their order', async () => {
    const lane = await PahoLane.ready(scene, gateway, 'one');
    const sequences = await pipeline(
      lane,
      Array.from({ length: 500 }, (_, index) => aRecord({ schedule: index % 5 === 0 ? 'II' : 'NONE' })),
    );
    expect(sequences).toEqual([...sequences].sort((a, b) => a - b));
    expect(new Set(sequences).size).toBe(500);
  });

  test('receipts come in the order of the publishes', async () => {
    const lane = await PahoLane.ready(scene, gateway, 'answers');
    const records = Array.from({ length: 100 }, () => aRecord());
    await pipeline(lane, records);
    const keys = lane.receipts.all.map((receipt) => receipt.idempotency_key);
    expect(keys).toEqual(records.map((record) => record.idempotency_key));
  });

  test('four lanes at once: each in its own order, and no number missing or given twice', async () => {
    const before = await pipeline(await PahoLane.ready(scene, gateway, 'start'), [aRecord()]);
    const lanes = await Promise.all(['a', 'b', 'c', 'd'].map((name) => PahoLane.ready(scene, gateway, name)));
    const all = await Promise.all(
      lanes.map((lane) =>
        pipeline(
          lane,
          Array.from({ length: 200 }, () => aRecord()),
        ),
      ),
    );
    for (const sequences of all) expect(sequences).toEqual([...sequences].sort((a, b) => a - b));
    const first = (before[0] ?? Number.NaN) + 1;
    expect(all.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: 800 }, (_, index) => first + index));
  });

  test('a lane may have two connections', async () => {
    const one = await PahoLane.ready(scene, gateway, 'double', { purpose: 'standard' });
    const two = await PahoLane.ready(scene, gateway, 'double', { purpose: 'schedule-two' });
    const [first, second] = [one.publish(wire(aRecord())), two.publish(wire(aRecord({ schedule: 'II' })))];
    expect(await one.acknowledged(first)).toBe(true);
    expect(await two.acknowledged(second)).toBe(true);
  });
});
