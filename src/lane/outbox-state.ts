/**
 * What the till knows of one of its records, and how a receipt moves that on.
 *
 *   kept ──PUBACK──> acknowledged ──synced────> synced       (let go: the PMS has it)
 *                        │  ▲ └────rejected──> rejected     (the PMS's checked no; kept until a person ends it)
 *                     held ─┘ └────resolved──> resolved     (let go: a person ended it)
 *   kept ──refused──> refused        kept ──conflict──> conflict
 *
 * A receipt may arrive before its PUBACK, twice, or behind a later one. So a receipt never moves a record backwards: an
 * end stays an end, and only a person's act (`resolved`) comes after a refusal, a rejection or a conflict.
 */
import type { Receipt } from '../record/lane-wire.ts';

export const OUTBOX_STATES = [
  'kept',
  'acknowledged',
  'held',
  'conflict',
  'synced',
  'refused',
  'rejected',
  'resolved',
] as const;
export type OutboxState = (typeof OUTBOX_STATES)[number];

/** States in which the till's copy may be the only one left after a fire: all of them are sent again to a new epoch. */
export const STATES_STILL_KEPT: readonly OutboxState[] = ['kept', 'acknowledged', 'held', 'conflict', 'rejected'];

/** Whether the till may let the record go. */
export function isSettled(state: OutboxState): boolean {
  return !STATES_STILL_KEPT.includes(state);
}

/** The till's next state for a record in `from` when `receipt` comes for it. */
export function nextState(from: OutboxState, receipt: Receipt): OutboxState {
  const to = stateSaidBy(receipt);
  if (to === null) return from;
  if (to === 'resolved') return from === 'synced' ? from : to;
  if (isSettled(from)) return from;
  // The key was sold with other contents: an answer to the other one that reaches us late must not hide that. Nor may
  // one that was on its way before the PMS said no.
  if ((from === 'conflict' || from === 'rejected') && to !== 'synced' && to !== 'rejected') return from;
  return to;
}

function stateSaidBy({ status, state }: Receipt): OutboxState | null {
  switch (status) {
    case 'deferred':
      return null;
    case 'accepted':
    case 'duplicate':
      return stateOfStored(state);
    case 'conflict':
    case 'refused':
    case 'synced':
    case 'held':
    case 'rejected':
    case 'resolved':
      return status;
  }
}

/** `accepted` and `duplicate` name the record's present state at the gateway. */
function stateOfStored(state: Receipt['state']): OutboxState {
  if (state === 'SYNCED') return 'synced';
  if (state === 'RESOLVED') return 'resolved';
  if (state === 'REJECTED') return 'rejected';
  if (state === 'HELD') return 'held';
  return 'acknowledged';
}
