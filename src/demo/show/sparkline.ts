/** Numbers as a row of bars, one character each. Pure. */

const BARS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;
/** For terminals whose character set has no bars. */
const PLAIN_BARS = ['.', ':', '-', '=', '+', '*', '%', '#'] as const;

/**
 * `values` (0 or more each) scaled to their largest, at least `fullAt` for a full bar, so that a queue of two does not look
 * like a disaster. Zero is a space.
 */
export function sparkline(values: readonly number[], fullAt: number, isPlain = false): string {
  const bars = isPlain ? PLAIN_BARS : BARS;
  const largest = Math.max(fullAt, ...values);
  return values
    .map((value) => {
      if (value <= 0) return ' ';
      const step = Math.ceil((value / largest) * bars.length) - 1;
      return bars[Math.min(bars.length - 1, Math.max(0, step))] ?? ' ';
    })
    .join('');
}
