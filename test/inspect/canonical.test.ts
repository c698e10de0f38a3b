/** The scanner against the library that writes canonical JSON: what that writes passes, any other spelling of it does not. */
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalEnd } from '../../src/inspect/canonical.ts';

const passes = (text: string): boolean => {
  const bytes = Buffer.from(text);
  return canonicalEnd(bytes, 0, bytes.length) === bytes.length;
};

describe('canonical JSON', () => {
  test('whatever the library writes', () => {
    const value = fc.jsonValue({ maxDepth: 4, noUnicodeString: false });
    fc.assert(
      fc.property(value, (each) => passes(canonicalize(each) ?? '')),
      { numRuns: 2000 },
    );
  });

  test('of changed bytes, only those that are what the library would write', () => {
    const changed = fc.tuple(fc.jsonValue({ maxDepth: 3 }), fc.nat(), fc.integer({ min: 0x20, max: 0x7e }));
    fc.assert(
      fc.property(changed, ([each, at, byte]) => {
        const bytes = Buffer.from(canonicalize(each) ?? '');
        bytes[at % bytes.length] = byte;
        const text = bytes.toString();
        if (Buffer.from(text).equals(bytes)) expect(passes(text)).toBe(isCanonical(text));
      }),
      { numRuns: 5000 },
    );
  });

  test.each([
    '{"a":1}',
    '[]',
    '{}',
    '"é"',
    '"\\u0000"',
    '"\\n"',
    '1e+21',
    '-1.5',
    '0',
    '123456789012345680000',
    '{"":0,"a":0,"aa":0,"b":0}',
    '{"\\n":1,"1":2}',
    '{"€":1,"😀":2,"\ufb33":3}',
    '{"a\\"":1,"a\\\\":2}',
  ])('passes: %s', (text) => expect(passes(text)).toBe(true));

  test.each([
    '{"a": 1}',
    ' {}',
    '{"b":1,"a":2}',
    '{"a":1,"a":1}',
    '01',
    '1.0',
    '1E2',
    '-0',
    '+1',
    '1e21',
    '"\\u000a"',
    '"\\u00e9"',
    '"\\/"',
    '"\\u0041"',
    '[1,]',
    '{"a":1,}',
    '{"a"}',
    '"',
    'nul',
    'NaN',
    '',
    '{"\ufb33":1,"😀":2}',
    '[1 ]',
    '1_000',
    '123456789012345678901',
    '9007199254740993',
    '"\n"',
  ])('does not pass: %s', (text) => expect(passes(text)).toBe(false));

  test('bytes that are no UTF-8 do not pass', () => {
    const bytes = Buffer.from([0x22, 0xc3, 0x28, 0x22]);
    expect(canonicalEnd(bytes, 0, bytes.length)).toBe(-1);
  });

  test('what is nested beyond reason does not pass', () =>
    expect(passes('['.repeat(5000) + ']'.repeat(5000))).toBe(false));
});

function isCanonical(text: string): boolean {
  try {
    return canonicalize(JSON.parse(text)) === text;
  } catch {
    return false;
  }
}
