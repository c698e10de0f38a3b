/** Waiting, with time as a parameter. */
import type { Clock, Timers } from '../../base/clock.ts';

const LOOK_EVERY_MS = 100;

export interface Time {
  readonly clock: Clock;
  readonly timers: Timers;
}

export function sleep(time: Time, ms: number): Promise<void> {
  return new Promise((resolve) => {
    time.timers.after(ms, resolve);
  });
}

/** Waits until `isTrue` says so, at most `limitMs`; whether it did. */
export async function until(time: Time, isTrue: () => boolean, limitMs: number): Promise<boolean> {
  const startedMs = time.clock.monotonicMs();
  while (!isTrue()) {
    if (time.clock.monotonicMs() - startedMs >= limitMs) return false;
    await sleep(time, LOOK_EVERY_MS);
  }
  return true;
}

/** Waits until `isTrue` has said so for `lastsMs` without a no in between, at most `limitMs`; whether it did. */
export async function untilLasting(
  time: Time,
  isTrue: () => Promise<boolean>,
  lastsMs: number,
  limitMs: number,
): Promise<boolean> {
  const startedMs = time.clock.monotonicMs();
  let sinceMs: number | null = null;
  while (time.clock.monotonicMs() - startedMs < limitMs) {
    const askedMs = time.clock.monotonicMs();
    sinceMs = (await isTrue()) ? (sinceMs ?? askedMs) : null;
    if (sinceMs !== null && askedMs - sinceMs >= lastsMs) return true;
    await sleep(time, LOOK_EVERY_MS);
  }
  return false;
}
