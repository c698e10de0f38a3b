import { expect, test } from 'vitest';
import type { IntakeItem, IntakeResult } from '../../src/buffer/api.ts';
import { LaneGaps } from '../../src/main/lane-gaps.ts';

let nowMs = 1000;
const fresh = () => new LaneGaps({ utcMs: () => nowMs });

/** A publish of `sequence` by till-1 and what the buffer said of it. */
function see(
  gaps: LaneGaps,
  laneSequence: number,
  isAfterGap = false,
  laneInstance = 'one',
  status = 'accepted',
): void {
  const item = { type: 'record', lane: 'till-1', record: { laneInstance, laneSequence } } as IntakeItem;
  const flags = isAfterGap ? ['lane_sequence_gap'] : [];
  gaps.see([item], [{ status, flags } as IntakeResult]);
}

test('what is left out is missing until it comes', () => {
  const gaps = fresh();
  see(gaps, 5);
  see(gaps, 6);
  expect(gaps.of('till-1')).toEqual({ missing: 0, missingSinceMs: null });
  see(gaps, 9, true);
  nowMs = 2000;
  see(gaps, 10);
  expect(gaps.of('till-1')).toEqual({ missing: 2, missingSinceMs: 1000 });
  see(gaps, 7);
  expect(gaps.of('till-1').missing).toBe(1);
  see(gaps, 8);
  expect(gaps.of('till-1')).toEqual({ missing: 0, missingSinceMs: null });
});

test('after a restart a gap is known to be there, not how long it is', () => {
  const gaps = fresh();
  see(gaps, 50, true);
  expect(gaps.of('till-1').missing).toBe(1);
});

test('a record that was there already says nothing; each installation has its own numbers', () => {
  const gaps = fresh();
  see(gaps, 5);
  see(gaps, 9, true, 'one', 'duplicate');
  see(gaps, 1, false, 'two');
  expect(gaps.of('till-1').missing).toBe(0);
  expect(gaps.of('till-2').missing).toBe(0);
});

test('a till that leaps is bounded', () => {
  const gaps = fresh();
  see(gaps, 1);
  see(gaps, 1_000_000_000, true);
  expect(gaps.of('till-1').missing).toBe(1000);
});
