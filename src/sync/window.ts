/**
 * How much goes into the next batch. Pure.
 *
 * 413 halves the bytes; after a calm while they double again. 400 and 422 start a search by prefix: `suspectUpTo` is
 * the end of the refused batch, the first half of what is left of it goes next, and after about log2(n) requests the
 * record that the PMS cannot read stands alone. What lies before it is delivered on the way.
 */
export interface Window {
  /** Most entries in the next batch. */
  readonly limit: number;
  readonly byteLimit: number;
  /** Stream number up to which a refused batch reached; null when nothing is suspect. */
  readonly suspectUpTo: number | null;
  /** Answered batches since the byte limit last changed. */
  readonly calmBatches: number;
}

export interface WindowLimits {
  readonly batchSize: number;
  readonly maxBodyBytes: number;
}

interface Sent {
  readonly last: number;
  readonly count: number;
  /** Of the body before compression. */
  readonly bytes: number;
}

/** A PMS whose limit was lowered and raised again gets large batches back after this many good ones. */
const CALM_BATCHES = 50;

export function fullWindow(limits: WindowLimits): Window {
  return { limit: limits.batchSize, byteLimit: limits.maxBodyBytes, suspectUpTo: null, calmBatches: 0 };
}

/** 400 or 422 for a batch of more than one. */
export function narrowed(window: Window, sent: Sent): Window {
  return { ...window, suspectUpTo: sent.last, limit: Math.max(1, Math.floor(sent.count / 2)) };
}

/** 413. */
export function lightened(window: Window, sent: Sent): Window {
  return { ...window, byteLimit: Math.max(1, Math.floor(sent.bytes / 2)), calmBatches: 0 };
}

/** The PMS has read a batch and answered it. */
export function widened(window: Window, sent: Sent, limits: WindowLimits): Window {
  const calm = window.calmBatches + 1;
  const grows = calm >= CALM_BATCHES;
  const byteLimit = grows ? Math.min(limits.maxBodyBytes, window.byteLimit * 2) : window.byteLimit;
  const remaining = (window.suspectUpTo ?? sent.last) - sent.last;
  const searching = remaining > 0;
  return {
    limit: searching ? Math.max(1, Math.ceil(remaining / 2)) : limits.batchSize,
    suspectUpTo: searching ? window.suspectUpTo : null,
    byteLimit,
    calmBatches: grows ? 0 : calm,
  };
}
