/**
 * Which of two gateways consumes. Both have the same client id at the broker, and a broker lets in one at a time: whoever
 * comes later throws the other out. So a gateway connects only when it has listened and heard no other. Pure.
 *
 *   listening ──nobody heard for `quietMs`──> connecting ──session open──> consuming
 *       ^                                         │ refused, lost             │ lost, or told to step down
 *       └─────────────────────────────────────────┴──────────────────────────┘
 *
 * How long it listens says who goes first: `single` does not wait at its start; `active`, and whoever consumed last, wait
 * for a little more than one word of the other; `standby` waits for `takeoverMs`. Whoever has heard another waits for `takeoverMs` of
 * silence, so the one thrown out becomes the standby. A mistake costs records sent twice to a PMS that knows their keys,
 * never a record. Connections that the broker ends soon after they were opened, again and again, are two gateways that do
 * not hear each other: an alarm, and longer and longer waits.
 */
import type { Random } from '../../base/clock.ts';

export type Role = 'single' | 'active' | 'standby';

export interface StandingLimits {
  readonly role: Role;
  readonly takeoverMs: number;
  /** Time between two words of a gateway that consumes. */
  readonly beatMs: number;
  readonly retryBaseMs: number;
  readonly retryCapMs: number;
  /** Longest wait once the session is contested. */
  readonly contestedCapMs: number;
  /** A session that lasted this long was no quarrel. */
  readonly steadyMs: number;
}

/** A session the broker ended this soon, this often in a row, is contested. */
const CONTESTED_AFTER = 3;

export interface StandingState {
  readonly name: 'listening' | 'connecting' | 'consuming';
  /** Monotonic. */
  readonly sinceMs: number;
  /** Since when we could have heard another; null while the broker is not reached. */
  readonly hearingSinceMs: number | null;
  /** Another gateway's latest word since we last consumed undisturbed. */
  readonly heardAtMs: number | null;
  /** This gateway was the last to consume, as far as it knows. */
  readonly wasConsuming: boolean;
  readonly notBeforeMs: number;
  readonly failures: number;
  /** Sessions in a row that the broker ended soon after they were opened. */
  readonly shortSessions: number;
  readonly takeOversTotal: number;
}

export type StandingEvent =
  | { readonly type: 'hearing' }
  | { readonly type: 'deaf' }
  | { readonly type: 'heard' }
  | { readonly type: 'connecting' }
  | { readonly type: 'opened' }
  /** `byBroker`: the broker ended a session it had opened. */
  | { readonly type: 'lost'; readonly byBroker: boolean };

export function startStanding(nowMs: number): StandingState {
  return {
    name: 'listening',
    sinceMs: nowMs,
    hearingSinceMs: null,
    heardAtMs: null,
    wasConsuming: false,
    notBeforeMs: nowMs,
    failures: 0,
    shortSessions: 0,
    takeOversTotal: 0,
  };
}

export function stepStanding(
  state: StandingState,
  event: StandingEvent,
  nowMs: number,
  limits: StandingLimits,
  random: Random,
): StandingState {
  switch (event.type) {
    case 'hearing':
      return { ...state, hearingSinceMs: state.hearingSinceMs ?? nowMs };
    case 'deaf':
      return { ...state, hearingSinceMs: null };
    case 'heard': {
      const deposed = state.name === 'listening' && state.wasConsuming;
      return { ...state, heardAtMs: nowMs, ...(deposed && takenOver(state)) };
    }
    case 'connecting':
      return { ...state, name: 'connecting', sinceMs: nowMs };
    case 'opened':
      return { ...state, name: 'consuming', sinceMs: nowMs, wasConsuming: true, heardAtMs: null };
    case 'lost':
      return lost(state, event.byBroker, nowMs, limits, random);
  }
}

function takenOver({ takeOversTotal }: StandingState) {
  return { takeOversTotal: takeOversTotal + 1, wasConsuming: false };
}

function lost(
  state: StandingState,
  byBroker: boolean,
  nowMs: number,
  limits: StandingLimits,
  random: Random,
): StandingState {
  const consumed = state.name === 'consuming';
  const steady = consumed && nowMs - state.sinceMs >= limits.steadyMs;
  const failures = steady ? 0 : state.failures;
  const shortSessions = steady ? 0 : state.shortSessions + Number(consumed && byBroker);
  const capMs = shortSessions >= CONTESTED_AFTER ? limits.contestedCapMs : limits.retryCapMs;
  // A word from long ago, say the last one of a gateway we took over from, is no sign of life.
  const heardLately = state.heardAtMs !== null && nowMs - state.heardAtMs < limits.takeoverMs;
  const waitMs = random() * Math.min(capMs, limits.retryBaseMs * 2 ** Math.min(failures, 30));
  return {
    ...state,
    name: 'listening',
    sinceMs: nowMs,
    heardAtMs: heardLately ? state.heardAtMs : null,
    // The other one may speak before the broker has thrown us out.
    ...(consumed && byBroker && heardLately && takenOver(state)),
    failures: failures + 1,
    shortSessions,
    notBeforeMs: nowMs + waitMs,
  };
}

/** When to connect if nothing else happens; null: not now. Monotonic. */
export function connectAtMs(state: StandingState, limits: StandingLimits): number | null {
  if (state.name !== 'listening' || state.hearingSinceMs === null) return null;
  const quietSinceMs = Math.max(state.hearingSinceMs, state.heardAtMs ?? 0, state.wasConsuming ? state.sinceMs : 0);
  return Math.max(quietSinceMs + quietMs(state, limits), state.notBeforeMs);
}

function quietMs(state: StandingState, { beatMs, role, takeoverMs }: StandingLimits): number {
  if (state.heardAtMs !== null) return takeoverMs;
  if (state.wasConsuming || role === 'active') return beatMs * 1.5;
  return role === 'single' ? 0 : takeoverMs;
}

/** Two gateways throw each other out without hearing each other. Ends once a session has lasted. */
export function isContested(state: StandingState, nowMs: number, limits: StandingLimits): boolean {
  const steady = state.name === 'consuming' && nowMs - state.sinceMs >= limits.steadyMs;
  return state.shortSessions >= CONTESTED_AFTER && !steady;
}
