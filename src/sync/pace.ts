/**
 * How many records go into one request while a backlog drains. Pure.
 *
 * A request costs at least one round trip during which the line is idle, so a request should keep the line busy for
 * several of them; but not for long, because its receipts come only at its end, a broken line costs all of it, and
 * what follows waits behind it. So the size follows the clock: requests are to take `ROUND_TRIPS` times what a small one
 * takes, within bounds. The PMS's own time is part of that, which is as it should be: a slow PMS gets smaller requests.
 */
export interface Pace {
  /** Entries of the next full request. */
  readonly entries: number;
  /** About what a request takes that carries next to nothing: the round trip. Null before the first. */
  readonly baseMs: number | null;
}

export interface Timed {
  readonly count: number;
  /** From the first byte out to the last byte in. */
  readonly durationMs: number;
}

/** With n round trips of transfer, one more is idle: 8 keep a line busy for almost nine tenths of the time. */
const ROUND_TRIPS = 8;
const TARGET_LEAST_MS = 400;
const TARGET_MOST_MS = 4_000;
/** Requests this small tell the round trip; a longer one can only show that it is shorter than thought. */
const SMALL_ENTRIES = 10;
const SMALL_WEIGHT = 0.25;
/** Enough for a store that is up to date; a backlog multiplies it soon. */
const FIRST_ENTRIES = 20;
const MOST_GROWTH = 4;

export function startPace(batchSize: number): Pace {
  return { entries: Math.min(FIRST_ENTRIES, batchSize), baseMs: null };
}

/** The pace after an answered request. Only one that was as large as allowed says something about a larger one. */
export function paced(pace: Pace, sent: Timed, batchSize: number): Pace {
  const baseMs = baseAfter(pace.baseMs, sent);
  if (sent.count < pace.entries) return { ...pace, baseMs };
  const targetMs = Math.min(Math.max(baseMs * ROUND_TRIPS, TARGET_LEAST_MS), TARGET_MOST_MS);
  const factor = Math.min(Math.max(targetMs / Math.max(sent.durationMs, 1), 0.5), MOST_GROWTH);
  return { baseMs, entries: bounded(sent.count * factor, batchSize) };
}

/** A request that was not answered in time: perhaps it was only too long for this line. */
export function slowed(pace: Pace, count: number, batchSize: number): Pace {
  return { ...pace, entries: bounded(Math.min(count, pace.entries) / 2, batchSize) };
}

function baseAfter(baseMs: number | null, { count, durationMs }: Timed): number {
  if (baseMs === null || durationMs < baseMs) return durationMs;
  return count <= SMALL_ENTRIES ? baseMs + (durationMs - baseMs) * SMALL_WEIGHT : baseMs;
}

function bounded(entries: number, batchSize: number): number {
  return Math.min(Math.max(Math.floor(entries), 1), batchSize);
}
