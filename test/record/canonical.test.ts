import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  canonicalBytes,
  canonicalMembers,
  canonicalText,
  joinMembers,
  memberText,
} from '../../src/record/canonical.ts';
import vectors from './vectors/rfc8785.json' with { type: 'json' };

/** JSON values with odd names and the numbers at the edges of a double. */
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.string({ unit: 'binary' }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.constantFrom(null, true, false, 0, -0, 1e21, 1e-7, Number.MAX_SAFE_INTEGER, 5e-324),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(
      fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('__proto__', 'toJSON', '10', '9', '')),
      tie('value'),
      {
        maxKeys: 6,
        noNullPrototype: true,
      },
    ),
  ),
})).value;

describe('RFC 8785', () => {
  test.each(vectors.numbers)('number $ieee is $text', ({ ieee, text }) => {
    expect(canonicalText(Buffer.from(ieee, 'hex').readDoubleBE())).toBe(text);
  });

  test.each(vectors.documents)('its example $#', ({ input, output }) => {
    expect(canonicalText(JSON.parse(input))).toBe(output);
    expect(canonicalBytes(JSON.parse(input))).toEqual(Buffer.from(output, 'utf8'));
  });

  test('the same as the canonicalize package', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(canonicalText(value)).toBe(canonicalize(value));
      }),
      { numRuns: 2000 },
    );
  });

  test('reading it and writing it again changes nothing', () => {
    fc.assert(
      fc.property(json, (value) => {
        const text = canonicalText(value);
        expect(canonicalText(JSON.parse(text))).toBe(text);
      }),
    );
  });

  test('a member called __proto__ stays a member', () => {
    const text = '{"__proto__":{"a":1},"constructor":2}';
    expect(canonicalText(JSON.parse(`{"constructor": 2, "__proto__": {"a": 1}}`))).toBe(text);
  });
});

describe('members one by one', () => {
  test('join to the whole text', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), json, { noNullPrototype: true }), (object) => {
        const members = canonicalMembers(object);
        expect(joinMembers(members)).toBe(canonicalText(object));
        expect(members.texts).toEqual(members.names.map((name) => memberText(name, object[name])));
      }),
    );
  });
});

describe('what JSON cannot hold is an error, not something else', () => {
  const circle: unknown[] = [];
  circle.push(circle);
  test.each([
    ['undefined', { a: undefined }],
    ['a function', [() => 0]],
    ['NaN', Number.NaN],
    ['infinity', [Number.NEGATIVE_INFINITY]],
    ['a bigint', 1n],
    ['a date', { at: new Date(0) }],
    ['bytes', Buffer.from('x')],
    ['half a surrogate pair', '\ud800'],
    ['half a surrogate pair in a name', { '\udc00': 1 }],
    ['a circle', circle],
  ])('%s', (_name, value) => {
    expect(() => canonicalText(value)).toThrow(TypeError);
  });
});

test('names met once are not confused with others, however many there are', () => {
  for (let index = 0; index < 1000; index++) {
    expect(canonicalText({ [`name-${index}`]: index })).toBe(`{"name-${index}":${index}}`);
    expect(canonicalText({ [`name-${index}`]: null })).toBe(`{"name-${index}":null}`);
  }
});
