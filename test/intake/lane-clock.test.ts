import { expect, test } from 'vitest';
import { LaneClock } from '../../src/intake/lane-clock.ts';

test('nothing is known before the first record; then the one that waited least counts', () => {
  const clock = new LaneClock();
  expect(clock.offsetMs).toBeNull();
  for (const ahead of [-600_000, -120_400, -800_000]) clock.take(ahead);
  expect(clock.offsetMs).toBe(-120_400);
});

test('a till whose clock is set right is right once its earlier records are gone', () => {
  const clock = new LaneClock();
  clock.take(3_600_000);
  for (let n = 0; n < 31; n += 1) clock.take(-200);
  expect(clock.offsetMs).toBe(3_600_000);
  clock.take(-300);
  expect(clock.offsetMs).toBe(-200);
});
