import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isExactNumber } from '../../src/record/exact-number.ts';

describe('isExactNumber', () => {
  test.each(['0', '-0', '0.0', '0e99999999999', '0.1', '1.10', '100', '1e2', '1E+2', '1e-7', '9007199254740992'])(
    'keeps %s',
    (token) => {
      expect(isExactNumber(token)).toBe(true);
    },
  );

  test.each([
    '9007199254740993',
    '1e400',
    '-1e400',
    '1e-400',
    '0.10000000000000000001',
    '333333333.33333329',
    '12345678901234567890',
  ])('refuses %s', (token) => {
    expect(isExactNumber(token)).toBe(false);
  });

  test('keeps whatever a double writes, however many zeros are added', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.nat(20), (value, zeros) => {
        expect(isExactNumber(String(value))).toBe(true);
        const [mantissa = '', exponent] = String(value).split('e');
        const longer = `${mantissa}${mantissa.includes('.') ? '' : '.'}${'0'.repeat(zeros + 1)}`;
        expect(isExactNumber(exponent === undefined ? longer : `${longer}E${exponent}`)).toBe(true);
      }),
    );
  });

  test('agrees with exact integer arithmetic', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n }), (value) => {
        // The shortest text of the double, written out as an integer, is what would be stored.
        expect(isExactNumber(String(value))).toBe(BigInt(expand(String(Number(value)))) === value);
      }),
    );
  });

  test('takes no long time over long runs of zeros', () => {
    expect(isExactNumber(`0.${'0'.repeat(60_000)}1`)).toBe(false);
    expect(isExactNumber(`1.${'0'.repeat(60_000)}`)).toBe(true);
    expect(isExactNumber(`1${'0'.repeat(30_000)}1e-30001`)).toBe(false);
  });
});

/** Writes out an integer that has an exponent. */
function expand(text: string): string {
  const [mantissa = '', exponent = '0'] = text.split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  return whole + fraction.padEnd(Number(exponent), '0');
}
