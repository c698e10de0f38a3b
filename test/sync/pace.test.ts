import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Pace, paced, slowed, startPace } from '../../src/sync/pace.ts';

const MOST = 5000;

/** Full requests over a line where one takes `fixedMs` and each record `perRecordMs` more. */
function drain(fixedMs: number, perRecordMs: number, requests = 40): { pace: Pace; durationMs: number } {
  let pace = startPace(MOST);
  let durationMs = 0;
  for (let times = 0; times < requests; times += 1) {
    durationMs = fixedMs + pace.entries * perRecordMs;
    pace = paced(pace, { count: pace.entries, durationMs }, MOST);
  }
  return { pace, durationMs };
}

describe('the size of a request', () => {
  test('keeps the line busy for several round trips, not for long', () => {
    const { durationMs } = drain(80, 0.5);
    expect(durationMs).toBeGreaterThan(5 * 80);
    expect(durationMs).toBeLessThan(10 * 80);
  });

  test('is the ceiling on a line that carries it easily', () => {
    expect(drain(80, 0.001).pace.entries).toBe(MOST);
  });

  test('is small where a single record takes seconds, and never none', () => {
    expect(drain(500, 3000).pace.entries).toBe(1);
  });

  test('grows only by requests that were as large as allowed', () => {
    const pace = startPace(MOST);
    expect(paced(pace, { count: pace.entries - 1, durationMs: 1 }, MOST).entries).toBe(pace.entries);
    expect(paced(pace, { count: pace.entries, durationMs: 1 }, MOST).entries).toBeGreaterThan(pace.entries);
  });

  test('is halved by a time-out', () => {
    expect(slowed({ entries: 1000, baseMs: 80 }, 400, MOST).entries).toBe(200);
    expect(slowed({ entries: 1, baseMs: 80 }, 1, MOST).entries).toBe(1);
  });

  test('stays within its bounds whatever the clock says', () => {
    const step = fc.record({ share: fc.double({ min: 0, max: 1, noNaN: true }), durationMs: fc.nat(1_000_000) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 50 }), fc.integer({ min: 1, max: MOST }), (steps, most) => {
        let pace = startPace(most);
        for (const { share, durationMs } of steps) {
          pace = paced(pace, { count: Math.max(1, Math.round(share * pace.entries)), durationMs }, most);
          expect(Number.isInteger(pace.entries)).toBe(true);
          expect(pace.entries).toBeGreaterThanOrEqual(1);
          expect(pace.entries).toBeLessThanOrEqual(most);
        }
      }),
    );
  });
});

test('the round trip is learnt from small requests, up and down; a long one can only lower it', () => {
  const known = { entries: 100, baseMs: 80 };
  expect(paced(known, { count: 90, durationMs: 800 }, MOST).baseMs).toBe(80);
  expect(paced(known, { count: 90, durationMs: 60 }, MOST).baseMs).toBe(60);
  expect(paced(known, { count: 1, durationMs: 180 }, MOST).baseMs).toBe(105);
});
