import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hasGs1CheckDigit, isDeaNumber, isNpi } from '../../src/record/identifiers.ts';
import vectors from './vectors/identifiers.json' with { type: 'json' };

describe('NPI', () => {
  test.each(vectors.npi.valid)('%s', (text) => {
    expect(isNpi(text)).toBe(true);
  });
  test.each([...vectors.npi.invalid, '', '12345678９3', '1234567893 '])('not %j', (text) => {
    expect(isNpi(text)).toBe(false);
  });

  test('agrees with the Luhn sum over 80840 and the number', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[12][0-9]{9}$/), (text) => {
        const sum = [...`80840${text}`].reverse().reduce((total, digit, index) => {
          const value = Number(digit) * (index % 2 === 1 ? 2 : 1);
          return total + (value > 9 ? value - 9 : value);
        }, 0);
        expect(isNpi(text)).toBe(sum % 10 === 0);
      }),
    );
  });
});

describe('DEA number', () => {
  test.each([...vectors.dea.valid, 'ab1234563', 'AB1234563-012A'])('%s', (text) => {
    expect(isDeaNumber(text)).toBe(true);
  });
  test.each([...vectors.dea.invalid, '', '9A1234563', 'AB1234563-', 'AB1234563-x y', 'AB12345634', '\u017fB1234563'])(
    'not %j',
    (text) => {
      expect(isDeaNumber(text)).toBe(false);
    },
  );
});

describe('GS1 check digit', () => {
  // 614141 is the company prefix GS1 uses in its own examples.
  test.each(['00305744072055', '614141000036', '4006381333931', '96385074'])('%s', (digits) => {
    expect(hasGs1CheckDigit(digits)).toBe(true);
  });

  test('every other last digit is wrong', () => {
    for (let digit = 0; digit < 10; digit++) expect(hasGs1CheckDigit(`0030574407205${digit}`)).toBe(digit === 5);
  });
});
