import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ClockSources, clockWord } from '../../../src/link/time/clock-verdict.ts';
import type { Reading } from '../../../src/link/time/reading.ts';

const NOW = { utcMs: Date.UTC(2026, 10, 22, 9, 0, 0), monotonicMs: 5_000 };
const LIMITS = { alarmMs: 300_000, notBeforeMs: Date.UTC(2026, 10, 1), newestWriteMs: null };
const NOBODY: ClockSources = { ntp: null, serversDisagree: false, pms: null };

/** A source that says we are off by this much. */
const saying = (offsetMs: number, uncertaintyMs = 20): Reading => ({
  aheadMs: NOW.utcMs - NOW.monotonicMs + offsetMs,
  uncertaintyMs,
  takenAtMs: NOW.monotonicMs,
});
const word = (sources: Partial<ClockSources>, limits = {}, now = NOW, was: 'unknown' | 'unsynchronised' = 'unknown') =>
  clockWord({ ...NOBODY, ...sources }, now, { ...LIMITS, ...limits }, was);

test('nobody to ask: unknown', () => {
  expect(word({})).toEqual({
    quality: 'unknown',
    source: 'none',
    offsetMs: null,
    uncertaintyMs: null,
    pmsOffsetMs: null,
    pmsUncertaintyMs: null,
    doubt: null,
  });
});

describe('the time servers decide', () => {
  test.each([
    [0, 'synchronised', null],
    [-299_980, 'synchronised', null],
    [299_981, 'unsynchronised', 'off'],
    [-3_600_000, 'unsynchronised', 'off'],
  ])('off by %i ms', (offsetMs, quality, doubt) => {
    expect(word({ ntp: saying(offsetMs) })).toMatchObject({
      quality,
      doubt,
      source: 'ntp',
      offsetMs,
      uncertaintyMs: 20,
    });
  });

  test('a PMS whose clock is hours off changes nothing', () => {
    const skewed = saying(-7_200_000, 550);
    expect(word({ ntp: saying(10), pms: skewed })).toMatchObject({
      quality: 'synchronised',
      source: 'ntp',
      offsetMs: 10,
      pmsOffsetMs: -7_200_000,
      doubt: null,
    });
    expect(word({ ntp: saying(600_000), pms: saying(0) }).quality).toBe('unsynchronised');
  });

  test('back only well inside the limit', () => {
    expect(word({ ntp: saying(250_000) }, {}, NOW, 'unsynchronised').quality).toBe('unsynchronised');
    expect(word({ ntp: saying(230_000) }, {}, NOW, 'unsynchronised').quality).toBe('synchronised');
  });
});

describe('only the PMS', () => {
  test('agreement is enough, disagreement is nobody knows', () => {
    expect(word({ pms: saying(1_000, 550) })).toMatchObject({ quality: 'synchronised', source: 'pms', doubt: null });
    expect(word({ pms: saying(7_200_000, 550) })).toMatchObject({ quality: 'unknown', doubt: 'pms_disagrees' });
  });

  test('stands in for servers that contradict each other, and that is told', () => {
    expect(word({ serversDisagree: true, pms: saying(0, 550) })).toMatchObject({
      quality: 'synchronised',
      source: 'pms',
      doubt: 'servers_disagree',
    });
    expect(word({ serversDisagree: true })).toMatchObject({ quality: 'unknown', doubt: 'servers_disagree' });
  });
});

describe('a clock that cannot be right', () => {
  const in1970 = { utcMs: 90_000, monotonicMs: 5_000 };

  test('is known before anybody was asked', () => {
    expect(word({}, {}, in1970)).toMatchObject({ quality: 'unsynchronised', doubt: 'before_release' });
  });

  test('whoever says that it is 1970', () => {
    const same = { aheadMs: 85_000, uncertaintyMs: 1, takenAtMs: 5_000 };
    expect(word({ ntp: same, pms: same }, {}, in1970).quality).toBe('unsynchronised');
  });

  test('is behind what the box has written; a source that agrees today clears it', () => {
    const future = { newestWriteMs: NOW.utcMs + 86_400_000 };
    expect(word({}, future)).toMatchObject({ quality: 'unsynchronised', doubt: 'behind_own_files' });
    expect(word({ pms: saying(86_400_000, 550) }, future).quality).toBe('unsynchronised');
    expect(word({ pms: saying(0, 550) }, future).quality).toBe('synchronised');
    expect(word({ ntp: saying(0) }, future).quality).toBe('synchronised');
    expect(word({}, { newestWriteMs: NOW.utcMs + 60_000 }).quality).toBe('unknown');
  });
});

test('synchronised is never said of a clock that its source puts outside the limit', () => {
  const reading = fc.record({
    off: fc.integer({ min: -900_000, max: 900_000 }),
    sure: fc.integer({ min: 0, max: 20_000 }),
  });
  fc.assert(
    fc.property(fc.option(reading), fc.option(reading), fc.boolean(), (ntp, pms, serversDisagree) => {
      const sources = {
        ntp: ntp === null ? null : saying(ntp.off, ntp.sure),
        pms: pms === null ? null : saying(pms.off, pms.sure),
        serversDisagree,
      };
      const said = word(sources);
      if (said.quality !== 'synchronised') return;
      expect(Math.abs(said.offsetMs ?? Number.NaN)).toBeLessThanOrEqual(LIMITS.alarmMs);
    }),
  );
});
