/** Records as lanes send them, with Mosquitto's own client as the lane: what is accepted and what the receipt says. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Gateway, STORE } from '../harness/gateway.ts';
import { publish, readReceipts } from '../harness/mosquitto.ts';
import { missing } from '../harness/programs.ts';
import { aRecord, wire } from '../harness/records.ts';
import { Scene } from '../harness/scene.ts';

const HASH = expect.stringMatching(/^[0-9a-f]{64}$/);

describe.skipIf(missing('mosquitto_pub', 'mosquitto_sub'))('records', () => {
  const scene = new Scene();
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await Gateway.start(scene);
  });
  afterAll(() => scene.close());

  test('the seven fields alone are a valid record', async () => {
    const receipts = await readReceipts(scene, gateway, 'seven');
    const record = aRecord();
    expect(await publish(gateway, 'seven', wire(record))).toMatchObject({ code: 0, acknowledged: true });
    const receipt = await receipts.last(record.idempotency_key);
    expect(receipt).toMatchObject({
      status: 'accepted',
      state: 'PENDING',
      epoch: expect.stringMatching(/^[0-9a-f]{8}$/),
      sequence: expect.any(Number),
      lane_hash: HASH,
      payload_hash: HASH,
      reasons: [],
      trail: { log: 'audit', index: expect.any(Number), leaf: expect.stringMatching(/^[A-Za-z0-9+/]{43}=$/) },
    });
    const number = String(receipt.sequence).padStart(12, '0');
    expect(receipt.sequence_id).toBe(`gw-${STORE}-${receipt.epoch}-${number}`);
    expect(Date.parse(receipt.received_at_utc)).not.toBeNaN();
  });

  test('every optional field', async () => {
    const receipts = await readReceipts(scene, gateway, 'full');
    const record = aRecord({
      schema_version: 1,
      kind: 'DISPENSE',
      lane_sequence: 1,
      lane_instance: '3f0a8c5e-9d0b-4a53-8f6e-0c6f2d0b7a11',
      fill_number: 1,
      partial_number: 1,
      quantity: '30.5',
      quantity_unit: 'mL',
      barcode: '0100305744072059172803311012AB34',
      gtin: '00305744072059',
      lot: '12AB34',
      expires_on: '2028-03-31',
      serial: '100200300',
      patient_ref: 'token-5c1f',
      prescriber_dea: 'AB1234563',
      signatures: [],
      witnessed_checkpoint: 'none yet',
    });
    await publish(gateway, 'full', wire(record));
    expect(await receipts.last(record.idempotency_key)).toMatchObject({ status: 'accepted', reasons: [] });
  });

  test('unknown fields are kept: the record differs with them, and is accepted', async () => {
    const receipts = await readReceipts(scene, gateway, 'more');
    const record = aRecord();
    await publish(gateway, 'more', wire({ ...record, till_colour: 'blue', nested: { deep: [1, 2, { x: null }] } }));
    expect(await receipts.last(record.idempotency_key)).toMatchObject({ status: 'accepted', flags: [] });
    // Without them it is another text under the same key: the gateway has not simply thrown them away.
    await publish(gateway, 'more', wire(record));
    expect(await receipts.last(record.idempotency_key, 2)).toMatchObject({ status: 'conflict' });
  });

  test.each([['II'], ['CII'], ['c-ii'], ['2']])('Schedule II spelled %s goes to its own trail', async (schedule) => {
    const lane = `two-${schedule}`;
    const receipts = await readReceipts(scene, gateway, lane);
    const record = aRecord({ schedule });
    await publish(gateway, lane, wire(record));
    expect(await receipts.last(record.idempotency_key)).toMatchObject({
      status: 'accepted',
      trail: { log: 'schedule_two' },
    });
  });

  test('a doubtful record is accepted and flagged', async () => {
    const receipts = await readReceipts(scene, gateway, 'doubt');
    const record = aRecord({ pharmacist_npi: '1234567890', dispensed_at_utc: '2031-01-01T00:00:00Z' });
    await publish(gateway, 'doubt', wire(record));
    expect(await receipts.last(record.idempotency_key)).toMatchObject({
      status: 'accepted',
      flags: expect.arrayContaining(['npi_invalid', 'dispensed_in_future']),
    });
  });

  test('the same fill sold twice under two keys is accepted and flagged', async () => {
    const receipts = await readReceipts(scene, gateway, 'twice');
    const [first, second] = [aRecord(), aRecord()];
    await publish(gateway, 'twice', wire(first));
    await publish(gateway, 'twice', wire({ ...second, prescription_id: first.prescription_id }));
    expect((await receipts.last(first.idempotency_key)).flags).not.toContain('possible_double_sale');
    expect((await receipts.last(second.idempotency_key)).flags).toContain('possible_double_sale');
  });

  test('a return of an unknown record is accepted and flagged', async () => {
    const receipts = await readReceipts(scene, gateway, 'return');
    const record = aRecord({ kind: 'RETURN', refers_to: 'a-key-nobody-ever-sent' });
    await publish(gateway, 'return', wire(record));
    expect(await receipts.last(record.idempotency_key)).toMatchObject({
      status: 'accepted',
      flags: expect.arrayContaining(['refers_to_unknown']),
    });
  });

  test('the same record again, spelled in another member order, is a duplicate with the first numbers', async () => {
    const receipts = await readReceipts(scene, gateway, 'again');
    const record = aRecord();
    await publish(gateway, 'again', wire(record));
    const reversed = JSON.stringify(Object.fromEntries(Object.entries(record).reverse()), null, 2);
    expect(await publish(gateway, 'again', reversed)).toMatchObject({ acknowledged: true });
    const [first, second] = await receipts.forKey(record.idempotency_key, 2);
    expect(second).toMatchObject({
      status: 'duplicate',
      state: 'PENDING',
      sequence: first?.sequence,
      received_at_utc: first?.received_at_utc,
      lane_hash: first?.lane_hash,
      payload_hash: first?.payload_hash,
    });
  });

  test('the same key with another body is a conflict; the record first accepted stays', async () => {
    const receipts = await readReceipts(scene, gateway, 'clash');
    const record = aRecord();
    await publish(gateway, 'clash', wire(record));
    expect(await publish(gateway, 'clash', wire({ ...record, quantity: 31 }))).toMatchObject({ acknowledged: true });
    await publish(gateway, 'clash', wire(record));
    const [first, second, third] = await receipts.forKey(record.idempotency_key, 3);
    expect(second).toMatchObject({ status: 'conflict', state: 'CONFLICT' });
    expect(third).toMatchObject({ status: 'duplicate', sequence: first?.sequence, lane_hash: first?.lane_hash });
  });

  test('the same record from two lanes is one record; each lane has its answer', async () => {
    const [here, there] = [await readReceipts(scene, gateway, 'here'), await readReceipts(scene, gateway, 'there')];
    const record = aRecord();
    await publish(gateway, 'here', wire(record));
    const first = await here.last(record.idempotency_key);
    await publish(gateway, 'there', wire(record));
    expect(await there.last(record.idempotency_key)).toMatchObject({ status: 'duplicate', sequence: first.sequence });
    await publish(gateway, 'there', wire({ ...record, quantity: 60 }));
    expect(await there.last(record.idempotency_key, 2)).toMatchObject({ status: 'conflict' });
    expect(here.all).toHaveLength(1);
  });

  test('no record data in the log', () => {
    expect(gateway.output).not.toMatch(/RX-|0574-4072|idempotency_key|token-5c1f/);
  });
});
