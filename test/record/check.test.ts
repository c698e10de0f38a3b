import { hash } from 'node:crypto';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkRecord } from '../../src/record/check.ts';
import { asSent } from '../../src/record/normalise.ts';
import { WHAT_TO_SEND } from '../../src/record/schema.ts';
import { MAX_RECORD_BYTES } from '../../src/record/strict-json.ts';
import type { CheckOutcome } from '../../src/record/types.ts';
import { accepted, bytesOf, context, full, least, type Members, reasonsOf, refused, tableOf } from './sample.ts';

const check = (members: Members) => checkRecord(bytesOf({ ...least, ...members }), context);

describe('an accepted record', () => {
  test('seven members are enough', () => {
    const record = accepted(checkRecord(bytesOf({ ...least, schedule: 'CII' }), context));
    const sent = canonicalize({ ...least, schedule: 'CII' }) ?? '';
    expect(record).toEqual({
      idempotencyKey: least.idempotency_key,
      schedule: 'II',
      stream: 'schedule_two',
      kind: 'DISPENSE',
      refersTo: null,
      laneInstance: null,
      laneSequence: null,
      fillIdentity: '0/0/RX-1001',
      laneHash: hash('sha256', sent, 'buffer'),
      payload: record.payload,
      payloadHash: hash('sha256', record.payload, 'buffer'),
      flags: ['signature_missing'],
    });
  });

  test('all members are read', () => {
    expect(accepted(checkRecord(bytesOf(full), context))).toMatchObject({
      schedule: 'III',
      stream: 'standard',
      kind: 'PARTIAL_FILL',
      refersTo: 'earlier-record-1',
      laneInstance: 'till-3a',
      laneSequence: 17,
      fillIdentity: '2/1/RX-1001',
      flags: [],
    });
  });

  test('white space and the order of members make no other record', () => {
    const entries = Object.entries(full);
    const one = accepted(checkRecord(Buffer.from(JSON.stringify(full, null, 2)), context));
    const other = accepted(checkRecord(bytesOf(Object.fromEntries(entries.reverse())), context));
    expect(other).toEqual(one);
  });

  test('unknown members are kept, whatever their name', () => {
    const text = JSON.stringify(least).replace(
      '{',
      '{"__proto__":{"schedule":"II"},"constructor":[1],"x":{"deep":[null]},',
    );
    const { payload } = accepted(checkRecord(Buffer.from(text), context));
    expect(payload.toString()).toContain('"__proto__":{"schedule":"II"}');
    expect(payload.toString()).toContain('"constructor":[1]');
    expect(payload.toString()).toContain('"x":{"deep":[null]}');
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  test('what is inherited through a member called __proto__ is not read', () => {
    const text = JSON.stringify(least).replace('{', '{"__proto__":{"refers_to":"inherited-1","kind":"VOID"},');
    expect(accepted(checkRecord(Buffer.from(text), context))).toMatchObject({ kind: 'DISPENSE', refersTo: null });
  });

  test('its bytes are its own', () => {
    const bytes = bytesOf({ ...least, ndc: '00574407205' });
    const { payload } = accepted(checkRecord(bytes, context));
    const before = payload.toString();
    bytes.fill(0);
    expect(payload.toString()).toBe(before);
  });

  test('the product table decides ten digits', () => {
    const products = tableOf('0574-4072-05,A,CIII');
    const { payload, flags } = accepted(
      checkRecord(bytesOf({ ...least, ndc: '0574407205' }), { ...context, products }),
    );
    expect(JSON.parse(payload.toString())).toMatchObject({ ndc: '00574407205', ndc_sent: '0574407205' });
    expect(flags).toEqual([]);
  });
});

describe('fill identity', () => {
  const identity = (members: Members) => accepted(check(members)).fillIdentity;

  test('numbers that are left out count as 0', () => {
    expect(identity({})).toBe(identity({ fill_number: 0, partial_number: 0, kind: 'DISPENSE' }));
    expect(identity({ kind: 'PARTIAL_FILL', partial_number: 1 })).not.toBe(identity({}));
    expect(identity({ fill_number: 1 })).not.toBe(identity({ partial_number: 1 }));
  });

  test('no prescription looks like the numbers of another', () => {
    expect(identity({ prescription_id: '0/1' })).not.toBe(identity({ prescription_id: '1', partial_number: 0 }));
    expect(new Set(['1/0/x', '0/x', 'x'].map((prescription_id) => identity({ prescription_id }))).size).toBe(3);
  });

  test('only sales have one', () => {
    expect(identity({ kind: 'VOID', refers_to: 'earlier-1' })).toBeNull();
    expect(identity({ kind: 'RETURN', refers_to: 'earlier-1' })).toBeNull();
    expect(identity({ kind: 'ADJUSTMENT', quantity_delta: 1, reason: 'count' })).toBeNull();
  });
});

describe('a refused publish', () => {
  const key = least.idempotency_key;

  test('has key and lane_hash where it is certain JSON', () => {
    const members = { ...least, quantity: 0 };
    expect(refused(checkRecord(bytesOf(members), context))).toMatchObject({
      idempotencyKey: key,
      laneHash: hash('sha256', canonicalize(members) ?? '', 'buffer'),
    });
    expect(refused(check({ idempotency_key: 'bad key!' })).idempotencyKey).toBeNull();
  });

  test.each(['null', '[]', '"text"', '7', '[{"idempotency_key":"12345678"}]'])('%s is no object', (text) => {
    const outcome = checkRecord(Buffer.from(text), context);
    expect(reasonsOf(outcome)).toEqual(['not_an_object']);
    expect(outcome).toMatchObject({ idempotencyKey: null, laneHash: null });
  });

  test('has its key, but no lane_hash, where the JSON is not certain', () => {
    const text = JSON.stringify(least);
    for (const [code, bytes] of [
      ['number_not_exact quantity', text.replace('30', '9007199254740993')],
      ['duplicate_member ndc', text.replace('{', '{"ndc":"x",')],
      ['lone_surrogate', text.replace('RX-', '\\ud800')],
      ['nested_too_deep', text.replace('{', `{"x":${'['.repeat(40)}${']'.repeat(40)},`)],
      ['too_large', text.replace('{', `{"x":"${'x'.repeat(MAX_RECORD_BYTES)}",`)],
    ] as const) {
      const outcome = checkRecord(Buffer.from(bytes), context);
      expect(reasonsOf(outcome)[0]).toBe(code);
      expect(outcome).toMatchObject({ idempotencyKey: key, laneHash: null });
    }
    const broken = Buffer.from(text.replace('RX-1001', 'RX-100\u00e9'), 'latin1');
    expect(reasonsOf(checkRecord(broken, context))).toEqual(['not_utf8']);
    expect(refused(checkRecord(broken, context)).idempotencyKey).toBe(key);
  });

  test('has no key when that came twice, and none beyond 256 KiB', () => {
    const twice = Buffer.from(JSON.stringify(least).replace('{', '{"idempotency_key":"other-key-1",'));
    expect(refused(checkRecord(twice, context)).idempotencyKey).toBeNull();
    const huge = bytesOf({ ...least, x: 'x'.repeat(256 * 1024) });
    expect(refused(checkRecord(huge, context)).idempotencyKey).toBeNull();
  });

  test('names other wrong members too', () => {
    const text = '{"ndc":1,"ndc":2,"kind":"SALE","quantity":1e400}';
    expect(reasonsOf(checkRecord(Buffer.from(text), context))).toEqual(
      expect.arrayContaining([
        'duplicate_member ndc',
        'number_not_exact quantity',
        'field_type ndc',
        'field_value kind',
      ]),
    );
  });

  test('never names a member by a name that is not ours', () => {
    const outcome = checkRecord(Buffer.from('{"Jane Roe":1e400,"Jane Roe":1,"John Roe":1,"John Roe":2}'), context);
    expect(JSON.stringify(refused(outcome).reasons)).not.toContain('Roe');
    expect(reasonsOf(outcome).filter((reason) => reason === 'duplicate_member')).toHaveLength(1);
  });
});

describe('whatever is published', () => {
  /** Throws when something that must hold does not; gives whether the bytes are a record. */
  function judge(bytes: Uint8Array): boolean {
    const outcome = checkRecord(bytes, context);
    holds(bytes, outcome);
    return outcome.ok;
  }

  test('bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void judge(bytes)),
      { numRuns: 2000 },
    );
  });

  test('JSON', () => {
    fc.assert(
      fc.property(fc.json(), (text) => void judge(Buffer.from(text))),
      { numRuns: 2000 },
    );
  });

  test('objects with the right names and wrong values', () => {
    const value = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.constantFrom<unknown>(...Object.values(full), 'VOID', 'ADJUSTMENT', '-2'),
    );
    const members = fc.dictionary(fc.constantFrom(...WHAT_TO_SEND.keys(), '__proto__', 'x'), value, {
      noNullPrototype: true,
    });
    fc.assert(
      fc.property(members, (given) => {
        judge(bytesOf({ ...least, ...given }));
        judge(bytesOf(given));
      }),
      { numRuns: 1000 },
    );
  });

  test('records with a few bytes changed', () => {
    const records = [least, full, { ...least, kind: 'VOID', refers_to: 'earlier-1' }].map(bytesOf);
    const telling = [...Buffer.from('{}[]",:\\u0d8e9E+-.1 \u001d\u00e9\n')];
    const change = fc.record({
      at: fc.nat(),
      drop: fc.nat(3),
      put: fc.array(fc.oneof(fc.constantFrom(...telling), fc.nat(255)), { maxLength: 4 }),
    });
    let acceptedCount = 0;
    fc.assert(
      fc.property(fc.constantFrom(...records), fc.array(change, { minLength: 1, maxLength: 3 }), (record, changes) => {
        let bytes: Buffer = record;
        for (const { at, drop, put } of changes) {
          const place = at % bytes.length;
          bytes = Buffer.concat([bytes.subarray(0, place), Buffer.from(put), bytes.subarray(place + drop)]);
          if (bytes.length === 0) break;
        }
        if (judge(bytes)) acceptedCount++;
      }),
      { numRuns: 20_000, seed: 20_261_122 },
    );
    // The changes must hit both sides of the door, else this proves little.
    expect(acceptedCount).toBeGreaterThan(1000);
    expect(acceptedCount).toBeLessThan(19_000);
  });
});

const OTHER_MESSAGE = /^send [a-zA-Z0-9 ,()\\-]+$/;

/** What must hold for every outcome, checked with other means than the code's own. */
function holds(bytes: Uint8Array, outcome: CheckOutcome): void {
  if (outcome.ok) {
    const { payload, payloadHash, laneHash } = outcome.record;
    const sent: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    expect(laneHash.equals(hash('sha256', canonicalize(sent) ?? '', 'buffer'))).toBe(true);
    expect(payloadHash.equals(hash('sha256', payload, 'buffer'))).toBe(true);
    expect(payload.toString()).toBe(canonicalize(JSON.parse(payload.toString())));
    expect(asSent(payload).toString()).toBe(canonicalize(sent));
    return;
  }
  expect(outcome.reasons.length).toBeGreaterThan(0);
  for (const { field, message } of outcome.reasons) {
    const send = field === null ? undefined : WHAT_TO_SEND.get(field);
    const ours = [`${field}: send ${send}`, `${field} is missing: send ${send}`];
    expect(ours.includes(message) || OTHER_MESSAGE.test(message)).toBe(true);
  }
}
