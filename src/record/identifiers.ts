/** Check digits of people's identifiers. A wrong one makes a record doubtful, never refused. */

const NPI = /^[12][0-9]{9}$/;
const DEA = /^[A-Z][A-Z9]([0-9]{7})(?:-[A-Z0-9]{1,16})?$/i;

/**
 * Whether a text is a National Provider Identifier: ten digits, the first 1 or 2, Luhn check digit over the number
 * with `80840` in front (45 CFR 162.406, ISO/IEC 7812 card issuer prefix).
 */
export function isNpi(text: string): boolean {
  if (!NPI.test(text)) return false;
  // What the prefix 80840 adds to the Luhn sum.
  let sum = 24;
  for (let index = 0; index < 10; index++) {
    const digit = digitAt(text, index);
    sum += index % 2 === 1 ? digit : digit < 5 ? 2 * digit : 2 * digit - 9;
  }
  return sum % 10 === 0;
}

/**
 * Whether a text is a DEA registration number: a letter, a letter or 9, six digits d1..d6 and a check digit, the last
 * digit of (d1+d3+d5) + 2(d2+d4+d6). A practitioner under a hospital's number adds a hyphen and the hospital's own
 * code (21 CFR 1301.22(c)); that part has no check digit.
 */
export function isDeaNumber(text: string): boolean {
  const digits = DEA.exec(text)?.[1];
  if (digits === undefined) return false;
  const odd = digitAt(digits, 0) + digitAt(digits, 2) + digitAt(digits, 4);
  const even = digitAt(digits, 1) + digitAt(digits, 3) + digitAt(digits, 5);
  return (odd + 2 * even) % 10 === digitAt(digits, 6);
}

/**
 * Whether the last digit is the GS1 mod-10 check digit of those before it. `digits`
 * holds digits only: GTIN-8, -12, -13, -14.
 */
export function hasGs1CheckDigit(digits: string): boolean {
  let sum = 0;
  for (let fromRight = 0; fromRight < digits.length; fromRight++) {
    sum += digitAt(digits, digits.length - 1 - fromRight) * (fromRight % 2 === 0 ? 1 : 3);
  }
  return sum % 10 === 0;
}

const digitAt = (text: string, index: number): number => text.charCodeAt(index) - 48;
