/**
 * Renews a till's certificate in good time, by itself. It asks once a day at most, somewhere in the day, so that a chain's
 * tills do not all ask at once; a gateway that is away is asked again the next day, months before it matters.
 */
import type { Clock, Random, Timers } from '../base/clock.ts';
import { renew } from './enrol.ts';
import { type Enrolled, readEnrolled, renewalMs } from './enrolled.ts';

const DAY_MS = 86_400_000;
/** Soon after a start, so that a till that is off at night gets its turn. */
const FIRST_MS = 10 * 60_000;

export interface RenewalParts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  /** There is a new identity in the folder. */
  readonly onRenewed: (enrolled: Enrolled) => void;
  readonly onFailed: (error: unknown) => void;
}

/** Watches the folder until the returned function is called. */
export function keepRenewed(folder: string, parts: RenewalParts): () => void {
  const { clock, onFailed, onRenewed, random, timers } = parts;
  let cancel = () => {};
  let isStopped = false;
  const look = async () => {
    try {
      if (isRenewalDue(folder, clock.utcMs())) onRenewed(await renew(folder));
    } catch (error) {
      onFailed(error);
    }
    if (!isStopped) wait(DAY_MS * (0.5 + random() / 2));
  };
  const wait = (delayMs: number) => {
    cancel = timers.after(delayMs, () => void look());
  };
  wait(FIRST_MS * random());
  return () => {
    isStopped = true;
    cancel();
  };
}

/** A certificate that has ended can be renewed for thirty days more. @throws CounterfoilError `config_unreadable`. */
export function isRenewalDue(folder: string, nowMs: number): boolean {
  return nowMs >= renewalMs(readEnrolled(folder).certificate);
}
