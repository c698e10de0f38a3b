/** What waits for a person, state by state. */
import { WAITING_STATES, type WaitingState } from '../buffer/api.ts';
import type { DashboardSources, Facts } from './facts.ts';
import { WAITING_SHOWN, type WaitingGroup } from './pages/waiting.ts';
import { countOf } from './tally.ts';

/** Refused publishes and conflicts became no record; the buffer keeps them apart. */
const isEvidence = (state: WaitingState) => state === 'REFUSED' || state === 'CONFLICT';

/** Reads only states in which something waits. */
export function waitingGroups({ buffer }: Facts, waiting: DashboardSources['waiting']): WaitingGroup[] {
  return WAITING_STATES.map((state) => {
    const total =
      state === 'REFUSED'
        ? (buffer?.refusedOpen ?? 0)
        : state === 'CONFLICT'
          ? (buffer?.conflictOpen ?? 0)
          : countOf(buffer, state);
    const query = {
      states: [state],
      of: isEvidence(state) ? 'evidence' : 'record',
      after: 0,
      limit: WAITING_SHOWN,
    } as const;
    return { state, total, items: total === 0 ? [] : waiting(query) };
  });
}
