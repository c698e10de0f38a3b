import { describe, expect, test } from 'vitest';
import { inOrder, placed } from '../../../src/reports/figures/merged.ts';
import type { TrailEntry } from '../../../src/reports/figures/segments.ts';

const entry = (
  log: TrailEntry['log'],
  boot: string,
  monotonicMs: number,
  more: Partial<TrailEntry> = {},
): TrailEntry => ({
  log,
  index: 0,
  kind: 'link',
  boot,
  monotonicMs,
  utcMs: monotonicMs,
  body: {},
  ...more,
});
const audit = (boot: string, monotonicMs: number) => entry('audit', boot, monotonicMs);
const two = (boot: string, monotonicMs: number) => entry('schedule_two', boot, monotonicMs);
const words = (entries: Iterable<TrailEntry>) =>
  [...entries].map(({ log, boot, monotonicMs }) => `${log[0]}${boot}${monotonicMs}`);

describe('order of both trails', () => {
  test('by boots as audit tells them, within a boot by the monotonic clock', () => {
    const merged = inOrder(
      [audit('A', 1), audit('A', 5), audit('B', 2)].values(),
      [two('A', 3), two('A', 9), two('B', 1), two('B', 4)].values(),
    );
    expect(words(merged)).toEqual(['aA1', 'sA3', 'aA5', 'sA9', 'sB1', 'aB2', 'sB4']);
  });

  test('a boot in which nothing of Schedule II happened', () => {
    const merged = inOrder([audit('A', 1), audit('B', 1), audit('C', 1)].values(), [two('A', 2), two('C', 2)].values());
    expect(words(merged)).toEqual(['aA1', 'sA2', 'aB1', 'aC1', 'sC2']);
  });
});

describe('the time by which an entry is counted', () => {
  const times = (entries: readonly TrailEntry[]) => [...placed(entries)].map(({ atMs }) => atMs);
  const at = (utcMs: number, kind = 'link', body: object = {}) => entry('audit', 'A', 0, { utcMs, kind, body });

  test('its own', () => expect(times([at(5000), at(9000)])).toEqual([5000, 9000]));

  test('a box that starts in 1970 does not put its records there', () =>
    expect(times([at(9000), at(0, 'start'), at(40), at(9500, 'clock', { to: 'synchronised' }), at(9600)])).toEqual([
      9000, 9000, 9000, 9500, 9600,
    ]));

  test('a synchronised clock is believed, also when it goes back', () =>
    expect(times([at(1, 'clock', { to: 'synchronised' }), at(9000), at(8000)])).toEqual([1, 9000, 8000]));

  test('a told step is believed', () =>
    expect(times([at(9000), at(7000, 'clock_step'), at(7100)])).toEqual([9000, 7000, 7100]));
});
