/**
 * Time is handed in, never looked up: every part that needs it takes a `Clock`, so tests move time by hand.
 * Use `utcMs` for what people read and `monotonicMs` for ages and time-outs (a wall clock can jump).
 */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z as the system clock has it. May jump. */
  utcMs(): number;
  /** Milliseconds since this machine's boot (CLOCK_MONOTONIC): never goes back, same for every process of one boot. */
  monotonicMs(): number;
}

/** A cancellable one-shot timer source, so that tests need not wait. */
export interface Timers {
  /** Calls `task` once after `delayMs`; the returned function cancels it. */
  after(delayMs: number, task: () => void): () => void;
}

/** Uniform random numbers in [0, 1); tests pass a seeded one. */
export type Random = () => number;

export const systemClock: Clock = {
  utcMs: () => Date.now(),
  monotonicMs: () => Number(process.hrtime.bigint() / 1000n) / 1000,
};

export const systemTimers: Timers = {
  after(delayMs, task) {
    const handle = setTimeout(task, delayMs);
    return () => clearTimeout(handle);
  },
};

/** RFC 3339 in UTC with milliseconds, the one form of time in files, wires and logs. */
export function toUtcText(utcMs: number): string {
  return new Date(utcMs).toISOString();
}
