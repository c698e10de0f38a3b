/** What the review pages need of others; main passes it in. Nothing here decides who may: whoever signs is judged where the act is done. */
import type { WaitingDetail, WaitingItem, WaitingQuery, WaitingState } from '../../buffer/api.ts';

export type Step = 'release' | 'dismiss' | 'resolve';

/** One item of an act, as the person saw it. `hash` in hex. */
export interface Subject {
  readonly of: WaitingItem['of'];
  readonly number: number;
  readonly state: WaitingState;
  readonly hash: string;
}

export interface ActRequest {
  /** UUID, new for each act: the same again is refused, so that a form sent twice is done once. */
  readonly actId: string;
  readonly step: Step;
  readonly subjects: readonly Subject[];
  readonly meaning: string;
  readonly password: string;
  /** Of the authenticator; null without one. */
  readonly code: string | null;
  /** `resolve` only: the corrected record as it would be published. */
  readonly correction: Buffer | null;
}

export interface ActDone {
  readonly printedName: string;
  readonly signedAtMs: number;
  readonly meaning: string;
  /** Place of its entry. */
  readonly trail: { readonly log: string; readonly index: number };
  /** The record that was admitted by a `resolve`, if it was. */
  readonly correction: { readonly status: string; readonly sequence: number | null; readonly state: string } | null;
}

/** What went wrong and what to do, in words for people; `status` is HTTP's. */
export interface ActRefused {
  readonly status: 400 | 401 | 409 | 422 | 429 | 503;
  readonly message: string;
  readonly hint: string;
}

/** The record that holds the key of a conflict. */
export interface HolderContent {
  readonly sequence: number;
  /** Null when the buffer no longer has it. */
  readonly bytes: Buffer | null;
}

export interface ReviewDesk {
  /** What a person may do about each state. */
  readonly stepsOf: Readonly<Record<WaitingState, readonly Step[]>>;
  /** Most subjects of one act. */
  readonly maxSubjects: number;
  /** What waits, by number; without content. A short read of its own connection. */
  list(query: WaitingQuery): readonly WaitingItem[];
  /** The content of one item, told to the trail before it is read; null when it waits no more. `by` is who looks. */
  look(item: Pick<WaitingItem, 'of' | 'number'>, by: string): Promise<WaitingDetail | null>;
  /** The same of the record whose key a conflict came with. */
  lookAtHolder(sequence: number, by: string): Promise<HolderContent>;
  /** Signs as `user`, with password and code, and does it: all of it or nothing. Never throws for what the person did. */
  act(
    user: string,
    address: string,
    request: ActRequest,
  ): Promise<{ readonly ok: true; readonly done: ActDone } | { readonly ok: false; readonly refused: ActRefused }>;
  newActId(): string;
  /** A new key for a corrected record. */
  newKey(): string;
}
