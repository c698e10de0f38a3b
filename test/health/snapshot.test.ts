import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { countOf, isLate, oldestOf, percentile, readinessOf } from '../../src/health/snapshot.ts';
import { bufferWith, GOOD_BUFFER, NOW_MS, snapshotOf } from './facts.ts';

describe('percentile', () => {
  test('nearest rank', () => {
    expect(percentile([], 0.5)).toBeNull();
    expect(percentile([7], 0.99)).toBe(7);
    expect(percentile([1, 2, 3, 4], 0.5)).toBe(2);
    expect(
      percentile(
        Array.from({ length: 200 }, (_value, index) => index + 1),
        0.99,
      ),
    ).toBe(198);
  });

  test('is one of the numbers, and that share of them is not above it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ noNaN: true }), { minLength: 1 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (list, share) => {
          const ascending = list.toSorted((a, b) => a - b);
          const found = percentile(ascending, share) ?? Number.NaN;
          expect(ascending).toContain(found);
          expect(ascending.filter((each) => each <= found).length).toBeGreaterThanOrEqual(
            Math.floor(share * list.length),
          );
        },
      ),
    );
  });
});

test('the oldest is the lowest sequence, whatever the clock said', () => {
  const young = { sequence: 7, receivedAtMs: NOW_MS + 5, ageMs: 10, sameBoot: true };
  const old = { sequence: 9, receivedAtMs: NOW_MS - 99_000, ageMs: 99_000, sameBoot: true };
  const { buffer } = snapshotOf(bufferWith({ oldestPending: { NONE: old, II: young } }));
  expect(oldestOf(buffer)).toMatchObject({ sequence: 7, schedule: 'II' });
  expect(oldestOf(GOOD_BUFFER)).toBeNull();
  expect(oldestOf(null)).toBeNull();
});

test('counts by state, of one schedule and of all', () => {
  expect(countOf(GOOD_BUFFER, 'SYNCED')).toBe(119);
  expect(countOf(GOOD_BUFFER, 'SYNCED', 'II')).toBe(20);
  expect(countOf(GOOD_BUFFER, 'HELD')).toBe(0);
  expect(countOf(null, 'SYNCED')).toBe(0);
});

test('a record of an earlier boot is late at any age', () => {
  const { limits } = snapshotOf();
  const oldest = { sequence: 1, receivedAtMs: 0, ageMs: 1000 };
  expect(isLate({ ...oldest, sameBoot: true }, limits)).toBe(false);
  expect(isLate({ ...oldest, sameBoot: false }, limits)).toBe(true);
  expect(isLate({ ...oldest, ageMs: 120_001, sameBoot: true }, limits)).toBe(true);
});

describe('readiness: a lane can be acknowledged', () => {
  test('is not lost with the WAN', () => {
    expect(readinessOf(snapshotOf({ link: () => null, streams: () => [], storage: () => null })).ready).toBe(true);
  });

  test('is lost without buffer, after a failed commit, without broker; every reason is named', () => {
    const { intake } = snapshotOf();
    const broken = snapshotOf({
      buffer: () => null,
      commitFailure: () => ({ code: 'storage_io', atMs: NOW_MS }),
      intake: () => ({ ...intake, listening: false }),
    });
    expect(readinessOf(broken)).toEqual({
      ready: false,
      reasons: ['the buffer is not open', 'the latest commit failed (storage_io)', 'the broker is not listening'],
    });
  });
});
