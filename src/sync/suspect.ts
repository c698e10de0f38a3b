/**
 * A record with which the PMS seems to fail for good (5xx, no answer, nonsense) while it does other things. Pure.
 *
 * It would hold its stream up for ever, but a PMS that is down looks the same, and then no record may be condemned. So
 * nothing is decided by failures; they only decide when to ask. A failure of a lone record counts when right after it
 * the PMS answers a look-up and does not have the record. After `TIMES` of them over `suspectAfterMs` the record's gap
 * marker goes out in its place, as a trial, and at once: a wait would let a PMS recover between the two and look as if
 * the payload had made the difference. Only if the PMS notes it, which proves that it takes entries of this stream
 * at this number and that the payload makes the difference, is the record set aside. If the trial fails, nothing is
 * proved, and counting starts again. See docs/decisions/0010.
 */
export interface Suspect {
  readonly sequence: number;
  readonly times: number;
  /** Monotonic: when the counting began. */
  readonly sinceMs: number;
  /** Monotonic: the latest failure that counts. */
  readonly lastMs: number;
}

/** By chance alone, a PMS that fails and works at random gets here about once in a thousand such records. */
const TIMES = 6;
/** A trial that did not go out this soon (the machine slept) has the record fail once more first. */
const FRESH_MS = 5_000;

/** One more failure of this lone record with a look-up after it that passed. */
export function suspected(before: Suspect | null, sequence: number, nowMs: number): Suspect {
  if (before === null || before.sequence !== sequence) return { sequence, times: 1, sinceMs: nowMs, lastMs: nowMs };
  return { ...before, times: before.times + 1, lastMs: nowMs };
}

/** Whether its marker goes next, as the trial. */
export function isOnTrial(suspect: Suspect | null, nowMs: number, suspectAfterMs: number): boolean {
  if (suspect === null || suspect.times < TIMES) return false;
  return nowMs - suspect.sinceMs >= suspectAfterMs && nowMs - suspect.lastMs <= FRESH_MS;
}

/** The trial was not noted: nothing is proved. */
export function acquitted(suspect: Suspect | null, nowMs: number): Suspect | null {
  return suspect === null ? null : { ...suspect, times: 0, sinceMs: nowMs };
}
