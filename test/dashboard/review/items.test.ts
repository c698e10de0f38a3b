import { expect, test } from 'vitest';
import { findItem, nameOf, readName, readSubject, subjectText } from '../../../src/dashboard/review/items.ts';
import { reviewDesk } from '../facts.ts';
import { HELD } from './held.ts';

test('an item has one short name', () => {
  expect([nameOf(HELD), nameOf({ of: 'evidence', number: 3 })]).toEqual(['r17', 'e3']);
  expect(readName('r17')).toEqual({ of: 'record', number: 17 });
  expect(readName('e3')).toEqual({ of: 'evidence', number: 3 });
});

test.each(['', 'r', 'r0', 'r-1', 'r1.5', 'x1', 'r01', ' r1', 'r9999999999999999'])('%j names nothing', (text) => {
  expect(readName(text)).toBeNull();
});

test('a subject goes through a form and comes back as the person saw it', () => {
  const { flags, lane, reasons, receivedAtMs, schedule, ...subject } = HELD;
  expect(readSubject(subjectText(HELD))).toEqual({ ...subject, hash: HELD.hash.toString('hex') });
});

test.each(['r17 HELD', 'r17 HELD abc', `r17 GONE ${'a'.repeat(64)}`, `r17 SYNCED ${'a'.repeat(64)}`])(
  '%j is no subject',
  (text) => {
    expect(readSubject(text)).toBeNull();
  },
);

test('the next item is not taken for the one that has ended', () => {
  const list = () => [HELD];
  expect(findItem(reviewDesk({ list }), { of: 'record', number: 17 })).toBe(HELD);
  expect(findItem(reviewDesk({ list }), { of: 'record', number: 16 })).toBeNull();
});
