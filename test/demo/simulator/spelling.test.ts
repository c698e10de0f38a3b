import { describe, expect, test } from 'vitest';
import { deaNumber, mistyped } from '../../../src/demo/simulator/people.ts';
import { PRODUCTS } from '../../../src/demo/simulator/products.ts';
import { seededRandom } from '../../../src/demo/simulator/random.ts';
import { SIGNERS } from '../../../src/demo/simulator/signers.ts';
import { gtinOf, printLabel, scan, spellNdc, spellTime } from '../../../src/demo/simulator/spelling.ts';
import { parseGs1 } from '../../../src/record/gs1.ts';
import { isDeaNumber, isNpi } from '../../../src/record/identifiers.ts';
import { readInstant } from '../../../src/record/instant.ts';
import { normaliseNdc } from '../../../src/record/ndc.ts';

test('a mistyped NPI is none', () => {
  for (const { npi } of SIGNERS) expect([isNpi(npi), isNpi(mistyped(npi))]).toEqual([true, false]);
});

describe('an NDC', () => {
  test.each(PRODUCTS.map(({ ndc }) => ndc))('%s means the same in every form', (ndc) => {
    const eleven = normaliseNdc(ndc, null);
    expect(eleven.path).toBe('hyphenated');
    expect(normaliseNdc(spellNdc(ndc, 'eleven'), null).ndc).toBe(eleven.ndc);
    expect(normaliseNdc(spellNdc(ndc, 'eleven hyphenated'), null).ndc).toBe(eleven.ndc);
    expect(normaliseNdc(spellNdc(ndc, 'twelve'), null)).toEqual({ ndc: `0${eleven.ndc}`, path: 'already_12' });
    expect(normaliseNdc(spellNdc(ndc, 'ten'), null).path).toBe('unresolved');
  });

  test('becomes the GTIN on the box', () => {
    expect(gtinOf('0574-4072-05')).toBe('00305744072055');
    expect(gtinOf('51655-089-52')).toBe('00351655089521');
    expect(gtinOf('58118-1397-3')).toBe('00358118139731');
  });
});

test('a scan says what is printed on the box', () => {
  const random = seededRandom('boxes');
  for (let i = 0; i < 200; i++) {
    const label = printLabel(random, '9101-0110-01', Date.UTC(2026, 10, 22));
    expect(parseGs1(scan(random, label), 2026)).toEqual(label);
  }
});

test('check digits are right, and wrong after a slip of the finger', () => {
  const random = seededRandom('people');
  for (let i = 0; i < 200; i++) {
    const prescriber = deaNumber(random);
    expect([isDeaNumber(prescriber), isDeaNumber(mistyped(prescriber))]).toEqual([true, false]);
  }
});

test('a time is the same moment however it is written', () => {
  const random = seededRandom('times');
  const utcMs = Date.UTC(2026, 10, 22, 2, 3, 4, 567);
  const texts = new Set(Array.from({ length: 50 }, () => spellTime(random, utcMs)));
  expect(texts).toEqual(new Set(['2026-11-22T02:03:04.567Z', '2026-11-21T21:03:04.567-05:00']));
  for (const text of texts) expect(readInstant(text)?.utcMs).toBe(utcMs);
});
