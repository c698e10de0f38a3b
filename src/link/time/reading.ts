/**
 * One look at somebody else's clock. It is kept as the distance between that clock and our monotonic one, so that it stays
 * true when somebody sets our wall clock: the offset is worked out anew whenever it is asked for. Pure.
 */
import { readInstant } from '../../record/instant.ts';
import type { Pulse } from '../heartbeat.ts';

export interface Reading {
  /** The source's UTC minus our monotonic time. */
  readonly aheadMs: number;
  /** At the time of the reading; the truth is within this of it. */
  readonly uncertaintyMs: number;
  /** Monotonic. */
  readonly takenAtMs: number;
}

export interface Now {
  readonly utcMs: number;
  readonly monotonicMs: number;
}

/** A common crystal in a warm box goes wrong by this part, so a reading loses worth with its age. */
const DRIFT = 50e-6;

/** What has to be added to our wall clock to get the source's time (RFC 5905's sign: positive when we are behind). */
export function offsetOf(reading: Reading, now: Now): number {
  return reading.aheadMs + now.monotonicMs - now.utcMs;
}

/** The uncertainty of a reading today. */
export function uncertaintyOf(reading: Reading, monotonicMs: number): number {
  return reading.uncertaintyMs + Math.max(0, monotonicMs - reading.takenAtMs) * DRIFT;
}

/** Whether two readings can both be right. */
export function agree(a: Reading, b: Reading, monotonicMs: number): boolean {
  return Math.abs(a.aheadMs - b.aheadMs) <= uncertaintyOf(a, monotonicMs) + uncertaintyOf(b, monotonicMs);
}

/** The surer one of two readings of the same clock; the newer one when they contradict each other: that clock was set. */
export function surer(older: Reading | null, newer: Reading): Reading {
  if (older === null || !agree(older, newer, newer.takenAtMs)) return newer;
  return newer.uncertaintyMs <= uncertaintyOf(older, newer.takenAtMs) ? newer : older;
}

/**
 * The largest set of sources that agree, when it is more than half of them, and in it the surest reading; null when there
 * is none. With two sources that contradict each other nobody knows who is right.
 */
export function consensus(readings: readonly Reading[], monotonicMs: number): Reading | null {
  const sure = (a: Reading, b: Reading) => uncertaintyOf(a, monotonicMs) - uncertaintyOf(b, monotonicMs);
  const sets = readings.map((one) => readings.filter((other) => agree(one, other, monotonicMs)));
  const [largest] = sets.toSorted((a, b) => b.length - a.length);
  if (largest === undefined || largest.length * 2 <= readings.length) return null;
  return largest.toSorted(sure)[0] ?? null;
}

const MONTHS = 'Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec';
const IMF_DATE = new RegExp(`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \\d{2} (?:${MONTHS}) \\d{4} \\d{2}:\\d{2}:\\d{2} GMT$`);

/**
 * The PMS's clock as a heartbeat showed it: `time_utc` of the answer, else its `Date` (whole seconds; perhaps that of a
 * proxy). Uncertain by half the round trip and half of what the last digit stands for. Null when neither is a time.
 */
export function readPulse({ sentAtMs, answeredAtMs, date, timeUtc }: Pulse): Reading | null {
  const instant = timeUtc === null ? null : readInstant(timeUtc);
  const digits = /\.(\d+)/.exec(instant?.utcText ?? '')?.[1]?.length ?? 0;
  const stepMs = instant === null ? 1000 : Math.max(1, 1000 / 10 ** digits);
  const saidMs = instant?.utcMs ?? (date !== null && IMF_DATE.test(date) ? Date.parse(date) : Number.NaN);
  if (Number.isNaN(saidMs)) return null;
  const middleMs = (sentAtMs + answeredAtMs) / 2;
  return {
    aheadMs: saidMs + stepMs / 2 - middleMs,
    uncertaintyMs: (answeredAtMs - sentAtMs) / 2 + stepMs / 2,
    takenAtMs: answeredAtMs,
  };
}
