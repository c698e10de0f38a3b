import { expect, test } from 'vitest';
import { seconds, span, verdict, worst } from '../../../src/health/checks/check.ts';

test('the worst word wins', () => {
  expect(worst([])).toBe('pass');
  expect(worst(['pass', 'warn', 'pass'])).toBe('warn');
  expect(worst(['warn', 'fail', 'pass'])).toBe('fail');
});

test('a verdict without problem is a pass', () => {
  expect(verdict(false)).toEqual({ status: 'pass' });
  expect(verdict({ status: 'warn', output: 'x' })).toEqual({ status: 'warn', output: 'x' });
});

test.each([
  [-5, '0 s'],
  [119_999, '119 s'],
  [120_000, '2 min'],
  [7_199_999, '119 min'],
  [7_200_000, '2 h'],
  [172_800_000, '2 d'],
])('%d ms are %s', (ms, text) => {
  expect(span(ms)).toBe(text);
});

test('seconds have three places', () => {
  expect(seconds(1234.4)).toBe(1.234);
});
