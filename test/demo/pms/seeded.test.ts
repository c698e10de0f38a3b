import fc from 'fast-check';
import { expect, test } from 'vitest';
import { seededRandom } from '../../../src/demo/pms/seeded.ts';

test('the same seed gives the same numbers, all in [0, 1)', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const [one, two] = [seededRandom(seed), seededRandom(seed)];
      for (let count = 0; count < 50; count += 1) {
        const value = one();
        expect(value).toBe(two());
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThan(1);
      }
    }),
    { seed: 9 },
  );
});

test('other seeds give other numbers, spread evenly', () => {
  expect(seededRandom(1)()).not.toBe(seededRandom(2)());
  const random = seededRandom(4);
  const bins = Array<number>(10).fill(0);
  for (let count = 0; count < 10_000; count += 1) {
    const bin = Math.floor(random() * 10);
    bins[bin] = (bins[bin] ?? 0) + 1;
  }
  for (const bin of bins) expect(Math.abs(bin - 1000)).toBeLessThan(150);
});
