/**
 * Publishes that are no record. Each is acknowledged (the till must not send it for ever) and answered with every
 * reason; nothing that was sent is repeated in the answer.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ReasonCode } from '../../src/record/types.ts';
import { Gateway } from '../harness/gateway.ts';
import { publish, readReceipts } from '../harness/mosquitto.ts';
import { missing } from '../harness/programs.ts';
import { aRecord, wire } from '../harness/records.ts';
import { Scene } from '../harness/scene.ts';

/** A record as text with `members` written into it as they are, for what JSON.stringify would never write. */
const withText = (members: string) => `${wire(aRecord()).slice(0, -1)},${members}}`;
const without = (field: string) =>
  JSON.stringify(Object.fromEntries(Object.entries(aRecord()).filter(([name]) => name !== field)));
const notUtf8 = Buffer.concat([Buffer.from('{"idempotency_key":"'), Buffer.from([0xc3, 0x28]), Buffer.from('"}')]);

const REFUSED: Record<ReasonCode, string | Uint8Array> = {
  too_large: wire(aRecord({ note: 'x'.repeat(70 * 1024) })),
  not_utf8: notUtf8,
  not_json: '{"idempotency_key": "cut off in the mid',
  not_an_object: '["a", "list"]',
  duplicate_member: withText('"quantity":31'),
  lone_surrogate: withText('"note":"\\ud800"'),
  number_not_exact: withText('"till_total":9007199254740993'),
  nested_too_deep: withText(`"deep":${'['.repeat(200)}${']'.repeat(200)}`),
  field_missing: without('ndc'),
  field_type: wire(aRecord({ prescription_id: 4711 })),
  field_value: wire(aRecord({ schedule: 'IX' })),
  reserved_field: wire(aRecord({ ndc_sent: '0574-4072-05' })),
};

describe.skipIf(missing('mosquitto_pub', 'mosquitto_sub'))('refusals', () => {
  const scene = new Scene();
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await Gateway.start(scene);
  });
  afterAll(() => scene.close());

  test.each(Object.entries(REFUSED))('%s', async (code, message) => {
    const receipts = await readReceipts(scene, gateway, code);
    expect(await publish(gateway, code, message)).toMatchObject({ code: 0, acknowledged: true });
    const [receipt] = await receipts.matching(({ status }) => status === 'refused', 1, 'a refusal');
    expect(receipt).toMatchObject({ state: 'REFUSED', sequence: null, sequence_id: null });
    expect(receipt?.reasons.map((reason) => reason.code)).toContain(code);
    for (const reason of receipt?.reasons ?? []) expect(reason.message.length).toBeGreaterThan(10);
  });

  test('every reason at once, each naming its field and none repeating what was sent', async () => {
    const receipts = await readReceipts(scene, gateway, 'many');
    const record = aRecord({ quantity: -17, schedule: 'quite unheard of', pharmacist_npi: true });
    delete record.ndc;
    await publish(gateway, 'many', wire(record));
    const receipt = await receipts.last(record.idempotency_key);
    const byField = Object.fromEntries(receipt.reasons.map(({ field, code }) => [field, code]));
    expect(byField).toMatchObject({
      quantity: 'field_value',
      schedule: 'field_value',
      pharmacist_npi: 'field_type',
      ndc: 'field_missing',
    });
    expect(JSON.stringify(receipt.reasons)).not.toMatch(/quite unheard of|-17/);
  });

  test('after a refusal the corrected record is accepted under the same key', async () => {
    const receipts = await readReceipts(scene, gateway, 'mended');
    const record = aRecord();
    await publish(gateway, 'mended', wire({ ...record, quantity: 0 }));
    expect(await receipts.last(record.idempotency_key)).toMatchObject({ status: 'refused' });
    await publish(gateway, 'mended', wire(record));
    expect(await receipts.last(record.idempotency_key, 2)).toMatchObject({ status: 'accepted' });
  });

  test('no record data in the log', () => {
    expect(gateway.output).not.toMatch(/RX-|0574-4072|quite unheard of|idempotency_key/);
  });
});
