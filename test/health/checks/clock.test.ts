import { expect, test } from 'vitest';
import { clockChecks } from '../../../src/health/checks/clock.ts';
import type { WallClockFacts } from '../../../src/health/sources.ts';
import { GOOD_CLOCK, snapshotOf } from '../facts.ts';

const find = (spoilt: Partial<WallClockFacts>, name: string) =>
  clockChecks(snapshotOf({ wallClock: () => ({ ...GOOD_CLOCK, ...spoilt }) })).find((check) => check.name === name);
const byPms = (offsetMs: number) =>
  ({ source: 'pms', offsetMs, uncertaintyMs: 520, pmsOffsetMs: offsetMs, pmsUncertaintyMs: 520 }) as const;

test('a good clock passes, with its source', () => {
  expect(find({}, 'clock:quality')).toMatchObject({ observedValue: 'synchronised', status: 'pass' });
  expect(find({}, 'clock:offset')).toMatchObject({ componentId: 'ntp', observedValue: 4, status: 'pass' });
  expect(find({}, 'clock:pms')).toMatchObject({ observedValue: 296, status: 'pass' });
  expect(find({}, 'clock:server')).toMatchObject({ componentId: 'time.test', observedValue: 'ok', status: 'pass' });
});

test('a clock nobody could be asked about is no warning', () => {
  const nothing = {
    quality: 'unknown',
    source: 'none',
    offsetMs: null,
    uncertaintyMs: null,
    pmsOffsetMs: null,
  } as const;
  expect(
    clockChecks(snapshotOf({ wallClock: () => ({ ...GOOD_CLOCK, ...nothing }) })).map(({ status }) => status),
  ).toEqual(['pass', 'pass', 'pass']);
});

test('off by more than the limit and the uncertainty is a warning that says which way', () => {
  expect(find({ offsetMs: 2015 }, 'clock:offset')?.status).toBe('pass');
  expect(find({ offsetMs: 12_000 }, 'clock:offset')).toMatchObject({
    status: 'warn',
    output: expect.stringMatching(/^By the time servers the clock is behind by 12 s \(within 20 ms\)\. Mend/),
  });
  expect(find({ offsetMs: -12_000 }, 'clock:offset')?.output).toContain('ahead by 12 s');
});

test('a disagreement with the PMS alone shows both readings', () => {
  expect(find(byPms(7_000), 'clock:offset')?.output).toMatch(
    /This box says 2026-11-22T09:00:00\.000Z, the PMS 2026-11-22T09:00:07\.000Z \(within 520 ms\).*clock\.ntp_servers/,
  );
  const far = { ...byPms(-7_200_000), quality: 'unknown', doubt: 'pms_disagrees' } as const;
  expect(find(far, 'clock:quality')).toMatchObject({
    observedValue: 'unknown',
    status: 'warn',
    output: expect.stringContaining('the PMS 2026-11-22T07:00:00.000Z'),
  });
});

test('a PMS whose clock is off is told apart from ours', () => {
  const skewed = { pmsOffsetMs: 10_800_000 };
  expect(find(skewed, 'clock:quality')?.status).toBe('pass');
  expect(find(skewed, 'clock:pms')).toMatchObject({
    status: 'warn',
    output: expect.stringMatching(/^The PMS's clock is ahead of the time servers by 3 h; this box does not follow it/),
  });
});

test.each([
  ['before_release', 'battery'],
  ['behind_own_files', 'written earlier'],
  ['off', 'further off'],
  ['servers_disagree', 'contradict each other'],
])('the doubt %s is told in words', (doubt, words) => {
  expect(find({ quality: 'unsynchronised', doubt }, 'clock:quality')).toMatchObject({
    status: 'warn',
    output: expect.stringContaining(words),
  });
});

test.each(['silent', 'name_not_found', 'unusable', 'rate', 'denied'])('a time server that is %s', (state) => {
  expect(find({ servers: [{ server: 'time.test', state }] }, 'clock:server')).toMatchObject({
    status: 'warn',
    output: expect.stringMatching(/^Time server time\.test .*\. [A-Z]/),
  });
});
