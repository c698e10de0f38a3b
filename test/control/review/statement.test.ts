import { randomUUID } from 'node:crypto';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readStatement, type Statement, statementText } from '../../../src/control/review/statement.ts';
import { MAX_SUBJECTS } from '../../../src/control/review/words.ts';

const HASH = 'a'.repeat(64);
const subject = (number: number) => ({ of: 'record', number, state: 'HELD', hash: HASH }) as const;
const statement = (more: Partial<Statement> = {}): Statement => ({
  act_id: randomUUID(),
  gateway_id: 'gw-0042',
  epoch: '0123abcd',
  step: 'release',
  meaning: 'seen on paper',
  printed_name: 'Rita Reviewer',
  signed_at_utc: '2026-11-24T12:00:00.000Z',
  subjects: [subject(1)],
  ...more,
});

const line = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }).filter((text) => /^\P{C}+$/u.test(text));

test('the text is RFC 8785 by another implementation too, and reads back as what was said', () => {
  const property = fc.property(line, line, fc.integer({ min: 1, max: 2 ** 40 }), (meaning, name, number) => {
    const said = statement({ meaning, printed_name: name, subjects: [subject(number)] });
    const text = statementText(said);
    expect(text).toBe(canonicalize(said));
    expect(readStatement(text)).toEqual(said);
  });
  fc.assert(property, { seed: 42, numRuns: 200 });
});

test('the largest statement fits what a gateway reads', () => {
  const subjects = Array.from({ length: MAX_SUBJECTS }, (_, index) => subject(2 ** 50 - index));
  const text = statementText(statement({ subjects, meaning: 'é'.repeat(500), printed_name: 'é'.repeat(128) }));
  expect(readStatement(text)?.subjects).toHaveLength(MAX_SUBJECTS);
});

test.each<[string, Partial<Statement>]>([
  ['no subject', { subjects: [] }],
  ['too many subjects', { subjects: Array.from({ length: MAX_SUBJECTS + 1 }, (_, index) => subject(index + 1)) }],
  ['an empty meaning', { meaning: '' }],
  ['a meaning of two lines', { meaning: 'one\ntwo' }],
  ['a meaning that turns the text around', { meaning: 'not \u202edeen' }],
  ['a name that is too long', { printed_name: 'x'.repeat(129) }],
  ['a time without milliseconds', { signed_at_utc: '2026-11-24T12:00:00Z' }],
  ['a time with an offset', { signed_at_utc: '2026-11-24T12:00:00.000+01:00' }],
  ['a day that does not exist', { signed_at_utc: '2026-02-30T12:00:00.000Z' }],
  ['an act id that is none', { act_id: 'again' }],
  ['an epoch that is none', { epoch: 'first' }],
])('%s is no statement', (_, more) => {
  expect(() => statementText(statement(more))).toThrow();
  expect(readStatement(canonicalize(statement(more)) ?? '')).toBeNull();
});
