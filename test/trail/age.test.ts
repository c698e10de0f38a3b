import { expect, it } from 'vitest';
import { WaitingAge } from '../../src/trail/age.ts';

it('tells the age of the oldest that waits, never too young', () => {
  const age = new WaitingAge();
  expect(age.ageMs(5)).toBe(0);
  age.fixed(10, 100);
  age.fixed(20, 150);
  age.fixed(30, 400);
  expect(age.ageMs(1_000)).toBe(900);
  age.stored(10);
  expect(age.ageMs(1_000)).toBe(900);
  age.stored(20);
  expect(age.ageMs(1_000)).toBe(600);
  age.stored(30);
  expect(age.ageMs(1_000)).toBe(0);
});

it('keeps few marks however long something waits', () => {
  const age = new WaitingAge();
  for (let at = 1; at <= 10_000; at += 1) age.fixed(at, at * 1_000);
  age.stored(9_999);
  expect(age.ageMs(10_000_000)).toBeGreaterThan(8_000_000);
  age.stored(10_000);
  expect(age.ageMs(10_000_000)).toBe(0);
});
