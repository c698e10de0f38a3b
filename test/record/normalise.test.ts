import { hash } from 'node:crypto';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkRecord } from '../../src/record/check.ts';
import { asSent } from '../../src/record/normalise.ts';
import { accepted, bytesOf, context, full, least, type Members } from './sample.ts';

const stored = (members: Members) => {
  const { payload } = accepted(checkRecord(bytesOf(members), context));
  return { text: payload.toString(), members: JSON.parse(payload.toString()) as Members };
};

describe('the stored form', () => {
  test('differs in three members, each with what was sent beside it', () => {
    const sent = { ...least, schedule: 2, dispensed_at_utc: '2026-11-22T04:03:00-05:00', note: 'kept' };
    expect(stored(sent).members).toEqual({
      ...sent,
      ndc: '00574407205',
      ndc_sent: '0574-4072-05',
      schedule: 'II',
      schedule_sent: 2,
      dispensed_at_utc: '2026-11-22T09:03:00Z',
      dispensed_at_utc_sent: '2026-11-22T04:03:00-05:00',
    });
  });

  test('has nothing beside what did not change', () => {
    const sent = { ...least, ndc: '00574407205' };
    expect(stored(sent).members).toEqual(sent);
    expect(stored({ ...least, ndc: 'n/a' }).members).not.toHaveProperty('ndc_sent');
    expect(stored(least).members).not.toHaveProperty('schedule_sent');
  });

  test('stays canonical when other names sort in between, before or after', () => {
    const names = [
      'ndc ',
      'ndc!',
      'ndc"',
      'ndc_',
      'ndc_a',
      'ndc_sens',
      'ndc_sent0',
      'ndcs',
      'schedule_s',
      'schedule_z',
      'dispensed_at_utc_',
      'a',
      'zz',
      '~',
      '\u{1f600}',
    ];
    fc.assert(
      fc.property(
        fc.subarray(names),
        fc.constantFrom(2, 'II', 'c2'),
        fc.constantFrom('00574407205', '0574-4072-05'),
        (more, schedule, ndc) => {
          const members = { ...least, ...Object.fromEntries(more.map((name) => [name, 1])), schedule, ndc };
          const { text, members: parsed } = stored(members);
          expect(text).toBe(canonicalize(parsed));
        },
      ),
    );
  });

  test('normalised again changes nothing', () => {
    const ndcs = fc.constantFrom(
      '0574-4072-05',
      '51655-089-52',
      '58118-1397-3',
      '123456-7890-12',
      '00574407205',
      '1234567890',
      '',
    );
    const schedules = fc.constantFrom<unknown>('CII', 'c-iii', 4, '5', 'NONE', '0');
    const times = fc.constantFrom('2026-11-22T09:03:00Z', '2026-11-22t09:03:00.120z', '2026-11-22 10:03:00+01:00');
    fc.assert(
      fc.property(ndcs, schedules, times, (ndc, schedule, dispensed_at_utc) => {
        const once = stored({ ...full, ndc, schedule, dispensed_at_utc }).members;
        const { ndc_sent: _n, schedule_sent: _s, dispensed_at_utc_sent: _d, ...again } = once;
        expect(stored(again).members).toEqual(again);
      }),
    );
  });
});

describe('asSent', () => {
  test('gives back the bytes that lane_hash is of', () => {
    const value = fc.jsonValue({ maxDepth: 3 });
    const extra = fc.dictionary(fc.string({ unit: 'binary', maxLength: 12 }), value, { noNullPrototype: true });
    fc.assert(
      fc.property(
        extra,
        fc.constantFrom('0574-4072-05', '00574407205', 'x'),
        fc.constantFrom('II', 'CIV', 3),
        (more, ndc, schedule) => {
          const sent = { ...more, ...least, ndc, schedule };
          const outcome = checkRecord(bytesOf(sent), context);
          // A made-up name may be one the schema knows; such a record may be refused.
          fc.pre(outcome.ok);
          const { payload, laneHash } = accepted(outcome);
          const rebuilt = asSent(payload);
          expect(hash('sha256', rebuilt, 'buffer')).toEqual(laneHash);
          expect(rebuilt.toString()).toBe(canonicalize(sent));
        },
      ),
    );
  });

  test('of a record that needed no change are the stored bytes', () => {
    const { payload, laneHash, payloadHash } = accepted(
      checkRecord(bytesOf({ ...least, ndc: '00574407205' }), context),
    );
    expect(asSent(payload)).toEqual(payload);
    expect(payloadHash).toEqual(laneHash);
  });

  test('throws for bytes that were never stored', () => {
    expect(() => asSent(Buffer.from('{'))).toThrow(SyntaxError);
  });
});
