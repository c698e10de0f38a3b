import type { Random } from '../../base/clock.ts';

/**
 * Repeatable random numbers: the same seed gives the same run. A Weyl sequence through a 32-bit finaliser
 * (the "lowbias32" constants by C. Wellons); good enough to choose which request meets a fault.
 * @param seed any integer; its low 32 bits count.
 */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}
