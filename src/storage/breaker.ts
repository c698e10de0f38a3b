/**
 * The storage breaker: who is let in while space is short, so that Schedule II always finds room. Pure; the shell that
 * measures and tells is `storage.ts`.
 *
 *   CLOSED ──≥ open_at──> OPEN ──≥ reserve_at──> RESERVE ──nothing fits──> FULL
 *     ^                    │ ^                      │                        │
 *     │                    │ └──< reserve_at − 1 %──┘ <──room again──────────┘
 *     │               < close_at
 *     │                    v
 *     └──dwell time──── HALF_OPEN ──≥ open_at──> OPEN
 *
 * | level | taken |
 * |---|---|
 * | CLOSED | everything |
 * | HALF_OPEN | controlled substances; of the rest a trickle, so that a thousand waiting tills do not open it again at once |
 * | OPEN | controlled substances (Schedule II to V) |
 * | RESERVE | Schedule II |
 * | FULL | nothing |
 *
 * What is not taken is deferred: not stored, not acknowledged, the till keeps it and tries again.
 */
import type { Utilisation } from './level.ts';

export type StorageLevel = 'CLOSED' | 'HALF_OPEN' | 'OPEN' | 'RESERVE' | 'FULL';

export interface BreakerState {
  readonly level: StorageLevel;
  readonly sinceMs: number;
  /** HALF_OPEN: since when the share has been below close_at without a break. Monotonic ms. */
  readonly lowSinceMs: number;
}

export interface BreakerLimits {
  readonly openAt: number;
  readonly closeAt: number;
  readonly reserveAt: number;
  /** Time in HALF_OPEN below close_at before everything is let in. */
  readonly dwellMs: number;
}

/** What is to be taken in: a record of a schedule, or a publish that is no record. */
export type Arrival = 'schedule_two' | 'controlled' | 'other';

/** Below reserve_at by this much before the reserve is left: a share that trembles must not ring a bell at each turn. */
const RESERVE_MARGIN = 0.01;

export const startBreaker = (nowMs: number): BreakerState => ({ level: 'CLOSED', sinceMs: nowMs, lowSinceMs: nowMs });

/** The state after a measurement; the same object when nothing changed. */
export function stepBreaker(
  state: BreakerState,
  { isFull, share }: Pick<Utilisation, 'isFull' | 'share'>,
  nowMs: number,
  limits: BreakerLimits,
): BreakerState {
  const level = nextLevel(state, share, isFull, nowMs, limits);
  if (level !== state.level) return { level, sinceMs: nowMs, lowSinceMs: nowMs };
  if (level === 'HALF_OPEN' && share >= limits.closeAt) return { ...state, lowSinceMs: nowMs };
  return state;
}

function nextLevel(
  { level, lowSinceMs }: BreakerState,
  share: number,
  isFull: boolean,
  nowMs: number,
  { closeAt, dwellMs, openAt, reserveAt }: BreakerLimits,
): StorageLevel {
  if (isFull) return 'FULL';
  if (share >= reserveAt) return 'RESERVE';
  if ((level === 'RESERVE' || level === 'FULL') && share >= reserveAt - RESERVE_MARGIN) return 'RESERVE';
  if (share >= openAt) return 'OPEN';
  if (level === 'CLOSED') return 'CLOSED';
  if (level === 'HALF_OPEN') return share < closeAt && nowMs - lowSinceMs >= dwellMs ? 'CLOSED' : 'HALF_OPEN';
  return share < closeAt ? 'HALF_OPEN' : 'OPEN';
}

/** Whether an arrival is taken at this level; `trickle` is asked only for what HALF_OPEN lets in one by one. */
export function admits(level: StorageLevel, arrival: Arrival, trickle: () => boolean): boolean {
  switch (level) {
    case 'CLOSED':
      return true;
    case 'HALF_OPEN':
      return arrival !== 'other' || trickle();
    case 'OPEN':
      return arrival !== 'other';
    case 'RESERVE':
      return arrival === 'schedule_two';
    case 'FULL':
      return false;
  }
}

export interface TrickleLimits {
  readonly perSecond: number;
  readonly burst: number;
}

/** A token bucket on the monotonic clock. */
export class Trickle {
  readonly #limits: TrickleLimits;
  #tokens: number;
  #atMs: number;

  constructor(limits: TrickleLimits, nowMs: number) {
    this.#limits = limits;
    this.#tokens = limits.burst;
    this.#atMs = nowMs;
  }

  take(nowMs: number): boolean {
    const earned = (Math.max(0, nowMs - this.#atMs) / 1000) * this.#limits.perSecond;
    this.#tokens = Math.min(this.#limits.burst, this.#tokens + earned);
    this.#atMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
