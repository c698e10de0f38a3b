import { expect, test } from 'vitest';
import { fieldsFrom, fieldsOf, membersOf, readFields } from '../../../src/dashboard/review/correction.ts';
import { checkRecord } from '../../../src/record/check.ts';
import type { JsonObject } from '../../../src/record/strict-json.ts';

const ORIGINAL: JsonObject = {
  idempotency_key: 'key-of-the-original',
  ndc: '00574407205',
  ndc_sent: '0574-4072-05',
  quantity: 30,
  schedule: 'II',
  prescription_id: 'RX-1001',
  pharmacist_npi: '1234567893',
  dispensed_at_utc: '2026-11-22T09:03:00Z',
  barcode: '0100305744072056\u001d10A1',
  lane_instance: 'till',
  lane_sequence: 7,
  signatures: [{ protected: 'x', signature: 'y' }],
  own_number: 4.5,
  own_list: [1],
};

const formOf = (fields: ReturnType<typeof fieldsOf>) =>
  new URLSearchParams(fields.map(({ name, value }) => [name, value]));
const asRecord = (form: URLSearchParams) => JSON.parse(String(readFields(form))) as Record<string, unknown>;

test('a corrected record is the original as it was sent, under a key of its own, and refers to it', () => {
  const record = asRecord(formOf(fieldsOf(ORIGINAL, true, 'key-of-the-new-one')));
  expect(record).toEqual({
    idempotency_key: 'key-of-the-new-one',
    refers_to: 'key-of-the-original',
    ndc: '0574-4072-05',
    quantity: 30,
    schedule: 'II',
    prescription_id: 'RX-1001',
    pharmacist_npi: '1234567893',
    dispensed_at_utc: '2026-11-22T09:03:00Z',
    barcode: '0100305744072056\u001d10A1',
    own_number: 4.5,
  });
  const context = { receivedAtMs: Date.UTC(2026, 10, 22, 9, 5), clock: 'synchronised', products: null } as const;
  expect(checkRecord(Buffer.from(JSON.stringify(record)), context)).toMatchObject({ ok: true });
});

test('what is no record is written anew, without anything to refer to', () => {
  const fields = fieldsOf(membersOf(Buffer.from('no record')), false, 'key-of-the-new-one');
  expect(fields.map(({ member, value }) => [member, value])).toEqual([
    ['idempotency_key', 'key-of-the-new-one'],
    ['ndc', ''],
    ['quantity', ''],
    ['schedule', ''],
    ['prescription_id', ''],
    ['pharmacist_npi', ''],
    ['dispensed_at_utc', ''],
  ]);
  expect(fields.every(({ required }) => required)).toBe(true);
});

test('an adjustment is corrected as one', () => {
  const members = fieldsOf({ kind: 'ADJUSTMENT', quantity_delta: -2, reason: 'broken' }, true, 'k').map(
    ({ member }) => member,
  );
  expect(members).toEqual(expect.arrayContaining(['quantity_delta', 'reason', 'refers_to', 'kind']));
  expect(members).not.toContain('prescription_id');
});

test.each([
  ['12', 12],
  ['2.5', '2.5'],
  ['many', 'many'],
])('the quantity %s', (typed, kept) => {
  expect(asRecord(new URLSearchParams({ 'n.quantity': typed }))).toEqual({ quantity: kept });
});

test('what a person has filled in is shown again, and names of inherited properties are members like any other', () => {
  const form = new URLSearchParams({
    csrf: 'x',
    'm.ndc': ' 1 ',
    'm.constructor': 'y',
    'm.__proto__': 'z',
    'm.empty': '',
  });
  expect(fieldsFrom(form).map(({ label, value }) => [label, value])).toEqual([
    ['NDC', ' 1 '],
    ['constructor', 'y'],
    ['__proto__', 'z'],
    ['empty', ''],
  ]);
  expect(String(readFields(form))).toBe('{"ndc":"1","constructor":"y","__proto__":"z"}');
  expect(readFields(new URLSearchParams({ csrf: 'x' }))).toBeNull();
});
