import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mayBeTheRecord, outcomeOf, type Reply } from '../../src/sync/outcome.ts';

const CAP_MS = 600_000;
const reply = (status: number, json?: unknown, retryAfter: string | null = null): Reply => ({
  kind: 'reply',
  status,
  json,
  retryAfter,
  accepts: null,
  location: null,
  page: false,
});
const failedWith = (fault: string, askedMs: number | null = null) => ({ kind: 'failed', fault, askedMs });

const cases: [string, Reply, object][] = [
  ['an answer', reply(200, { results: [] }), { kind: 'answered', json: { results: [] } }],
  ['the page of a captive portal', reply(200), failedWith('not_json')],
  ['no content', reply(204), failedWith('http_204')],
  ['a redirect', reply(302), failedWith('redirected')],
  ['a redirect that keeps the method', reply(308), failedWith('redirected')],
  ['an order to resume', reply(409, { expected_sequence: 7 }), { kind: 'resume', expected: 7 }],
  ['a 409 that names no number', reply(409, { expected_sequence: '7' }), failedWith('http_409')],
  ['a 409 below the first number', reply(409, { expected_sequence: 0 }), failedWith('http_409')],
  ['401', reply(401), { kind: 'unauthorised' }],
  ['403', reply(403), { kind: 'unauthorised' }],
  ['404', reply(404), { kind: 'no_service' }],
  ['405', reply(405), { kind: 'no_service' }],
  ['413', reply(413), { kind: 'too_large' }],
  ['415', reply(415), { kind: 'coding_refused' }],
  ['400', reply(400), { kind: 'refused' }],
  ['422', reply(422), { kind: 'refused' }],
  ['429 with a wait', reply(429, undefined, '30'), failedWith('http_429', 30_000)],
  ['503 with too long a wait', reply(503, undefined, '86400'), failedWith('http_503', CAP_MS)],
  ['500', reply(500), failedWith('http_500')],
  ['a time-out', { kind: 'fault', fault: 'timed_out' }, failedWith('timed_out')],
];

test.each(cases)('%s', (_name, given, expected) => {
  expect(outcomeOf(given, 0, CAP_MS)).toEqual(expected);
});

test('only a 200 is an answer', () => {
  fc.assert(
    fc.property(fc.integer({ min: 100, max: 599 }), fc.jsonValue(), (status, json) => {
      if (status !== 200) expect(outcomeOf(reply(status, json), 0, CAP_MS).kind).not.toBe('answered');
    }),
  );
});

test.each([
  ['500', reply(500), true],
  ['503 without a wish', reply(503), true],
  ['503 that asks for a wait', reply(503, undefined, '1'), false],
  ['429', reply(429), false],
  ['a network that wants a login', reply(511), false],
  ['a redirect', reply(302), false],
  ['400', reply(400), false],
  ['a time-out', { kind: 'fault', fault: 'timed_out' }, true],
  ['nobody there', { kind: 'fault', fault: 'not_connected' }, false],
] as [string, Reply, boolean][])('may be the fault of a record: %s', (_name, given, expected) => {
  expect(mayBeTheRecord(outcomeOf(given, 0, CAP_MS))).toBe(expected);
});
