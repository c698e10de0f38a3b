import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ballastFor, type StorageLimits, type StorageReading, utilisationOf } from '../../src/storage/level.ts';

const MIB = 1024 * 1024;
const LIMITS: StorageLimits = {
  openAt: 0.8,
  closeAt: 0.7,
  reserveAt: 0.95,
  reclaimAt: 0.6,
  maxBytes: null,
  maxRecords: null,
  ballastBytes: 2 * MIB,
  minFreeBytes: MIB,
  giveUpBelowBytes: MIB,
};
const READING: StorageReading = {
  bufferDisk: { usedBytes: 40 * MIB, freeBytes: 60 * MIB },
  trailDisk: { usedBytes: 10 * MIB, freeBytes: 90 * MIB },
  bufferBytes: 20 * MIB,
  reusableBytes: 0,
  records: 500,
  ballastBytes: 2 * MIB,
};
const at = (reading: Partial<StorageReading>, limits: Partial<StorageLimits> = {}) =>
  utilisationOf({ ...READING, ...reading }, { ...LIMITS, ...limits });

describe('the largest share counts', () => {
  test.each([
    ['the buffer’s disk', {}, {}, 'buffer_disk', 0.4],
    ['the trail’s disk', { trailDisk: { usedBytes: 85, freeBytes: 15 } }, {}, 'trail_disk', 0.85],
    ['records', { records: 900 }, { maxRecords: 1000 }, 'records', 0.9],
    ['bytes', { bufferBytes: 30 * MIB }, { maxBytes: 40 * MIB }, 'buffer_bytes', 0.75],
  ] as const)('%s', (_name, reading, limits, by, share) => {
    expect(at(reading, limits)).toMatchObject({ by, share: expect.closeTo(share, 9), isFull: false });
  });

  test('a trail’s disk that cannot be asked is another part’s trouble', () => {
    expect(at({ trailDisk: null })).toMatchObject({ by: 'buffer_disk', shares: { buffer_disk: 0.4 } });
  });
});

test('free pages inside the buffer count as free, for the disk and for max_bytes', () => {
  const { shares } = at({ reusableBytes: 10 * MIB }, { maxBytes: 40 * MIB });
  expect(shares).toMatchObject({ buffer_disk: 0.3, buffer_bytes: 0.25 });
});

test('giving up the ballast changes no share: it was counted as used and still is', () => {
  const before = at({});
  const after = at({ bufferDisk: { usedBytes: 38 * MIB, freeBytes: 62 * MIB }, ballastBytes: 0 });
  expect(after.share).toBe(before.share);
});

describe('full', () => {
  const short = { bufferDisk: { usedBytes: 99.5 * MIB, freeBytes: 0.5 * MIB } };

  test('only once the ballast is gone', () => {
    expect(at(short).isFull).toBe(false);
    expect(at({ ...short, ballastBytes: 0 }).isFull).toBe(true);
    expect(at({ ...short, ballastBytes: 0, reusableBytes: MIB }).isFull).toBe(false);
  });

  test('when a limit of the configuration is reached', () => {
    expect(at({ records: 1000 }, { maxRecords: 1000 }).isFull).toBe(true);
    expect(at({ records: 999 }, { maxRecords: 1000 }).isFull).toBe(false);
    expect(at({ bufferBytes: 40 * MIB }, { maxBytes: 40 * MIB }).isFull).toBe(true);
    expect(at({ bufferBytes: 40 * MIB, reusableBytes: 1 }, { maxBytes: 40 * MIB }).isFull).toBe(false);
  });
});

test('more used never means a smaller share', () => {
  const bytes = fc.integer({ min: 0, max: 1e12 });
  fc.assert(
    fc.property(bytes, bytes, bytes, (usedBytes, freeBytes, moved) => {
      const more = Math.min(moved, freeBytes);
      const less = at({ bufferDisk: { usedBytes, freeBytes }, trailDisk: null }).share;
      const greater = at({ bufferDisk: { usedBytes: usedBytes + more, freeBytes: freeBytes - more }, trailDisk: null });
      expect(greater.share).toBeGreaterThanOrEqual(less);
    }),
  );
});

test('an empty filesystem of no size is full', () => {
  expect(at({ bufferDisk: { usedBytes: 0, freeBytes: 0 } }).share).toBe(1);
});

test('the ballast is a hundredth of the disk, within bounds', () => {
  expect(ballastFor({ usedBytes: 0, freeBytes: 1000 * MIB })).toBe(10 * MIB);
  expect(ballastFor({ usedBytes: 0, freeBytes: 16 * MIB })).toBe(2 * MIB);
  expect(ballastFor({ usedBytes: 1e12, freeBytes: 0 })).toBe(64 * MIB);
});
