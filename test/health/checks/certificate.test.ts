import { expect, test } from 'vitest';
import { DAY_MS, daysLeft, lastingVerdict, warningOf } from '../../../src/health/checks/certificate.ts';

const words = { expired: 'it is over.', remedy: 'Renew it.' };
const left = (days: number, lifeDays?: number) => ({
  untilMs: days * DAY_MS,
  ...(lifeDays === undefined ? {} : { fromMs: (days - lifeDays) * DAY_MS }),
});

test.each([
  [31, null, undefined],
  [29.9, 30, 'Mine ends in 29 d. Renew it.'],
  [13.9, 14, 'This week: Mine ends in 13 d. Renew it.'],
  [2.9, 3, 'URGENT, today: Mine ends in 2 d. Renew it.'],
  [-1, 3, 'Mine has expired: it is over. Renew it.'],
])('with %d days left it is within %s', (days, within, output) => {
  expect(warningOf(left(days), 0)).toBe(within);
  const said = lastingVerdict('Mine', left(days), 0, words);
  expect(said).toEqual(output === undefined ? { status: 'pass' } : { status: 'warn', output });
});

test('a certificate of two days is not urgent all its life', () => {
  expect(warningOf(left(1.5, 2), 0)).toBeNull();
  expect(warningOf(left(0.4, 2), 0)).toBe(3);
});

test('days are whole ones, and negative once it has ended', () => {
  expect([daysLeft(2.9 * DAY_MS, 0), daysLeft(-1, 0)]).toEqual([2, -1]);
});
