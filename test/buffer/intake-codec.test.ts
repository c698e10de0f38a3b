import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { IntakeItem, IntakeResult } from '../../src/buffer/api.ts';
import { decodeItems, decodeResults, encodeItems, encodeResults } from '../../src/buffer/intake-codec.ts';
import { FLAGS, KINDS, SCHEDULES, STATES, streamOf } from '../../src/record/types.ts';

const bytes = (min: number, max: number) =>
  fc.uint8Array({ minLength: min, maxLength: max }).map((raw) => Buffer.from(raw));
const hash = bytes(32, 32);
const text = fc.option(fc.string(), { nil: null });
const count = fc.nat(2 ** 40);

const record: fc.Arbitrary<IntakeItem> = fc
  .record({
    lane: fc.string(),
    receivedAtMs: count,
    clock: fc.constantFrom('unknown' as const, 'synchronised' as const, 'unsynchronised' as const),
    key: fc.string(),
    schedule: fc.constantFrom(...SCHEDULES),
    kind: fc.constantFrom(...KINDS),
    refersTo: text,
    laneInstance: text,
    laneSequence: fc.option(count, { nil: null }),
    fillIdentity: text,
    laneHash: hash,
    payload: bytes(0, 200),
    payloadHash: hash,
    flags: fc.subarray([...FLAGS]),
  })
  .map(({ lane, receivedAtMs, clock, key, schedule, ...rest }) => ({
    type: 'record' as const,
    lane,
    receivedAtMs,
    clock,
    record: { ...rest, idempotencyKey: key, schedule, stream: streamOf(schedule) },
  }));

const refused: fc.Arbitrary<IntakeItem> = fc.record({
  type: fc.constant('refused' as const),
  lane: fc.string(),
  receivedAtMs: count,
  idempotencyKey: text,
  hash,
  reasons: fc.array(fc.record({ code: fc.constant('not_json' as const), field: text, message: fc.string() })),
  bytes: bytes(0, 200),
});

const trail = fc.record({ log: fc.constantFrom('audit' as const, 'schedule_two' as const), index: count, leaf: hash });

const result: fc.Arbitrary<IntakeResult> = fc.oneof(
  fc.record({
    status: fc.constantFrom('accepted' as const, 'duplicate' as const),
    state: fc.constantFrom(...STATES),
    sequence: count,
    receivedAtMs: count,
    flags: fc.subarray([...FLAGS]),
    laneHash: hash,
    payloadHash: hash,
    trail,
  }),
  fc.record({
    status: fc.constant('conflict' as const),
    state: fc.constant('CONFLICT' as const),
    receivedAtMs: count,
    trail,
  }),
  fc.record({
    status: fc.constant('refused' as const),
    state: fc.constant('REFUSED' as const),
    receivedAtMs: count,
    trail,
  }),
  fc.record({ status: fc.constant('evidence_full' as const) }),
  fc.record({ status: fc.constant('failed' as const) }),
);

it('brings items over and back unchanged', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(record, refused), { maxLength: 8 }), (items) => {
      expect(decodeItems(structuredClone(encodeItems(items).message))).toEqual(items);
    }),
  );
});

it('brings results over and back unchanged', () => {
  fc.assert(
    fc.property(fc.array(result, { maxLength: 8 }), (results) => {
      expect(decodeResults(structuredClone(encodeResults(results).message))).toEqual(results);
    }),
  );
});
