/**
 * What the box's wall clock is worth, from facts. Pure. The gateway never sets the clock; it says how good it is.
 *
 * - `synchronised`: a source says that the clock is right within the alarm limit (21 CFR 1311.205: five minutes), its
 *   uncertainty counted against us. The time servers decide when they answer and agree; else the PMS, whose clock is
 *   another one and set by other people.
 * - `unsynchronised`: the time servers say that it is further off; or it cannot be right: it is before this release, or (with
 *   no source to say otherwise) before what this box itself has written. A box whose clock starts in 1970 is caught by that
 *   before anybody was asked.
 * - `unknown`: nobody could be asked, or only the PMS disagrees: one of two clocks is wrong, and nothing says which. That is
 *   shown with both readings.
 */
import { type Now, offsetOf, type Reading, uncertaintyOf } from './reading.ts';

export type ClockQuality = 'unknown' | 'synchronised' | 'unsynchronised';

/** Why the clock is doubted; null when it is not. */
export type ClockDoubt = 'before_release' | 'behind_own_files' | 'off' | 'pms_disagrees' | 'servers_disagree' | null;

export interface ClockWord {
  readonly quality: ClockQuality;
  readonly source: 'ntp' | 'pms' | 'none';
  /** To be added to our clock to get the source's time; null without a source. */
  readonly offsetMs: number | null;
  readonly uncertaintyMs: number | null;
  /** The same for the PMS's clock, whatever the source. */
  readonly pmsOffsetMs: number | null;
  readonly pmsUncertaintyMs: number | null;
  readonly doubt: ClockDoubt;
}

export interface ClockSources {
  /** The surest of the time servers that agree; null when none answers or they do not agree. */
  readonly ntp: Reading | null;
  readonly serversDisagree: boolean;
  readonly pms: Reading | null;
}

export interface ClockLimits {
  /** A clock that is off by more is unsynchronised. */
  readonly alarmMs: number;
  /** UTC: no right clock is before this. */
  readonly notBeforeMs: number;
  /** UTC of the newest thing this box had written when it started; null for a new box. */
  readonly newestWriteMs: number | null;
}

/** Back from `unsynchronised` only well inside the limit, so that a clock at the limit does not flutter. */
const BACK_WITHIN = 0.8;

/** The verdict of now; `was` is the one before. */
export function clockWord(sources: ClockSources, now: Now, limits: ClockLimits, was: ClockQuality): ClockWord {
  const { ntp, pms } = sources;
  const chosen = ntp ?? pms;
  const word = {
    source: ntp !== null ? 'ntp' : pms !== null ? 'pms' : 'none',
    offsetMs: chosen === null ? null : offsetOf(chosen, now),
    uncertaintyMs: chosen === null ? null : uncertaintyOf(chosen, now.monotonicMs),
    pmsOffsetMs: pms === null ? null : offsetOf(pms, now),
    pmsUncertaintyMs: pms === null ? null : uncertaintyOf(pms, now.monotonicMs),
  } as const;
  return { ...word, ...judge(sources, now, limits, was) };
}

function judge(
  { ntp, pms, serversDisagree }: ClockSources,
  now: Now,
  limits: ClockLimits,
  was: ClockQuality,
): Pick<ClockWord, 'quality' | 'doubt'> {
  if (now.utcMs < limits.notBeforeMs) return { quality: 'unsynchronised', doubt: 'before_release' };
  const limitMs = was === 'unsynchronised' ? limits.alarmMs * BACK_WITHIN : limits.alarmMs;
  if (ntp !== null) {
    const right = isWithin(ntp, now, limitMs);
    return right ? { quality: 'synchronised', doubt: null } : { quality: 'unsynchronised', doubt: 'off' };
  }
  const pmsAgrees = pms !== null && isWithin(pms, now, limitMs);
  const behind = limits.newestWriteMs !== null && now.utcMs < limits.newestWriteMs - limits.alarmMs;
  // A wrong clock of earlier days may have written a future time; a source that agrees with us today clears us.
  if (behind && !pmsAgrees) return { quality: 'unsynchronised', doubt: 'behind_own_files' };
  if (pms === null) return { quality: 'unknown', doubt: serversDisagree ? 'servers_disagree' : null };
  if (!pmsAgrees) return { quality: 'unknown', doubt: 'pms_disagrees' };
  return { quality: 'synchronised', doubt: serversDisagree ? 'servers_disagree' : null };
}

function isWithin(reading: Reading, now: Now, limitMs: number): boolean {
  return Math.abs(offsetOf(reading, now)) + uncertaintyOf(reading, now.monotonicMs) <= limitMs;
}
