import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sparkline } from '../../../src/demo/show/sparkline.ts';

test('scales to the largest value, and never below what fills the bar', () => {
  expect(sparkline([0, 1, 4, 8], 8)).toBe(' ▁▄█');
  expect(sparkline([0, 1, 2], 20)).toBe(' ▁▁');
  expect(sparkline([25, 50, 100], 20)).toBe('▂▄█');
  expect(sparkline([0, 1, 4, 8], 8, true)).toBe(' .=#');
});

test('one character for each value, higher for more, a space only for nothing', () => {
  const bars = ' ▁▂▃▄▅▆▇█';
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 100_000 }), { minLength: 1 }),
      fc.integer({ min: 1 }),
      (values, full) => {
        const heights = [...sparkline(values, full)].map((bar) => bars.indexOf(bar));
        expect(heights).toHaveLength(values.length);
        values.forEach((value, at) => {
          expect(heights[at] === 0).toBe(value === 0);
          values.forEach((other, there) => {
            if (value >= other) expect(heights[at]).toBeGreaterThanOrEqual(heights[there] ?? 0);
          });
        });
      },
    ),
  );
});
