import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  isTopicName,
  parseReceipt,
  parseStatus,
  parseTopic,
  type Receipt,
  receiptSchema,
  receiptsTopic,
  recordsTopic,
  type Status,
  sequenceId,
  statusSchema,
  statusTopic,
  trainingTopic,
} from '../../src/record/lane-wire.ts';

const name = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/);

describe('topics', () => {
  test('what is built is read back', () => {
    fc.assert(
      fc.property(name, name, (store, lane) => {
        expect(parseTopic(recordsTopic(store, lane))).toEqual({ kind: 'records', store, lane });
        expect(parseTopic(trainingTopic(store, lane))).toEqual({ kind: 'training', store, lane });
        expect(parseTopic(receiptsTopic(store, lane))).toEqual({ kind: 'receipts', store, lane });
        expect(parseTopic(statusTopic(store))).toEqual({ kind: 'status', store });
      }),
    );
  });

  test('whatever is read is what would be built', () => {
    const segment = fc.oneof(name, fc.constantFrom('pos', 'records', 'receipts', 'status', 'training', '+', '#', ''));
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 6 }), (segments) => {
        const text = segments.join('/');
        const topic = parseTopic(text);
        if (topic === null) return;
        const again =
          topic.kind === 'status' ? statusTopic(topic.store) : `pos/${topic.store}/${topic.lane}/${topic.kind}`;
        expect(again).toBe(text);
      }),
    );
  });

  test.each([
    '',
    'pos',
    'pos/0042',
    'pos/0042/+/records',
    'pos/+/status',
    'pos/#',
    'pos/0042/lane-1',
    'pos/0042/lane-1/records/',
    'pos/0042/lane-1/other',
    '/pos/0042/lane-1/records',
    'POS/0042/lane-1/records',
    '$SYS/0042/lane-1/records',
    `pos/0042/${'x'.repeat(65)}/records`,
  ])('"%s" is none of ours', (topic) => expect(parseTopic(topic)).toBeNull());

  test('a lane may be called status', () => {
    expect(parseTopic('pos/0042/status/records')).toEqual({ kind: 'records', store: '0042', lane: 'status' });
  });

  test('a name that would change the topic is refused', () => {
    for (const bad of ['', 'a/b', '+', '#', 'a b', 'é', 'x'.repeat(65)]) {
      expect(isTopicName(bad)).toBe(false);
      expect(() => recordsTopic('0042', bad)).toThrow(RangeError);
      expect(() => statusTopic(bad)).toThrow(RangeError);
    }
  });
});

const RECEIPT: Receipt = {
  idempotency_key: 'sale-00000001',
  status: 'accepted',
  state: 'PENDING',
  epoch: '0123abcd',
  sequence: 7,
  sequence_id: 'gw-0042-0123abcd-000000000007',
  lane_hash: 'a'.repeat(64),
  payload_hash: 'b'.repeat(64),
  received_at_utc: '2026-11-22T09:03:00.000Z',
  flags: ['npi_invalid'],
  reasons: [{ code: 'field_missing', field: null, message: 'send it' }],
  trail: { log: 'audit', index: 12, leaf: 'bGVhZg==', checkpoint: null },
};

const STATUS: Status = {
  gateway_id: 'gw-0042',
  epoch: '0123abcd',
  mode: 'NORMAL',
  link: 'ONLINE',
  storage: 'CLOSED',
  checkpoint: null,
  gateway_time_utc: '2026-11-22T09:03:00.000Z',
  clock: 'synchronised',
  clock_offset_ms: 4,
  clock_uncertainty_ms: 20,
  since: '2026-11-22T09:00:00.000Z',
};

const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));

describe('messages', () => {
  test('have a published form: every member is there, even when it is null', () => {
    expect(z.toJSONSchema(receiptSchema).required).toEqual(Object.keys(RECEIPT));
    expect(z.toJSONSchema(statusSchema).required).toEqual(Object.keys(STATUS));
  });

  test('a receipt and a status are read back', () => {
    expect(parseReceipt(bytes(RECEIPT))).toEqual(RECEIPT);
    expect(parseStatus(bytes(STATUS))).toEqual(STATUS);
  });

  test('what a newer gateway adds is no reason to stop', () => {
    const newer = { ...RECEIPT, flags: ['flag_of_2031'], reasons: [{ ...RECEIPT.reasons[0], code: 'new_code' }] };
    expect(parseReceipt(bytes({ ...newer, more: 1 }))).toEqual(newer);
    expect(parseStatus(bytes({ ...STATUS, mode: 'MODE_OF_2031', more: 1 }))).toMatchObject({ mode: 'MODE_OF_2031' });
  });

  test('what cannot be trusted is nothing', () => {
    for (const wrong of [
      { status: 'sold' },
      { epoch: 'x' },
      { lane_hash: 'A'.repeat(64) },
      { sequence: 0 },
      { sequence: 1.5 },
      { flags: null },
    ]) {
      expect(parseReceipt(bytes({ ...RECEIPT, ...wrong }))).toBeNull();
    }
    expect(parseStatus(bytes({ ...STATUS, epoch: undefined }))).toBeNull();
  });

  test('no bytes whatever make a reader throw', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map((text) => Buffer.from(text)),
        ),
        (any) => {
          parseReceipt(any);
          parseStatus(any);
        },
      ),
    );
  });
});

test('a sequence id is as long for the first record as for the trillionth less one', () => {
  expect(sequenceId('gw-0042', '0123abcd', 1)).toBe('gw-0042-0123abcd-000000000001');
  expect(sequenceId('gw-0042', '0123abcd', 999_999_999_999)).toHaveLength('gw-0042-0123abcd-000000000001'.length);
});
