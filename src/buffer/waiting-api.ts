/** What people have to look at: what waits for their signed act, and sales that may have been sold twice. */
import type { Flag, Schedule, State } from '../record/types.ts';

/** States that end only by a person's signed act. */
export const WAITING_STATES = ['HELD', 'REJECTED', 'SET_ASIDE', 'QUARANTINED', 'REFUSED', 'CONFLICT'] as const;
export type WaitingState = (typeof WAITING_STATES)[number];

/** Something that waits for a person: a record, or a publish that became none (evidence). */
export interface WaitingItem {
  readonly of: 'record' | 'evidence';
  /** A record's sequence, or the evidence's own number. */
  readonly number: number;
  readonly state: WaitingState;
  readonly lane: string;
  /** Null for evidence. */
  readonly schedule: Schedule | null;
  readonly receivedAtMs: number;
  readonly flags: readonly Flag[];
  /** `payload_hash` of a record; `lane_hash` of evidence, or the hash of its bytes where they are no JSON. */
  readonly hash: Buffer;
  /** Why, as far as it is known: the PMS's reason, the codes of a refusal. No record data. */
  readonly reasons: readonly string[];
}

export interface WaitingDetail extends WaitingItem {
  /** The record, or what was published; null when the bytes can no longer be read. */
  readonly bytes: Buffer | null;
  /** For a conflict: the sequence of the record that holds the key. */
  readonly holder: number | null;
}

export interface WaitingQuery {
  readonly states: readonly WaitingState[];
  readonly of: WaitingItem['of'];
  /** Only numbers above this one. */
  readonly after: number;
  readonly limit: number;
}

/** A sale of a prescription's fill for which another sale already stood when it came (`possible_double_sale`). */
export interface DoubleSale {
  readonly sequence: number;
  readonly lane: string;
  readonly schedule: Schedule;
  readonly state: State;
  readonly receivedAtMs: number;
  /** The earlier sale; not above 0 for one before this epoch. */
  readonly earlier: number;
  /** Number of the VOID or RETURN that has undone one of the two since; null while both stand. */
  readonly undoneBy: number | null;
}
