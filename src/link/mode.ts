/**
 * The gateway's mode, from facts. It switches nothing on or off (capture is always local first); it tells people and tills
 * how far the PMS is behind. Pure: `step` takes the state and the facts and gives the next state and at most one change.
 *
 * NORMAL -> FALLBACK when there is a reason: the link is OFFLINE, the oldest pending record is over its age, Schedule II
 * comes near its depth limit, or the storage breaker is open.
 * FALLBACK -> RECONCILING when records move again: the link is not OFFLINE, storage is closed, and either nothing waits
 * or a receipt came since FALLBACK began.
 * RECONCILING -> NORMAL when no reason is left, Schedule II is well below its limit and the oldest pending record is young.
 * RECONCILING -> FALLBACK when it stalls: OFFLINE again, storage open, or a reason and no receipt for a while. (Old age
 * alone is no stall: a backlog is old while it drains.)
 * Any -> CAPTURE while capturing is all that is promised: somebody said so at the start (`capture`, nothing is sent), or the
 * trail's partition takes nothing (`trail_lost`: entries wait in the buffer, and records are sent as long as they can be).
 * From there to FALLBACK by the reasons of that moment, else to RECONCILING.
 *
 * So every walk from FALLBACK to NORMAL leads through RECONCILING: that is the run reports are written about. Against
 * flapping each threshold has a lower one for the way back (age, depth; link and breaker bring their own), and the way
 * back takes its time: FALLBACK and RECONCILING each last at least `dwellMs`. Bad news (FALLBACK, CAPTURE) never waits.
 */
import type { LinkWord } from './verdict.ts';

export type Mode = 'NORMAL' | 'FALLBACK' | 'RECONCILING' | 'CAPTURE';

type ModeReason = 'link_offline' | 'oldest_pending' | 'schedule_two_depth' | 'storage_open' | 'capture' | 'trail_lost';

/** How long a record has waited. */
interface Age {
  readonly ageMs: number;
  /** False: it came in an earlier boot, `ageMs` is a lower bound and it counts as over every threshold. */
  readonly sameBoot: boolean;
}

export interface ModeFacts {
  readonly link: LinkWord;
  /** Oldest PENDING record of each schedule or stream, in any order. AWAITING_VERIFICATION is not among them. */
  readonly oldestPending: readonly Age[];
  /** Schedule II records that are PENDING. */
  readonly scheduleTwoDepth: number;
  readonly storageOpen: boolean;
  /** Monotonic time of the last checked receipt. */
  readonly lastReceiptAtMs: number | null;
  /** Why nothing more than capturing is promised; null when all is. */
  readonly capture: 'capture' | 'trail_lost' | null;
}

export interface ModeLimits {
  readonly oldestPendingMs: number;
  readonly scheduleTwoDepthLimit: number;
  /** RECONCILING ends when the oldest pending record is younger than this; at most half of `oldestPendingMs` counts. */
  readonly settledMs: number;
  /** RECONCILING without a receipt for this long has stalled. */
  readonly stalledMs: number;
  /** Shortest stay in FALLBACK and in RECONCILING on the way back to NORMAL. */
  readonly dwellMs: number;
}

export const MODE_LIMITS: ModeLimits = {
  oldestPendingMs: 120_000,
  scheduleTwoDepthLimit: 1000,
  settledMs: 15_000,
  stalledMs: 120_000,
  dwellMs: 5_000,
};

/** Part of the depth limit from which on the limit is near, and below which it is no more. */
const NEAR = 0.8;
const NEAR_NO_MORE = 0.6;

export interface ModeState {
  readonly mode: Mode;
  /** Monotonic. */
  readonly sinceMs: number;
  readonly reasons: readonly ModeReason[];
}

export interface ModeChange {
  readonly from: Mode;
  readonly to: Mode;
  /** What brought it about; empty on the way back. */
  readonly reasons: readonly ModeReason[];
  /** Monotonic time `from` had lasted. */
  readonly lastedMs: number;
}

export function startMode(monotonicMs: number): ModeState {
  return { mode: 'NORMAL', sinceMs: monotonicMs, reasons: [] };
}

/** The next state; `change` is null when the mode stays. Call it again after a change: the next may follow at once. */
export function step(
  state: ModeState,
  facts: ModeFacts,
  monotonicMs: number,
  limits: ModeLimits,
): { readonly state: ModeState; readonly change: ModeChange | null } {
  const reasons = reasonsFor(facts, limits);
  const to = nextMode(state, facts, reasons, monotonicMs, limits);
  if (to === state.mode) return { state: { ...state, reasons }, change: null };
  return {
    state: { mode: to, sinceMs: monotonicMs, reasons },
    change: { from: state.mode, to, reasons, lastedMs: monotonicMs - state.sinceMs },
  };
}

function reasonsFor(facts: ModeFacts, limits: ModeLimits): ModeReason[] {
  const reasons: ModeReason[] = [];
  if (facts.capture !== null) reasons.push(facts.capture);
  if (facts.link === 'OFFLINE') reasons.push('link_offline');
  if (facts.oldestPending.some((age) => isOver(age, limits.oldestPendingMs))) reasons.push('oldest_pending');
  if (facts.scheduleTwoDepth >= NEAR * limits.scheduleTwoDepthLimit) reasons.push('schedule_two_depth');
  if (facts.storageOpen) reasons.push('storage_open');
  return reasons;
}

/** Records of an earlier boot are over every threshold: how long the box was off, nobody knows. */
function isOver(age: Age, limitMs: number): boolean {
  return !age.sameBoot || age.ageMs > limitMs;
}

function nextMode(
  state: ModeState,
  facts: ModeFacts,
  reasons: readonly ModeReason[],
  nowMs: number,
  limits: ModeLimits,
): Mode {
  if (facts.capture !== null) return 'CAPTURE';
  const blocked = facts.link === 'OFFLINE' || facts.storageOpen;
  const stayed = nowMs - state.sinceMs >= limits.dwellMs;
  switch (state.mode) {
    case 'NORMAL':
      return reasons.length > 0 ? 'FALLBACK' : 'NORMAL';
    case 'CAPTURE':
      return reasons.length > 0 ? 'FALLBACK' : 'RECONCILING';
    case 'FALLBACK': {
      const moves = facts.oldestPending.length === 0 || (facts.lastReceiptAtMs ?? 0) > state.sinceMs;
      return stayed && !blocked && moves ? 'RECONCILING' : 'FALLBACK';
    }
    case 'RECONCILING': {
      const quietSinceMs = Math.max(facts.lastReceiptAtMs ?? 0, state.sinceMs);
      const stalled = reasons.length > 0 && nowMs - quietSinceMs > limits.stalledMs;
      if (blocked || stalled) return 'FALLBACK';
      return stayed && reasons.length === 0 && isSettled(facts, limits) ? 'NORMAL' : 'RECONCILING';
    }
  }
}

/** Well inside the thresholds that lead to FALLBACK, not just below them. */
function isSettled(facts: ModeFacts, limits: ModeLimits): boolean {
  const settledMs = Math.min(limits.settledMs, limits.oldestPendingMs / 2);
  const young = facts.oldestPending.every((age) => !isOver(age, settledMs));
  return young && facts.scheduleTwoDepth < NEAR_NO_MORE * limits.scheduleTwoDepthLimit;
}
