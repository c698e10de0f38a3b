import { hash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { formRaw, formRecord, labelOf } from '../../src/lane/form.ts';

const MARKS = { laneInstance: 'b7f4a9a2-0000-4000-8000-000000000000', laneSequence: 7, checkpoint: null };
const RECORD = { idempotency_key: 'sale-00000001', schedule: 'C-II', quantity: 30 };

describe('formRecord', () => {
  test('gives RFC 8785 bytes, whose hash is the lane hash', () => {
    const { bytes, laneHash } = formRecord(RECORD, MARKS);
    expect(bytes.toString()).toBe(
      '{"idempotency_key":"sale-00000001","lane_instance":"b7f4a9a2-0000-4000-8000-000000000000",' +
        '"lane_sequence":7,"quantity":30,"schedule":"C-II"}',
    );
    expect(laneHash).toBe(hash('sha256', bytes, 'hex'));
  });

  test('refuses what could never be accepted', () => {
    const usage = expect.objectContaining({ code: 'usage' });
    expect(() => formRecord({ ...RECORD, note: 'x'.repeat(70_000) }, MARKS)).toThrow(usage);
    expect(() => labelOf({ ...RECORD, quantity: Number.NaN })).toThrow(usage);
    expect(() => labelOf({ ...RECORD, lane_sequence: 3 })).toThrow(usage);
    expect(() => formRaw(Buffer.alloc(300_000))).toThrow(usage);
  });
});

describe('labels', () => {
  test('the order of members is no difference, contents are', () => {
    const { idempotency_key, schedule, quantity } = RECORD;
    expect(labelOf({ quantity, schedule, idempotency_key })).toEqual(labelOf(RECORD));
    expect(labelOf({ ...RECORD, quantity: 31 }).contentHash).not.toBe(labelOf(RECORD).contentHash);
  });

  test.each(['II', 'CII', 'C-II', 'c2', '2', 2])('schedule %j waits in the line of Schedule II', (schedule) => {
    expect(labelOf({ ...RECORD, schedule }).stream).toBe('schedule_two');
  });

  test.each(['NONE', 'III', 'V', 'nonsense', undefined])('schedule %j does not', (schedule) => {
    expect(formRaw(Buffer.from(JSON.stringify({ ...RECORD, schedule }))).stream).toBe('standard');
  });

  test('raw bytes are labelled as far as they can be read', () => {
    expect(formRaw(Buffer.from('[1]'))).toMatchObject({ idempotencyKey: null, laneHash: null });
    expect(formRaw(Buffer.from('{"idempotency_key":7}'))).toMatchObject({ idempotencyKey: null });
    const spaced = formRaw(Buffer.from('{ "b": 1, "idempotency_key": "sale-00000001" }'));
    expect(spaced.idempotencyKey).toBe('sale-00000001');
    expect(spaced.laneHash).toBe(hash('sha256', '{"b":1,"idempotency_key":"sale-00000001"}', 'hex'));
  });
});

describe('signatures', () => {
  const marks = { laneInstance: 'i', laneSequence: 3, checkpoint: 'c' };
  const jws = { protected: 'aa', signature: 'bb' };
  const record = { idempotency_key: 'sale-00000001', schedule: 'II' };

  test('are over the record as it will be sent, without them', () => {
    const seen: string[] = [];
    const { bytes } = formRecord(record, marks, (signed) => {
      seen.push(signed.toString());
      return [jws];
    });
    expect(seen).toEqual([formRecord(record, marks).bytes.toString()]);
    expect(JSON.parse(bytes.toString())).toEqual({ ...JSON.parse(seen[0] ?? ''), signatures: [jws] });
  });

  test('are made here or by the caller, not both', () => {
    expect(() => formRecord({ ...record, signatures: [] }, marks, () => [jws])).toThrow(/signed already/);
  });

  test('that cannot be made stop the sale', () => {
    const sign = () => {
      throw new Error('no card in the reader');
    };
    expect(() => formRecord(record, marks, sign)).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringContaining('no card in the reader') }),
    );
  });
});
