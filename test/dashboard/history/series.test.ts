import { expect, test } from 'vitest';
import { HALF_HOUR_MS, MINUTE_MS } from '../../../src/dashboard/history/history.ts';
import { SPANS, seriesOf, stepMs } from '../../../src/dashboard/history/series.ts';
import { quiet } from '../quiet.ts';

const NOW_MS = Date.UTC(2026, 10, 22, 9, 7, 30);

test.each(SPANS)('the last %s ends now and has steps of equal length', (span) => {
  const asked: [number, number, number][] = [];
  const steps = seriesOf(
    {
      read: (periodMs, from, count) => {
        asked.push([periodMs, from, count]);
        return Array.from({ length: count }, (_, index) => (index === 0 ? null : quiet({ accepted: 1 })));
      },
    },
    span,
    NOW_MS,
  );
  const length = { hour: 3_600_000, day: 86_400_000, month: 31 * 86_400_000 }[span];
  expect(steps.length * stepMs(span)).toBe(length);
  const last = steps.at(-1)?.atMs ?? 0;
  expect(last).toBeLessThanOrEqual(NOW_MS);
  expect(last + stepMs(span)).toBeGreaterThan(NOW_MS);
  const [[periodMs, from, count] = [0, 0, 0]] = asked;
  expect(periodMs).toBe(span === 'month' ? HALF_HOUR_MS : MINUTE_MS);
  expect(from * periodMs).toBe(steps[0]?.atMs);
  expect(count * periodMs).toBe(length);
  expect(steps.at(-1)?.figures?.accepted).toBe(stepMs(span) / periodMs);
});

test('a time in which the gateway did not run has no figures', () => {
  const steps = seriesOf({ read: (_period, _from, count) => Array.from({ length: count }, () => null) }, 'day', NOW_MS);
  expect(steps.every(({ figures }) => figures === null)).toBe(true);
});
