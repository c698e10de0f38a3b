import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  agree,
  consensus,
  offsetOf,
  type Reading,
  readPulse,
  surer,
  uncertaintyOf,
} from '../../../src/link/time/reading.ts';

const at = (aheadMs: number, uncertaintyMs: number, takenAtMs = 0): Reading => ({ aheadMs, uncertaintyMs, takenAtMs });
const UTC_MS = Date.UTC(2026, 10, 22, 9, 0, 0);

test('the offset follows a wall clock that was set', () => {
  const reading = at(UTC_MS, 5);
  expect(offsetOf(reading, { utcMs: UTC_MS + 1000, monotonicMs: 1000 })).toBe(0);
  expect(offsetOf(reading, { utcMs: UTC_MS + 1000 - 3000, monotonicMs: 1000 })).toBe(3000);
});

test('a reading loses worth with its age', () => {
  expect(uncertaintyOf(at(0, 5), 3_600_000)).toBeCloseTo(5 + 180);
});

describe('consensus', () => {
  test('of one is that one, of none is none', () => {
    expect(consensus([at(0, 5)], 0)).toEqual(at(0, 5));
    expect(consensus([], 0)).toBeNull();
  });

  test('two that contradict each other are not believed, three of which two agree are', () => {
    expect(consensus([at(0, 5), at(9_000, 1)], 0)).toBeNull();
    expect(consensus([at(0, 5), at(9_000, 1), at(3, 4)], 0)).toEqual(at(3, 4));
  });

  test('what it gives agrees with more than half', () => {
    const reading = fc.record({
      aheadMs: fc.integer({ min: -50, max: 50 }),
      uncertaintyMs: fc.integer({ min: 1, max: 30 }),
      takenAtMs: fc.constant(0),
    });
    fc.assert(
      fc.property(fc.array(reading, { maxLength: 7 }), (readings) => {
        const found = consensus(readings, 0);
        if (found === null) return;
        // The surest of a set around one reading: that one agrees with the whole set.
        const best = Math.max(...readings.map((one) => readings.filter((other) => agree(one, other, 0)).length));
        expect(best * 2).toBeGreaterThan(readings.length);
        expect(readings).toContainEqual(found);
      }),
    );
  });
});

describe('the surer reading of one clock', () => {
  test('is the one with less uncertainty, while they agree', () => {
    expect(surer(at(0, 5), at(3, 500, 1000))).toEqual(at(0, 5));
    expect(surer(at(0, 500), at(3, 5, 1000))).toEqual(at(3, 5, 1000));
    expect(surer(null, at(3, 5))).toEqual(at(3, 5));
  });

  test('is the newer one when they contradict each other: that clock was set', () => {
    expect(surer(at(0, 5), at(9_000, 500, 1000))).toEqual(at(9_000, 500, 1000));
  });
});

describe("the PMS's word", () => {
  const pulse = { sentAtMs: 1000, answeredAtMs: 1100, date: 'Sun, 22 Nov 2026 09:00:00 GMT', timeUtc: null };

  test('a Date says whole seconds', () => {
    expect(readPulse(pulse)).toEqual({ aheadMs: UTC_MS + 500 - 1050, uncertaintyMs: 550, takenAtMs: 1100 });
  });

  test('time_utc goes before Date, as exact as it is written', () => {
    expect(readPulse({ ...pulse, timeUtc: '2026-11-22T09:00:10.123Z' })).toEqual({
      aheadMs: UTC_MS + 10_123.5 - 1050,
      uncertaintyMs: 50.5,
      takenAtMs: 1100,
    });
    expect(readPulse({ ...pulse, timeUtc: '2026-11-22T10:00:10+01:00' })).toMatchObject({ uncertaintyMs: 550 });
  });

  test('what is no time is not guessed at', () => {
    expect(readPulse({ ...pulse, date: 'yesterday' })).toBeNull();
    expect(readPulse({ ...pulse, date: null })).toBeNull();
    expect(readPulse({ ...pulse, timeUtc: 'soon' })).toMatchObject({ uncertaintyMs: 550 });
  });
});
