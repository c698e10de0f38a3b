import { expect, test } from 'vitest';
import { summary } from '../../../src/demo/show/summary.ts';
import { aVerdict } from './scenes.ts';

test('shows that what was acknowledged is all there', () => {
  expect(summary(aVerdict()).join('\n')).toMatchInlineSnapshot(`
    "sold at the tills                        12
    acknowledged by the gateway              12
      durable as records                     10
      refused, kept as evidence               2
    at the PMS                                9
      quarantined, not sent                   1   record 7
    lost                                      0
    twice                                     0

    12 acknowledged = 10 + 2; 10 durable = 9 + 1 at the PMS and accounted for
    The checker is content."
  `);
});

test('what is missing is not hidden', () => {
  const { counts } = aVerdict();
  const verdict = aVerdict({
    content: false,
    altered: [],
    problems: ['2 acknowledged records of lane-3 are lost'],
    counts: { ...counts, durable: 7, quarantined: 0, atPms: 4, pending: 3, lost: 2 },
  });
  const lines = summary(verdict);
  expect(lines).toContain('PROBLEM: 2 acknowledged records of lane-3 are lost');
  expect(lines.at(-1)).toBe('The checker is NOT content.');
  expect(lines.join('\n')).toMatch(/pending +3/);
});
