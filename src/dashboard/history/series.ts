/** What the charts show: a span of time in equal steps, oldest first. */

import { HALF_HOUR_MS, type History, MINUTE_MS } from './history.ts';
import { type Figures, merge } from './row.ts';

export const SPANS = ['hour', 'day', 'month'] as const;
export type Span = (typeof SPANS)[number];

/** Rows each step is made of, and how many steps there are. */
const SHAPE = {
  hour: { periodMs: MINUTE_MS, perStep: 1, steps: 60 },
  day: { periodMs: MINUTE_MS, perStep: 10, steps: 144 },
  month: { periodMs: HALF_HOUR_MS, perStep: 6, steps: 248 },
} as const;

export interface Step {
  /** UTC of its begin. */
  readonly atMs: number;
  /** Null where the gateway did not run. */
  readonly figures: Figures | null;
}

/** Length of one step in ms. */
export function stepMs(span: Span): number {
  return SHAPE[span].periodMs * SHAPE[span].perStep;
}

/** The steps up to now; the last one is not over yet. */
export function seriesOf(history: Pick<History, 'read'>, span: Span, nowMs: number): Step[] {
  const { periodMs, perStep, steps } = SHAPE[span];
  const first = Math.floor(nowMs / stepMs(span)) - steps + 1;
  const rows = history.read(periodMs, first * perStep, steps * perStep);
  return Array.from({ length: steps }, (_, index) => ({
    atMs: (first + index) * stepMs(span),
    figures: merge(rows.slice(index * perStep, (index + 1) * perStep).filter((row) => row !== null)),
  }));
}
