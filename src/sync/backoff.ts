/**
 * When to try again: exponential back-off with full jitter, `Retry-After`, and the upstream breaker. Pure.
 *
 * The breaker has three positions. Closed: whole batches go out. Open, after `threshold` failures in a row: nothing
 * goes out until the wait is over. Half open, once it is over: one single record goes out as a trial, because a PMS
 * that is getting up should not meet a megabyte first; its success closes the breaker, its failure opens it again.
 */
import type { Random } from '../base/clock.ts';

export interface RetryLimits {
  readonly retryBaseMs: number;
  readonly retryCapMs: number;
  readonly breakerThreshold: number;
}

export interface Retry {
  /** Failures in a row. */
  readonly failures: number;
  /** How far the waits have grown. It goes up with each failure and only one step back with a success. */
  readonly level: number;
  /** Monotonic; nothing goes out before. */
  readonly notBeforeMs: number;
  /** The wait was the PMS's wish (`Retry-After`), so good news about the link does not shorten it. */
  readonly asked: boolean;
}

export const READY: Retry = { failures: 0, level: 0, notBeforeMs: 0, asked: false };

/** Waits have long reached their cap here; an outage of days must not take as many successes to be forgotten. */
const MAX_LEVEL = 8;
/** A PMS tells many stores the same wait at the same time: each adds up to this share of it, and at most this much. */
const ASKED_JITTER = 0.5;
const MAX_ASKED_JITTER_MS = 60_000;

/** A wait uniform in [0, min(cap, base * 2^attempt)); `attempt` counts from 0. */
export function fullJitterMs(attempt: number, limits: RetryLimits, random: Random): number {
  const ceilingMs = Math.min(limits.retryCapMs, limits.retryBaseMs * 2 ** Math.min(attempt, 40));
  return random() * ceilingMs;
}

/**
 * One more failure. `askedMs` is the wait the PMS asked for (already bounded), null when it did not. A PMS that asks for
 * 0 seconds again and again must not make us spin, so our own wait is the least.
 */
export function failed(
  retry: Retry,
  nowMs: number,
  askedMs: number | null,
  limits: RetryLimits,
  random: Random,
): Retry {
  const waitMs = Math.max(spread(askedMs ?? 0, random), fullJitterMs(retry.level, limits, random));
  const level = Math.min(MAX_LEVEL, retry.level + 1);
  return { failures: retry.failures + 1, level, notBeforeMs: nowMs + waitMs, asked: askedMs !== null };
}

function spread(askedMs: number, random: Random): number {
  return askedMs + random() * Math.min(askedMs * ASKED_JITTER, MAX_ASKED_JITTER_MS);
}

/**
 * The PMS answered. The next attempt may go at once, but a PMS that works and fails in turn, because thousands come at
 * once, does not meet our shortest waits again after each success.
 */
export function succeeded(retry: Retry): Retry {
  return { ...READY, level: Math.max(0, retry.level - 1) };
}

/** The link is back: try now, unless the PMS itself asked for the wait. */
export function cutShort(retry: Retry, nowMs: number): Retry {
  return retry.asked || retry.notBeforeMs <= nowMs ? retry : { ...retry, notBeforeMs: nowMs };
}

export type BreakerPosition = 'closed' | 'open' | 'half_open';

export function breakerOf(retry: Retry, nowMs: number, limits: RetryLimits): BreakerPosition {
  if (retry.failures < limits.breakerThreshold) return 'closed';
  return nowMs < retry.notBeforeMs ? 'open' : 'half_open';
}

const MONTHS = 'Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec';
const IMF_DATE = new RegExp(`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \\d{2} (?:${MONTHS}) \\d{4} \\d{2}:\\d{2}:\\d{2} GMT$`);

/**
 * The wait in ms that a `Retry-After` header asks for (RFC 9110 section 10.2.3: seconds or an IMF-fixdate), between 0
 * and `capMs`. Null when there is none or it makes no sense.
 */
export function retryAfterMs(header: string | null, utcMs: number, capMs: number): number | null {
  if (header === null) return null;
  const text = header.trim();
  const waitMs = /^\d{1,12}$/.test(text) ? Number(text) * 1000 : IMF_DATE.test(text) ? Date.parse(text) - utcMs : null;
  return waitMs === null || Number.isNaN(waitMs) ? null : Math.min(Math.max(waitMs, 0), capMs);
}
