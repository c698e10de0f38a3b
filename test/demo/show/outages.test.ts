import { expect, test } from 'vitest';
import { outages } from '../../../src/demo/show/outages.ts';
import { seededRandom } from '../../../src/demo/simulator/random.ts';

const take = (seed: string, count: number) => [...outages(seededRandom(seed)).take(count)];

test('the first comes early and is the same for everybody', () => {
  expect(take('a', 1)).toEqual([{ afterMs: 10_000, lastsMs: 12_000, kind: 'cut' }]);
  expect(take('b', 1)).toEqual(take('a', 1));
});

test('the rest is chance that a seed repeats', () => {
  expect(take('a', 20)).toEqual(take('a', 20));
  expect(take('a', 20)).not.toEqual(take('b', 20));
});

test('of both kinds, and long enough to be noticed', () => {
  const later = take('a', 200).slice(1);
  expect(new Set(later.map(({ kind }) => kind))).toEqual(new Set(['cut', 'silent']));
  for (const { afterMs, kind, lastsMs } of later) {
    expect(afterMs).toBeGreaterThanOrEqual(30_000);
    // A silent line is only noticed by heartbeats that nobody answers.
    expect(lastsMs).toBeGreaterThanOrEqual(kind === 'silent' ? 20_000 : 8_000);
    expect(lastsMs).toBeLessThanOrEqual(30_000);
  }
});
