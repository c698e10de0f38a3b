import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { breakerOf, cutShort, failed, fullJitterMs, READY, retryAfterMs, succeeded } from '../../src/sync/backoff.ts';

const limits = { retryBaseMs: 500, retryCapMs: 60_000, breakerThreshold: 3 };
const half = () => 0.5;

describe('full jitter', () => {
  test('doubles the ceiling up to the cap', () => {
    expect([0, 1, 2, 10, 5000].map((attempt) => fullJitterMs(attempt, limits, half))).toEqual([
      250, 500, 1000, 30_000, 30_000,
    ]);
  });

  test('stays within [0, cap) for any attempt and any chance', () => {
    fc.assert(
      fc.property(fc.nat(), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (attempt, chance) => {
        const waitMs = fullJitterMs(attempt, limits, () => chance);
        expect(waitMs).toBeGreaterThanOrEqual(0);
        expect(waitMs).toBeLessThan(limits.retryCapMs);
      }),
    );
  });
});

describe('a failure', () => {
  test('counts and waits', () => {
    const once = failed(READY, 1000, null, limits, half);
    expect(once).toEqual({ failures: 1, level: 1, notBeforeMs: 1250, asked: false });
    expect(failed(once, 2000, null, limits, half)).toEqual({ failures: 2, level: 2, notBeforeMs: 2500, asked: false });
  });

  test('is forgotten step by step, also after an outage of days', () => {
    let retry = READY;
    for (let times = 0; times < 5000; times += 1) retry = failed(retry, 0, null, limits, half);
    retry = succeeded(retry);
    expect(retry).toEqual({ failures: 0, level: 7, notBeforeMs: 0, asked: false });
    expect(failed(retry, 0, null, limits, half).notBeforeMs).toBe(30_000);
    for (let times = 0; times < 7; times += 1) retry = succeeded(retry);
    expect(retry).toEqual(READY);
  });

  test('waits at least as long as the PMS asked, a little longer by chance, and never less than our own wait', () => {
    const never = () => 0;
    expect(failed(READY, 0, 9000, limits, never)).toMatchObject({ failures: 1, notBeforeMs: 9000, asked: true });
    expect(failed(READY, 0, 9000, limits, half)).toMatchObject({ notBeforeMs: 11_250 });
    expect(failed(READY, 0, 600_000, limits, half)).toMatchObject({ notBeforeMs: 630_000 });
    expect(failed(READY, 0, 0, limits, half).notBeforeMs).toBe(250);
  });

  test('is cut short by a link that is back, unless the PMS asked for the wait', () => {
    expect(cutShort(failed(READY, 0, null, limits, half), 100).notBeforeMs).toBe(100);
    expect(cutShort(failed(READY, 0, 9000, limits, half), 100).notBeforeMs).toBe(11_250);
    expect(cutShort(READY, 100)).toBe(READY);
  });
});

test('the breaker opens after the threshold and is half open once the wait is over', () => {
  let retry = READY;
  for (let times = 0; times < 2; times += 1) retry = failed(retry, 0, null, limits, half);
  expect(breakerOf(retry, 0, limits)).toBe('closed');
  retry = failed(retry, 0, null, limits, half);
  expect(breakerOf(retry, 0, limits)).toBe('open');
  expect(breakerOf(retry, retry.notBeforeMs, limits)).toBe('half_open');
});

describe('Retry-After', () => {
  const utcMs = Date.parse('2026-11-22T09:00:00Z');
  const cases: [string | null, number | null][] = [
    [null, null],
    ['0', 0],
    ['120', 120_000],
    [' 7 ', 7000],
    ['999999', 600_000],
    ['Sun, 22 Nov 2026 09:00:30 GMT', 30_000],
    ['Sun, 22 Nov 2026 08:00:00 GMT', 0],
    ['Sun, 22 Nov 2099 08:00:00 GMT', 600_000],
    ['soon', null],
    ['-5', null],
    ['1.5', null],
    ['2026-11-22T09:00:30Z', null],
  ];
  test.each(cases)('%s', (header, expected) => {
    expect(retryAfterMs(header, utcMs, 600_000)).toBe(expected);
  });

  test('no text makes it throw or leave the bounds', () => {
    fc.assert(
      fc.property(fc.string(), (header) => {
        const waitMs = retryAfterMs(header, utcMs, 600_000);
        expect(waitMs === null || (waitMs >= 0 && waitMs <= 600_000)).toBe(true);
      }),
    );
  });
});
