import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pickWeighted, seededRandom, uuidLike, waitMs, wholeNumber } from '../../../src/demo/simulator/random.ts';

test('is repeatable, and even over its range', () => {
  const a = seededRandom('seed');
  const b = seededRandom('seed');
  const tenths = new Array<number>(10).fill(0);
  for (let i = 0; i < 100_000; i++) {
    const value = a();
    expect(b()).toBe(value);
    const tenth = Math.floor(value * 10);
    tenths[tenth] = (tenths[tenth] ?? 0) + 1;
  }
  for (const count of tenths) expect(Math.abs(count - 10_000)).toBeLessThan(500);
});

test('gives the same numbers on every machine', () => {
  const random = seededRandom('counterfoil');
  expect([wholeNumber(random, 1, 1_000_000), wholeNumber(random, 1, 1_000_000)]).toMatchInlineSnapshot(`
    [
      474323,
      7481,
    ]
  `);
});

test('weights are shares, and what has no weight never comes', () => {
  const random = seededRandom('weights');
  const picked = Array.from({ length: 10_000 }, () =>
    pickWeighted(random, [
      [3, 'a'],
      [1, 'b'],
      [0, 'c'],
    ]),
  );
  expect(picked.filter((each) => each === 'a').length / picked.length).toBeCloseTo(0.75, 1);
  expect(picked).not.toContain('c');
});

test('waits are as long on average as the rate says', () => {
  const random = seededRandom('waits');
  const waits = Array.from({ length: 20_000 }, () => waitMs(random, 4));
  expect(waits.reduce((sum, each) => sum + each, 0) / waits.length).toBeCloseTo(250, -1);
});

test('keys of different seeds differ and look like UUIDs', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (one, other) => {
      fc.pre(one !== other);
      expect(uuidLike(seededRandom(one))).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(uuidLike(seededRandom(one))).not.toBe(uuidLike(seededRandom(other)));
    }),
  );
});
