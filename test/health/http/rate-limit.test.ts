import { expect, test } from 'vitest';
import { RateLimit } from '../../../src/health/http/rate-limit.ts';

function limit() {
  let now = 0;
  const rate = new RateLimit({ monotonicMs: () => now });
  const served = (address: string, count: number) =>
    Array.from({ length: count }, () => rate.take(address)).filter((taken) => taken).length;
  return { served, pass: (ms: number) => (now += ms) };
}

test('a burst is served, then as many as come in with time; another address has its own', () => {
  const { served, pass } = limit();
  expect(served('192.0.2.1', 500)).toBe(200);
  expect(served('192.0.2.2', 10)).toBe(10);
  pass(1000);
  expect(served('192.0.2.1', 500)).toBe(50);
  pass(3_600_000);
  expect(served('192.0.2.1', 500)).toBe(200);
});

test('whoever is on the box is not counted', () => {
  const { served } = limit();
  expect(served('127.0.0.1', 1000)).toBe(1000);
  expect(served('::1', 1000)).toBe(1000);
});
