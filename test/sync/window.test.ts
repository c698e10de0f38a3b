import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fullWindow, lightened, narrowed, widened } from '../../src/sync/window.ts';

const limits = { batchSize: 500, maxBodyBytes: 1024 * 1024 };

/** Sends 1 to `size` with the PMS refusing any batch that holds a bad number; lone ones are skipped. */
function deliver(size: number, bad: ReadonlySet<number>): { requests: number; refusedAlone: number[] } {
  let window = fullWindow(limits);
  let next = 1;
  let requests = 0;
  const refusedAlone: number[] = [];
  while (next <= size) {
    requests += 1;
    const last = Math.min(size, next + window.limit - 1);
    const sent = { last, count: last - next + 1, bytes: 100 };
    const refused = [...bad].some((number) => number >= next && number <= last);
    if (refused && sent.count > 1) {
      window = narrowed(window, sent);
      continue;
    }
    if (refused) refusedAlone.push(next);
    window = widened(window, sent, limits);
    next = last + 1;
  }
  return { requests, refusedAlone };
}

describe('a search by prefix', () => {
  test('finds every bad record and no other', () => {
    const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 1200 }), { maxLength: 6 });
    fc.assert(
      fc.property(numbers, (bad) => {
        expect(deliver(1200, new Set(bad)).refusedAlone).toEqual([...bad].sort((a, b) => a - b));
      }),
    );
  });

  test('needs about log2(n) requests for one bad record', () => {
    for (let bad = 1; bad <= 500; bad += 1) {
      expect(deliver(500, new Set([bad])).requests).toBeLessThanOrEqual(2 * Math.ceil(Math.log2(500)) + 2);
    }
  });
});

describe('the byte limit', () => {
  test('is halved by 413 and comes back after a calm while', () => {
    const sent = { last: 10, count: 10, bytes: 100_000 };
    let window = lightened(fullWindow(limits), sent);
    expect(window.byteLimit).toBe(50_000);
    for (let batches = 0; batches < 49; batches += 1) window = widened(window, sent, limits);
    expect(window.byteLimit).toBe(50_000);
    window = widened(window, sent, limits);
    expect(window.byteLimit).toBe(100_000);
  });

  test('never leaves its bounds', () => {
    const tiny = { last: 1, count: 1, bytes: 1 };
    expect(lightened(fullWindow(limits), tiny).byteLimit).toBe(1);
    let window = fullWindow(limits);
    for (let batches = 0; batches < 200; batches += 1) window = widened(window, tiny, limits);
    expect(window.byteLimit).toBe(limits.maxBodyBytes);
  });
});
