/** What waits for a person, state by state. */
import { WAITING_STATES, type WaitingItem, type WaitingState } from '../../buffer/api.ts';
import type { Facts } from '../facts.ts';
import { countOf } from '../tally.ts';
import type { ReviewDesk } from './ports.ts';

/** Most items of one state on a page. */
const WAITING_SHOWN = 100;

export interface WaitingGroup {
  readonly state: WaitingState;
  /** At most `WAITING_SHOWN`, after number `after`. */
  readonly items: readonly WaitingItem[];
  readonly after: number;
  /** All of that state. */
  readonly total: number;
}

/** Refused publishes and conflicts became no record; the buffer keeps them apart. */
const isEvidence = (state: WaitingState) => state === 'REFUSED' || state === 'CONFLICT';

/** Reads only states in which something waits; with `only`, that state from `after` on. */
export function waitingGroups(
  { buffer }: Pick<Facts, 'buffer'>,
  list: ReviewDesk['list'],
  only: { readonly state: WaitingState; readonly after: number } | null,
): WaitingGroup[] {
  const states = WAITING_STATES.filter((state) => only === null || only.state === state);
  return states.map((state) => {
    const total =
      state === 'REFUSED'
        ? (buffer?.refusedOpen ?? 0)
        : state === 'CONFLICT'
          ? (buffer?.conflictOpen ?? 0)
          : countOf(buffer, state);
    const after = only?.after ?? 0;
    const of = isEvidence(state) ? 'evidence' : 'record';
    return {
      state,
      total,
      after,
      items: total === 0 ? [] : list({ states: [state], of, after, limit: WAITING_SHOWN }),
    };
  });
}
