/** Clocks that go back, jump or were never set: told, with the entry that tells of it, and never a fault. */
import { expect, test } from 'vitest';
import { begunTrail, end, judge, logOf, type MadeTrail } from './made.ts';

const HOUR_MS = 3_600_000;

function remarksOf(trail: MadeTrail, log: 'audit' | 'schedule_two' = 'audit'): string[] {
  end(trail);
  const verdict = logOf(judge(trail), log);
  expect(verdict.faults).toEqual([]);
  return verdict.remarks
    .filter(({ code }) => code.startsWith('time_'))
    .map(({ code, index, message }) => `${code} ${index}: ${message}`);
}

test('a clock that runs as it should is no remark, also over a restart', () => {
  const trail = begunTrail();
  trail.audit.intake(1);
  Object.assign(trail.audit, { boot: 'another-boot', monotonicMs: 5000 });
  trail.audit.utcMs += HOUR_MS;
  trail.audit.intake(1);
  expect(remarksOf(trail)).toEqual([]);
});

test('set back while the machine ran, and told by an entry', () => {
  const trail = begunTrail();
  trail.audit.utcMs -= HOUR_MS;
  const index = trail.audit.intake(1);
  const told = trail.audit.entry('clock_step', { by_ms: -HOUR_MS, count: 1, from: 'synchronised', to: 'unknown' });
  expect(remarksOf(trail)).toEqual([
    expect.stringMatching(
      new RegExp(`^time_back ${index}: .*went back by 3600.0 s while the machine ran .*entry ${told} tells of it$`),
    ),
  ]);
});

test('set back in silence', () => {
  const trail = begunTrail();
  trail.audit.utcMs -= HOUR_MS;
  trail.audit.intake(1);
  expect(remarksOf(trail)[0]).toMatch(/no entry about the clock tells of it$/);
});

test('put forward, and told in the other trail', () => {
  const trail = begunTrail();
  for (const maker of [trail.audit, trail.scheduleTwo]) maker.utcMs += HOUR_MS;
  const told = trail.audit.entry('clock_step', { by_ms: HOUR_MS, count: 1, from: 'synchronised', to: 'unknown' });
  const index = trail.scheduleTwo.intake(1);
  expect(remarksOf(trail, 'schedule_two')).toEqual([
    expect.stringMatching(new RegExp(`^time_jump ${index}: .*entry ${told} of the other trail tells of it$`)),
  ]);
});

test('a machine that came back in 1970', () => {
  const trail = begunTrail();
  Object.assign(trail.audit, { boot: 'another-boot', monotonicMs: 5000, utcMs: 12_000 });
  const index = trail.audit.entry('start', {});
  trail.audit.intake(1);
  const [early, back] = remarksOf(trail);
  expect(early).toMatch(new RegExp(`^time_before_2020 ${index}: 2 entries`));
  expect(back).toMatch(new RegExp(`^time_back ${index}: .*while the machine was off`));
});
