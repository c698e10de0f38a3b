/**
 * Repeatable chance: the same seed gives the same run, on every machine, so that a failure found at night can be
 * replayed in the morning. The generator is sfc32 (PractRand's "Small Fast Counting"), seeded by a SHA-256 of the
 * seed's text: its state is large enough that keys of different seeds never meet. Not for secrets.
 */
import { hash } from 'node:crypto';
import type { Random } from '../../base/clock.ts';

/** A stream of numbers in [0, 1) that depends on `seed` only. */
export function seededRandom(seed: string): Random {
  const bytes = Buffer.from(hash('sha256', seed, 'hex'), 'hex');
  let a = bytes.readUInt32LE(0);
  let b = bytes.readUInt32LE(4);
  let c = bytes.readUInt32LE(8);
  let counter = bytes.readUInt32LE(12);
  return () => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  };
}

/** Whole number from `from` to `to`, both included. */
export function wholeNumber(random: Random, from: number, to: number): number {
  return from + Math.floor(random() * (to - from + 1));
}

/** One of a list that is not empty. */
export function pick<T>(random: Random, list: readonly T[]): T {
  const picked = list[Math.floor(random() * list.length)];
  if (picked === undefined) throw new RangeError('nothing to pick from');
  return picked;
}

/** One of a list of choices with weights; weights need not add up to anything. */
export function pickWeighted<T>(random: Random, choices: readonly (readonly [weight: number, choice: T])[]): T {
  let left = random() * choices.reduce((sum, [weight]) => sum + weight, 0);
  for (const [weight, choice] of choices) {
    left -= weight;
    if (left < 0) return choice;
  }
  const last = choices.at(-1);
  if (last === undefined) throw new RangeError('nothing to pick from');
  return last[1];
}

/** Time to the next of events that come `perSecond` on average, in ms (exponential: a Poisson process). */
export function waitMs(random: Random, perSecond: number): number {
  return (-Math.log(1 - random()) / perSecond) * 1000;
}

/** `count` decimal digits. */
export function digits(random: Random, count: number): string {
  return Array.from({ length: count }, () => wholeNumber(random, 0, 9)).join('');
}

/** A text in the form of a version 4 UUID (RFC 9562); repeatable, so unique only within one traffic. */
export function uuidLike(random: Random): string {
  const hex = () => wholeNumber(random, 0, 15).toString(16);
  return 'xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx'.replaceAll('x', hex);
}
