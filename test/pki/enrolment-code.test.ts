/** Codes as a person types them. */
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatCode, makeCode, parseCode } from '../../src/pki/enrolment-code.ts';

const bytes = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((each) => Buffer.from(each));

describe('a code', () => {
  test('is nine groups of five, and comes back however it is typed', () => {
    fc.assert(
      fc.property(bytes(10), bytes(16), (secret, authority) => {
        const text = formatCode({ secret, authority });
        expect(text).toMatch(/^([0-9A-HJKMNP-TV-Z]{5}-){8}[0-9A-HJKMNP-TV-Z]{5}$/);
        for (const typed of [
          text,
          text.toLowerCase(),
          text.replaceAll('-', ' '),
          text.replaceAll('0', 'O').replaceAll('1', 'l'),
        ]) {
          expect(parseCode(typed)).toEqual({ secret, authority });
        }
      }),
    );
  });

  test('with a typing error is none, but for one in some ten thousand', () => {
    const text = formatCode(makeCode(randomBytes(32), randomBytes)).replaceAll('-', '');
    let taken = 0;
    for (let at = 0; at < text.length; at += 1) {
      for (const digit of '0123456789ABCDEFGHJKMNPQRSTVWXYZ') {
        if (digit !== text[at] && parseCode(text.slice(0, at) + digit + text.slice(at + 1)) !== null) taken += 1;
      }
    }
    expect(taken).toBeLessThan(3);
  });

  test.each(['', 'x', '0'.repeat(44), '0'.repeat(46), `${'0'.repeat(44)}U`, '\0'.repeat(45)])('%j is none', (text) => {
    expect(parseCode(text)).toBeNull();
  });
});
