/** The judgement must notice each way of breaking a promise, and nothing else. */
import { describe, expect, it } from 'vitest';
import { canonicalJson, laneHashOf } from './canonical.ts';
import { type Expectation, type FoundRecord, judgeRecords } from './expectation.ts';

const found = (laneHash: string, sequence: number, synced = false): FoundRecord => ({ laneHash, sequence, synced });

const expected = (changes: Partial<Expectation> = {}): Expectation => ({
  published: new Set(['a', 'b', 'c']),
  acknowledged: new Set(['a', 'b']),
  sequences: new Map([['a', 1]]),
  synced: new Set(),
  ...changes,
});

describe('judgeRecords', () => {
  it('accepts what was acknowledged, with or without what was only sent', () => {
    expect(judgeRecords([found('a', 1), found('b', 2)], expected())).toEqual([]);
    expect(judgeRecords([found('a', 1), found('b', 2), found('c', 3)], expected())).toEqual([]);
  });

  it.each([
    ['an acknowledged record is missing', [found('a', 1)], {}, /1 of 2 acknowledged/],
    ['a sequence is left out', [found('a', 1), found('b', 3)], {}, /sequence 2 is missing/],
    ['a record is there twice', [found('a', 1), found('b', 2), found('b', 3)], {}, /second time/],
    ['something was made up', [found('a', 1), found('b', 2), found('x', 3)], {}, /nobody sent/],
    ['a number differs from its receipt', [found('b', 1), found('a', 2)], {}, /receipt said 1, on disk it is 2/],
    ['a synced record is not', [found('a', 1), found('b', 2)], { synced: new Set(['b']) }, /told synced/],
  ] as const)('notices that %s', (_what, records, changes, problem) => {
    expect(judgeRecords(records, expected(changes)).join('\n')).toMatch(problem);
  });
});

describe('canonicalJson', () => {
  it('sorts members by UTF-16 code units and prints numbers as ECMAScript does (RFC 8785, appendix C)', () => {
    expect(canonicalJson({ b: [1.0, 'é'], a: { z: null, y: 1e21 }, '\u20ac': true })).toBe(
      '{"a":{"y":1e+21,"z":null},"b":[1,"é"],"€":true}',
    );
  });

  it('gives one hash for one record, however its members are ordered', () => {
    expect(laneHashOf({ a: 1, b: 2 })).toBe(laneHashOf({ b: 2, a: 1 }));
  });
});
