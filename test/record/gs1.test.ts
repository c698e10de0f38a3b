import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ndcTenOfGtin, parseGs1 } from '../../src/record/gs1.ts';

const GS = '\u001d';
const GTIN = '00305744072055';
const all = { gtin: GTIN, expiresOn: '2028-01-31', lot: 'AB-12/3', serial: 'S9' };

describe('parseGs1', () => {
  test.each([
    ['with a symbology identifier', `]d201${GTIN}1728013110AB-12/3${GS}21S9`],
    ['without', `01${GTIN}1728013110AB-12/3${GS}21S9`],
    ['in another order', `21S9${GS}10AB-12/3${GS}17280131${GS}01${GTIN}`],
    ['with a leading separator', `${GS}01${GTIN}21S9${GS}1728013110AB-12/3`],
    [
      'among elements of no interest',
      `01${GTIN}30100${GS}11260101715ABC${GS}10AB-12/3${GS}21S9${GS}17280131310312345691X`,
    ],
    ['ending in a separator', `01${GTIN}1728013110AB-12/3${GS}21S9${GS}`],
    ['saying the same twice', `01${GTIN}10AB-12/3${GS}01${GTIN}10AB-12/3${GS}21S9${GS}17280131`],
  ])('%s', (_name, raw) => {
    expect(parseGs1(raw, 2026)).toEqual(all);
  });

  test.each(['305744072055', '0305744072055', GTIN])('a linear barcode %s', (raw) => {
    expect(parseGs1(raw, 2026)).toEqual({ gtin: GTIN, expiresOn: null, lot: null, serial: null });
  });

  test.each([
    ['nothing', ''],
    ['only an identifier', ']d2'],
    ['only a separator', GS],
    ['brackets for people', `(01)${GTIN}(10)A`],
    ['a wrong check digit', '0100305744072054'],
    ['a wrong check digit, linear', '305744072054'],
    ['a short GTIN', '010030574407205'],
    ['letters in a GTIN', '0100305744O72055'],
    ['a separator inside a GTIN', `01003057${GS}44072055`],
    ['an empty lot', `10${GS}21S9`],
    ['a lot of 21 characters', `10${'A'.repeat(21)}`],
    ['a lot with a space', '10A B'],
    ['a month that is none', '17281301'],
    ['a day that is none', '17260229'],
    ['two GTINs', `01${GTIN}0100351655089521`],
    ['two lots', `10A${GS}10B`],
    ['two separators in a row', `10A${GS}${GS}21B`],
    ['text', 'hello'],
  ])('not %s', (_name, raw) => {
    expect(parseGs1(raw, 2026)).toBeNull();
  });

  test.each([
    ['280100', 2026, '2028-01-31'],
    ['280200', 2026, '2028-02-29'],
    ['270200', 2026, '2027-02-28'],
    // 49 years back to 50 ahead of the reference year.
    ['760101', 2026, '2076-01-01'],
    ['770101', 2026, '1977-01-01'],
    ['990101', 2026, '1999-01-01'],
    ['000101', 2026, '2000-01-01'],
    ['440101', 2094, '2144-01-01'],
    ['450101', 2094, '2045-01-01'],
  ])('17%s seen in %i is %s', (yymmdd, year, expiresOn) => {
    expect(parseGs1(`17${yymmdd}`, year)?.expiresOn).toBe(expiresOn);
  });

  test('the century is always within reach', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 99 }), fc.integer({ min: 1950, max: 2200 }), (yy, reference) => {
        const year = Number(parseGs1(`17${String(yy).padStart(2, '0')}0101`, reference)?.expiresOn?.slice(0, 4));
        expect(year % 100).toBe(yy);
        expect(year - reference).toBeGreaterThanOrEqual(-49);
        expect(year - reference).toBeLessThanOrEqual(50);
      }),
    );
  });

  test('never throws', () => {
    const unit = fc.constantFrom(...`0123456789A ]d2${GS}`);
    fc.assert(fc.property(fc.string({ unit }), fc.integer(), (raw, year) => void parseGs1(raw, year)));
  });
});

test('the NDC is in a GTIN of a US drug only', () => {
  expect(ndcTenOfGtin('00351655089521')).toBe('5165508952');
  expect(ndcTenOfGtin('50351655089526')).toBe('5165508952');
  expect(ndcTenOfGtin('351655089521')).toBe('5165508952');
  expect(ndcTenOfGtin('04006381333931')).toBeNull();
});
