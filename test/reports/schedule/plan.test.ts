import { describe, expect, test } from 'vitest';
import { dueRuns, MOST_MISSED, type Plan } from '../../../src/reports/schedule/plan.ts';

const plan: Plan = {
  schedules: [
    { name: 'daily', kind: 'daily', cron: '15 5 * * *' },
    { name: 'weekly', kind: 'weekly', cron: '30 5 * * 1' },
    { name: 'monthly', kind: 'monthly', cron: '0 6 1 * *' },
    { name: 'night', kind: 'daily', cron: '30 2 * * *' },
  ],
  cycles: [{ name: 'biennial', kind: 'biennial', from: '2024-02-29', months: 24 }],
  timeZone: 'America/New_York',
};
const at = (text: string): number => Date.parse(text);
const due = (name: string, since: string, until: string) =>
  dueRuns(plan, name, at(since), at(until)).runs.map(({ window, dueMs }) => [
    new Date(dueMs).toISOString(),
    new Date(window.fromUtcMs).toISOString(),
    new Date(window.toUtcMs).toISOString(),
  ]);

describe('by cron, in the time zone of the store', () => {
  test('the day before', () =>
    expect(due('daily', '2026-11-24T00:00:00Z', '2026-11-25T12:00:00Z')).toEqual([
      ['2026-11-24T10:15:00.000Z', '2026-11-23T05:00:00.000Z', '2026-11-24T05:00:00.000Z'],
      ['2026-11-25T10:15:00.000Z', '2026-11-24T05:00:00.000Z', '2026-11-25T05:00:00.000Z'],
    ]));

  test('a day of 25 hours', () =>
    expect(due('daily', '2026-11-02T00:00:00Z', '2026-11-02T12:00:00Z')).toEqual([
      ['2026-11-02T10:15:00.000Z', '2026-11-01T04:00:00.000Z', '2026-11-02T05:00:00.000Z'],
    ]));

  test('an hour that the change of the clocks leaves out does not lose the day', () =>
    expect(due('night', '2026-03-07T12:00:00Z', '2026-03-09T12:00:00Z').map(([, from]) => from)).toEqual([
      '2026-03-07T05:00:00.000Z',
      '2026-03-08T05:00:00.000Z',
    ]));

  test('an hour that comes twice gives one window, so one key', () => {
    const twice = { ...plan, schedules: [{ name: 'twice', kind: 'daily' as const, cron: '30 1 * * *' }] };
    const keys = dueRuns(twice, 'twice', at('2026-10-31T12:00:00Z'), at('2026-11-02T12:00:00Z')).runs.map(
      ({ key }) => key,
    );
    expect(new Set(keys).size).toBe(2);
  });

  test('Monday to Sunday before', () =>
    expect(due('weekly', '2026-11-22T00:00:00Z', '2026-11-25T12:00:00Z')).toEqual([
      ['2026-11-23T10:30:00.000Z', '2026-11-16T05:00:00.000Z', '2026-11-23T05:00:00.000Z'],
    ]));

  test('the month before, with the change of the clocks in it', () =>
    expect(due('monthly', '2026-11-20T00:00:00Z', '2026-12-02T00:00:00Z')).toEqual([
      ['2026-12-01T11:00:00.000Z', '2026-11-01T04:00:00.000Z', '2026-12-01T05:00:00.000Z'],
    ]));

  test('after years away only the newest, and how many are left out', () => {
    const { runs, left } = dueRuns(plan, 'daily', at('2026-01-01T00:00:00Z'), at('2026-11-25T12:00:00Z'));
    expect(runs).toHaveLength(MOST_MISSED);
    expect(left).toBe(329 - MOST_MISSED);
    expect(new Date(runs.at(-1)?.window.toUtcMs ?? 0).toISOString()).toBe('2026-11-25T05:00:00.000Z');
  });
});

describe('windows that follow each other', () => {
  test('each from the first day, due when it is over', () =>
    expect(due('biennial', '2024-01-01T00:00:00Z', '2028-12-31T00:00:00Z')).toEqual([
      ['2026-02-28T05:00:00.000Z', '2024-02-29T05:00:00.000Z', '2026-02-28T05:00:00.000Z'],
      ['2028-02-29T05:00:00.000Z', '2026-02-28T05:00:00.000Z', '2028-02-29T05:00:00.000Z'],
    ]));

  test('not before', () => expect(due('biennial', '2024-01-01T00:00:00Z', '2026-02-28T04:59:59Z')).toEqual([]));

  test('none of a name that nobody knows', () =>
    expect(due('other', '2020-01-01T00:00:00Z', '2030-01-01T00:00:00Z')).toEqual([]));
});
