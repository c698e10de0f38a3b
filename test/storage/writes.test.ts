import { expect, test } from 'vitest';
import { daysLeft, WriteVolume, writtenBytes } from '../../src/storage/writes.ts';

const HOUR_MS = 3_600_000;

test('the kernel counts what this process writes, or says nothing', () => {
  expect(writtenBytes()).toSatisfy((bytes: unknown) => bytes === null || Number.isInteger(bytes));
  expect(writtenBytes('/nowhere')).toBeNull();
});

test('a day’s volume: nothing before an hour, then the pace of the last day', () => {
  const volume = new WriteVolume();
  volume.take(0, 1000);
  expect(volume.perDay(HOUR_MS - 1, 2000)).toBeNull();
  expect(volume.perDay(HOUR_MS, 2000)).toBe(24_000);
  for (let hour = 1; hour <= 100; hour += 1) volume.take(hour * HOUR_MS, 1000 + hour * 50);
  expect(volume.perDay(100 * HOUR_MS, 6000)).toBe(1200);
});

test('what is left of a device’s life', () => {
  expect(daysLeft(1e9, 100e9, 50)).toBe(50);
  expect(daysLeft(1e9, 100e9, null)).toBe(100);
  expect(daysLeft(1e9, 100e9, 130)).toBe(0);
  expect(daysLeft(null, 100e9, 50)).toBeNull();
  expect(daysLeft(0, 100e9, 50)).toBeNull();
  expect(daysLeft(1e9, null, 50)).toBeNull();
});
