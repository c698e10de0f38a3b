import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type JsonValue, MAX_DEPTH, MAX_RECORD_BYTES, readStrictJson } from '../../src/record/strict-json.ts';

const read = (text: string) => readStrictJson(Buffer.from(text, 'utf8'));

function reasonsFor(bytes: Uint8Array | string): string[] {
  const reading = typeof bytes === 'string' ? read(bytes) : readStrictJson(bytes);
  return reading.ok ? [] : reading.reasons.map(({ code, field }) => (field === null ? code : `${code} ${field}`));
}

describe('what is read', () => {
  test('any JSON value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(undefined, 2, '\t'), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(read(text)).toEqual({ ok: true, value: JSON.parse(text) });
      }),
    );
  });

  test('member names that mean something to JavaScript are plain data', () => {
    const text = '{"__proto__":{"polluted":1},"constructor":2,"toString":3,"hasOwnProperty":{"__proto__":null}}';
    const reading = read(text);
    expect(reading.ok && JSON.stringify(reading.value)).toBe(text);
    expect(Object.getOwnPropertyNames({})).toEqual([]);
    expect('polluted' in {}).toBe(false);
  });

  test('colons, brackets, quotes and numbers inside strings count for nothing', () => {
    const value = {
      'a:b': ':',
      c: '{"x":1,"x":2}',
      d: '\\',
      e: '\\":',
      f: '[[[9007199254740993',
      g: '"',
      'h"': '1e400',
    };
    expect(read(JSON.stringify(value))).toEqual({ ok: true, value });
  });

  test('numbers a double holds, escapes in pairs', () => {
    expect(read('[0.1, -0, 1E2, 9007199254740992, "\\ud83d\\ude00", "\\u0041", "\\\\ud800"]').ok).toBe(true);
  });

  test('a view into a larger buffer', () => {
    const large = Buffer.from('xx{"a":12345678901234567}yy');
    expect(reasonsFor(large.subarray(2, -2))).toEqual(['number_not_exact a']);
    expect(reasonsFor(new Uint8Array(Buffer.from('{"a":1}')))).toEqual([]);
  });
});

describe('what is refused', () => {
  test.each([
    ['too_large', Buffer.alloc(MAX_RECORD_BYTES + 1, ' ')],
    ['not_utf8', Buffer.from([0x22, 0xff, 0x22])],
    ['not_utf8', Buffer.from([0x22, 0xc0, 0x80, 0x22])],
    ['not_utf8', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
    ['not_json', Buffer.alloc(0)],
    ['not_json', Buffer.from('\ufeff{}')],
    ['not_json', Buffer.from('{} {}')],
    ['not_json', Buffer.from("{'a':1}")],
    ['not_json', Buffer.from('{"a":01}')],
    ['not_json', Buffer.from('{"a":NaN}')],
    ['not_json', Buffer.from('"\u0001"')],
    ['not_json', Buffer.from('{"a":"\\')],
    ['not_json', Buffer.from('{"a":"')],
  ])('%s', (code, bytes) => {
    expect(reasonsFor(bytes)).toEqual([code]);
  });

  test('just fitting is enough', () => {
    expect(reasonsFor(Buffer.alloc(MAX_RECORD_BYTES, ' ').fill('0', 0, 1))).toEqual([]);
  });

  test('depth is counted over objects and arrays, and brackets that never close cost nothing', () => {
    const nested = (depth: number) => `${'[{"a":'.repeat(depth / 2)}1${'}]'.repeat(depth / 2)}`;
    expect(reasonsFor(nested(MAX_DEPTH))).toEqual([]);
    expect(reasonsFor(nested(MAX_DEPTH + 2))).toEqual(['nested_too_deep']);
    expect(reasonsFor('['.repeat(MAX_RECORD_BYTES))).toEqual(['nested_too_deep']);
    expect(reasonsFor(`[${'[],'.repeat(100)}[]]`)).toEqual([]);
  });

  test('lone surrogates as escapes, in values and in names, in any order', () => {
    for (const text of ['{"a":"\\ud800"}', '{"\\udc00":1}', '["x\\uDE00\\uD83Dx"]', '[{"a":["\\ud83d\\u0041"]}]']) {
      expect(reasonsFor(text)).toEqual(['lone_surrogate']);
    }
  });

  test('rounded numbers, named by the outermost member around them', () => {
    expect(reasonsFor('{"a":1,"b":{"c":[9007199254740993]},"d":1e400,"e":2}')).toEqual([
      'number_not_exact b',
      'number_not_exact d',
    ]);
    expect(reasonsFor('[1e400,1e401]')).toEqual(['number_not_exact']);
    expect(reasonsFor(`{"a":[${Array(5000).fill('1e400')}]}`)).toEqual(['number_not_exact a']);
  });

  test('repeated names: which, and however they are written', () => {
    expect(reasonsFor('{"a":1,"b":2,"a":1}')).toEqual(['duplicate_member a']);
    expect(reasonsFor('{"ab":1,"\\u0061b":2}')).toEqual(['duplicate_member ab']);
    expect(reasonsFor('{"__proto__":1,"__proto__":2}')).toEqual(['duplicate_member __proto__']);
    expect(reasonsFor('{"a":{"x":1,"x":1}}')).toEqual(['duplicate_member']);
    expect(reasonsFor('{"a" :1,"b":{"a":3},"c":["a"]}')).toEqual([]);
  });

  test('everything uncertain at once', () => {
    const reading = read('{"a":1e400,"a":"\\ud800"}');
    expect(reading.ok ? [] : reading.reasons.map(({ code }) => code)).toEqual([
      'duplicate_member',
      'lone_surrogate',
      'number_not_exact',
    ]);
  });

  test('a repeated name is found at any depth, beside anything', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string({ unit: 'grapheme' }), fc.nat(), (value, name, seed) => {
        const plain = JSON.parse(JSON.stringify({ around: [value, { inner: value }] }));
        expect(reasonsFor(withTwins(plain, name, seed))).toContainEqual(expect.stringMatching(/^duplicate_member/));
      }),
    );
  });
});

describe('whatever the bytes', () => {
  test('it never throws and says the same as JSON.parse about what is JSON', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(() => readStrictJson(bytes)).not.toThrow();
      }),
    );
    const jsonish = fc.string({
      unit: fc.constantFrom(...'{}[]:,"\\u0019e+-. atrufnls\u00e9\ud83d\ude00'),
      maxLength: 24,
    });
    fc.assert(
      fc.property(jsonish, (text) => {
        const reading = read(text.toWellFormed());
        expect(reading.ok || !reading.reasons.some(({ code }) => code === 'not_json')).toBe(
          isJson(text.toWellFormed()),
        );
      }),
      { numRuns: 2000 },
    );
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** JSON of `value` in which one object (the `seed`-th met) has the member `name` twice in a row. */
function withTwins(value: JsonValue, name: string, seed: number): string {
  let objects = 0;
  const count = (node: JsonValue): void => {
    if (typeof node !== 'object' || node === null) return;
    if (!Array.isArray(node)) objects++;
    for (const child of Object.values(node)) count(child);
  };
  count(value);
  let next = seed % objects;
  const write = (node: JsonValue): string => {
    if (typeof node !== 'object' || node === null) return JSON.stringify(node);
    if (Array.isArray(node)) return `[${node.map(write).join(',')}]`;
    const twins = next-- === 0 ? [`${JSON.stringify(name)}:1`, `${JSON.stringify(name)} :2`] : [];
    return `{${[...twins, ...Object.entries(node).map(([key, child]) => `${JSON.stringify(key)}:${write(child)}`)].join(',')}}`;
  };
  return write(value);
}
