import { describe, expect, test } from 'vitest';
import { base32, hotp, matchingStep, stepAt, totpUri } from '../../src/people/totp.ts';

const SECRET = Buffer.from('12345678901234567890');

describe('published test values', () => {
  test('RFC 4226 appendix D', () => {
    const codes = Array.from({ length: 10 }, (_, counter) => hotp(SECRET, counter));
    expect(codes.join(' ')).toBe('755224 287082 359152 969429 338314 254676 287922 162583 399871 520489');
  });

  test.each([
    [59, '94287082'],
    [1111111109, '07081804'],
    [1111111111, '14050471'],
    [1234567890, '89005924'],
    [2000000000, '69279037'],
    [20000000000, '65353130'],
  ])('RFC 6238 appendix B, SHA-1, at %d s', (seconds, code) => {
    expect(hotp(SECRET, stepAt(seconds * 1000), 8)).toBe(code);
  });

  test.each([
    ['', ''],
    ['f', 'MY'],
    ['fo', 'MZXQ'],
    ['foo', 'MZXW6'],
    ['foob', 'MZXW6YQ'],
    ['fooba', 'MZXW6YTB'],
    ['foobar', 'MZXW6YTBOI'],
  ])('RFC 4648 section 10, without padding: %j', (text, coded) => expect(base32(Buffer.from(text))).toBe(coded));
});

describe('a code', () => {
  const at = 1_700_000_010_000;
  const now = stepAt(at);

  test('counts one step before and after, no further', () => {
    const steps = [-2, -1, 0, 1, 2].map((by) => matchingStep(SECRET, hotp(SECRET, now + by), at, -1));
    expect(steps).toEqual([null, now - 1, now, now + 1, null]);
  });

  test('is good once, and none before it any more', () => {
    expect(matchingStep(SECRET, hotp(SECRET, now), at, now)).toBeNull();
    expect(matchingStep(SECRET, hotp(SECRET, now - 1), at, now)).toBeNull();
    expect(matchingStep(SECRET, hotp(SECRET, now + 1), at, now)).toBe(now + 1);
  });

  test.each(['', '12345', '1234567', '12345a', '１２３４５６', '000000\n'])('is none: %j', (code) => {
    expect(matchingStep(SECRET, code, at, -1)).toBeNull();
  });
});

test('what an authenticator reads names gateway and user', () => {
  expect(totpUri(Buffer.from('foobar'), 'rita', 'gw-0042')).toBe(
    'otpauth://totp/gw-0042:rita?secret=MZXW6YTBOI&issuer=Counterfoil%20gw-0042',
  );
});
