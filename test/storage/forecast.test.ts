import { expect, test } from 'vitest';
import { Forecast } from '../../src/storage/forecast.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Measured every 15 s. */
function fed(untilMs: number, shareAt: (atMs: number) => number): Forecast {
  const forecast = new Forecast();
  for (let atMs = 0; atMs <= untilMs; atMs += 15_000) forecast.take(atMs, shareAt(atMs));
  return forecast;
}

test('says nothing before it has seen two minutes', () => {
  const rising = (atMs: number) => 0.5 + atMs / (10 * HOUR_MS);
  expect(fed(MINUTE_MS, rising).fullInMs(0.5)).toBeNull();
  expect(fed(3 * MINUTE_MS, rising).fullInMs(0.5)).not.toBeNull();
});

test('a steady rise is carried on', () => {
  const forecast = fed(20 * MINUTE_MS, (atMs) => 0.2 + atMs / (10 * HOUR_MS));
  expect(forecast.fullInMs(0.2 + 20 / 600)).toBeCloseTo((1 - 0.2 - 20 / 600) * 10 * HOUR_MS, -3);
});

test('one reclaim or one bad reading does not turn the trend round', () => {
  const rise = (atMs: number) => 0.2 + atMs / (10 * HOUR_MS);
  const clean = fed(10 * MINUTE_MS, rise).fullInMs(0.3) ?? 0;
  const dented = fed(10 * MINUTE_MS, (atMs) => (atMs === 3 * MINUTE_MS ? 0 : rise(atMs))).fullInMs(0.3) ?? 0;
  expect(dented / clean).toBeGreaterThan(0.9);
  expect(dented / clean).toBeLessThan(1.1);
});

test('nothing is said of what shrinks or stands still', () => {
  expect(fed(HOUR_MS, () => 0.5).fullInMs(0.5)).toBeNull();
  expect(fed(HOUR_MS, (atMs) => 0.5 - atMs / (100 * HOUR_MS)).fullInMs(0.4)).toBeNull();
});

test('the sooner of the two trends counts: a calm day, then a flood', () => {
  const floodFromMs = 20 * HOUR_MS;
  const forecast = fed(floodFromMs + 10 * MINUTE_MS, (atMs) =>
    atMs < floodFromMs ? 0.2 + atMs / (1000 * HOUR_MS) : 0.22 + (atMs - floodFromMs) / HOUR_MS,
  );
  expect(forecast.fullInMs(0.387)).toBeLessThan(HOUR_MS);
});

test('an evening without sales does not hide the day', () => {
  const forecast = fed(24 * HOUR_MS, (atMs) => 0.2 + Math.min(atMs, 20 * HOUR_MS) / (100 * HOUR_MS));
  expect(forecast.fullInMs(0.4)).not.toBeNull();
});

test('already over the brim is now', () => {
  expect(fed(10 * MINUTE_MS, (atMs) => 0.9 + atMs / (10 * HOUR_MS)).fullInMs(1.2)).toBe(0);
});
