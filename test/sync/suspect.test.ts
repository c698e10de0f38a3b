import { expect, test } from 'vitest';
import { acquitted, isOnTrial, type Suspect, suspected } from '../../src/sync/suspect.ts';

const AFTER_MS = 300_000;

/** So many failures of record 7, spread evenly over this time. */
function failing(times: number, overMs: number): Suspect | null {
  let suspect: Suspect | null = null;
  for (let at = 0; at < times; at += 1) suspect = suspected(suspect, 7, (overMs * at) / (times - 1));
  return suspect;
}

test('a trial needs both enough failures and enough time', () => {
  expect(isOnTrial(failing(6, AFTER_MS), AFTER_MS, AFTER_MS)).toBe(true);
  expect(isOnTrial(failing(5, AFTER_MS), AFTER_MS, AFTER_MS)).toBe(false);
  expect(isOnTrial(failing(50, AFTER_MS - 1), AFTER_MS - 1, AFTER_MS)).toBe(false);
  expect(isOnTrial(null, AFTER_MS, AFTER_MS)).toBe(false);
});

test('a trial follows its failure at once or not at all', () => {
  expect(isOnTrial(failing(6, AFTER_MS), AFTER_MS + 5000, AFTER_MS)).toBe(true);
  expect(isOnTrial(failing(6, AFTER_MS), AFTER_MS + 5001, AFTER_MS)).toBe(false);
});

test('another record, and a trial that came to nothing, begin the count anew', () => {
  const suspect = failing(6, AFTER_MS);
  expect(suspected(suspect, 8, 9)).toEqual({ sequence: 8, times: 1, sinceMs: 9, lastMs: 9 });
  expect(isOnTrial(acquitted(suspect, AFTER_MS), 2 * AFTER_MS, AFTER_MS)).toBe(false);
  expect(acquitted(null, 1)).toBeNull();
});
