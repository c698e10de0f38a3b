import { describe, expect, test } from 'vitest';
import { chartStepMs, localDays, offsetsOf } from '../../../src/reports/figures/window.ts';

const timeZone = 'America/New_York';
const HOUR_MS = 3_600_000;
const window = (from: string, to: string) => ({ fromUtcMs: Date.parse(from), toUtcMs: Date.parse(to), timeZone });
const hours = (from: string, to: string) =>
  localDays(window(from, to)).map(({ day, fromUtcMs, toUtcMs }) => [day, (toUtcMs - fromUtcMs) / HOUR_MS]);

describe('local days', () => {
  test('23 hours when the clocks go forward', () =>
    expect(hours('2026-03-07T05:00:00Z', '2026-03-10T04:00:00Z')).toEqual([
      ['2026-03-07', 24],
      ['2026-03-08', 23],
      ['2026-03-09', 24],
    ]));

  test('25 hours when they go back', () =>
    expect(hours('2026-10-31T04:00:00Z', '2026-11-03T05:00:00Z')).toEqual([
      ['2026-10-31', 24],
      ['2026-11-01', 25],
      ['2026-11-02', 24],
    ]));

  test('cut to the window', () =>
    expect(hours('2026-11-25T10:00:00Z', '2026-11-26T07:00:00Z')).toEqual([
      ['2026-11-25', 19],
      ['2026-11-26', 2],
    ]));

  test('a zone whose day begins at one', () => {
    // Beirut's clocks go forward at midnight: 00:00 does not exist.
    const zoned = { ...window('2026-03-28T12:00:00Z', '2026-03-29T12:00:00Z'), timeZone: 'Asia/Beirut' };
    expect(localDays(zoned).map(({ fromUtcMs }) => new Date(fromUtcMs).toISOString())).toEqual([
      '2026-03-28T12:00:00.000Z',
      '2026-03-28T22:00:00.000Z',
    ]);
  });
});

test('offsets of local time, with the change in the window', () =>
  expect(offsetsOf(window('2026-10-31T04:00:00Z', '2026-11-03T05:00:00Z'))).toEqual([
    [Date.parse('2026-10-17T04:00:00Z'), -240],
    [Date.parse('2026-11-01T06:00:00Z'), -300],
  ]));

test.each([
  ['a day', 24, 5],
  ['a week', 7 * 24, 60],
  ['a month', 30 * 24, 360],
  ['two years', 2 * 365 * 24, 10_080],
])('steps of a chart for %s', (_, length, minutes) =>
  expect(chartStepMs({ fromUtcMs: 0, toUtcMs: length * HOUR_MS, timeZone })).toBe(minutes * 60_000),
);
