/**
 * Seeded chance: the same seed gives the same run, so a violation found at night can be laid out again in the morning.
 */
import type { Random } from '../../../src/base/clock.ts';

/** Mulberry32: a small generator of good enough spread, uniform in [0, 1). `seed` is taken modulo 2^32. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A whole number in [0, below). */
export function below(random: Random, limit: number): number {
  return Math.floor(random() * limit);
}

/** One of `items`, which must not be empty. */
export function pick<T>(random: Random, items: readonly T[]): T {
  const item = items[below(random, items.length)];
  if (item === undefined) throw new Error('pick: nothing to pick from');
  return item;
}

/** At most `count` of `items`, chosen without repetition, in random order. */
export function sample<T>(random: Random, items: readonly T[], count: number): T[] {
  const pool = [...items];
  const taken = Math.min(count, pool.length);
  for (let place = 0; place < taken; place++) {
    const other = place + below(random, pool.length - place);
    const here = pool[place] as T;
    pool[place] = pool[other] as T;
    pool[other] = here;
  }
  return pool.slice(0, taken);
}

/** The run's seed: `CRASH_SEED` when set, else one from the clock. Always printed, so that the run can be repeated. */
export function runSeed(): number {
  const given = process.env.CRASH_SEED;
  return given === undefined ? Date.now() >>> 0 : Number(given) >>> 0;
}

/** A whole number from the environment, or `fallback`. */
export function numberFromEnvironment(name: string, fallback: number): number {
  const given = process.env[name];
  if (given === undefined || given === '') return fallback;
  const value = Number(given);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${name} must be a whole number, not ${given}`);
  return value;
}
