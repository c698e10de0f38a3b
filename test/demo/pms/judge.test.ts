import { hash } from 'node:crypto';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SampleStream } from '../../../src/demo/pms/check/sample.ts';
import { judgeRecord } from '../../../src/demo/pms/judge.ts';
import type { Schedule, Stream } from '../../../src/record/types.ts';

const stream = new SampleStream('gw-test', Date.UTC(2026, 10, 22));
const nameOf = (of: Stream) => ({ gatewayId: 'gw-test', epoch: stream.epoch, stream: of });
const hashOf = (value: unknown) => hash('sha256', canonicalize(value) ?? '', 'hex');

/** A judgement of a record with these changes; the hash is made right unless it is among them. */
function judged(changes: Record<string, unknown>, schedule: Schedule = 'NONE') {
  const record = { ...stream.record(1, schedule), ...changes };
  const whole = {
    ...record,
    payload_hash: changes.payload_hash === undefined ? hashOf(record.payload) : 'ab'.repeat(32),
  };
  return judgeRecord(nameOf(schedule === 'II' ? 'schedule_two' : 'standard'), whole, record.payload);
}

describe('the hash', () => {
  test('is that of the RFC 8785 form, however the payload is written', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue()), (members) => {
        const record = stream.record(1, 'NONE');
        const payload = { ...members, ...record.payload };
        const shuffled = Object.fromEntries(Object.entries(payload).reverse());
        const verdict = judgeRecord(
          nameOf('standard'),
          { ...record, payload, payload_hash: hashOf(payload) },
          shuffled,
        );
        expect(verdict).toEqual({ verdict: 'fit', payload: canonicalize(payload) });
      }),
      { seed: 5 },
    );
  });

  test('differs for any other payload', () => {
    const record = stream.record(1, 'NONE');
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.jsonValue(), (name, value) => {
        const payload = { ...record.payload, [name]: value };
        fc.pre(canonicalize(payload) !== canonicalize(record.payload));
        expect(judgeRecord(nameOf('standard'), record, payload)).toMatchObject({ verdict: 'hash_mismatch' });
      }),
      { seed: 6 },
    );
  });

  test('is looked at before anything else', () => {
    const verdict = judged({ schedule: 'IX', payload_hash: 'wrong' });
    expect(verdict).toMatchObject({ verdict: 'hash_mismatch' });
  });

  test('cannot be taken of what has no RFC 8785 form', () => {
    const wanted = { verdict: 'rejected', reason: 'payload_not_canonical' };
    const lone = { ...stream.record(1, 'NONE'), payload: { idempotency_key: '\ud800' } };
    expect(judgeRecord(nameOf('standard'), lone, lone.payload)).toEqual(wanted);
    expect(judgeRecord(nameOf('standard'), lone, { quantity: Number.POSITIVE_INFINITY })).toEqual(wanted);
    expect(judgeRecord(nameOf('standard'), lone, undefined)).toEqual(wanted);
  });
});

describe('a refusal', () => {
  const base = stream.record(1, 'NONE');
  const withPayload = (members: object, more: object = {}) => ({ payload: { ...base.payload, ...members }, ...more });

  test.each([
    ['unknown_schedule', withPayload({ schedule: 'I' }, { schedule: 'I' }), 'NONE'],
    ['unknown_schedule', withPayload({ schedule: 'CII' }, { schedule: 'CII' }), 'NONE'],
    ['wrong_stream', withPayload({ schedule: 'II' }, { schedule: 'II' }), 'NONE'],
    ['schedule_differs_from_payload', withPayload({ schedule: 'IV' }), 'NONE'],
    ['key_differs_from_payload', withPayload({ idempotency_key: 'another-key' }), 'NONE'],
    ['sequence_id_wrong', { sequence_id: 'gw-test-00000000-000000000001' }, 'NONE'],
    ['dual_verification_missing', { dual_verification: undefined }, 'II'],
  ] as const)('%s', (reason, changes, schedule) => {
    expect(judged(changes, schedule)).toEqual({ verdict: 'rejected', reason });
  });
});
