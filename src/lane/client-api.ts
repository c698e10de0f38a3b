/** What a till's own program hands to the lane client and hears from it. */
import type { Clock, Random, Timers } from '../base/clock.ts';
import type { Receipt, SeenStatus } from '../record/lane-wire.ts';
import type { OutboxRow } from './outbox-row.ts';
import type { LaneCredentials } from './session.ts';
import type { TillAnswer } from './till-answer.ts';
import type { TillClockWord } from './till-clock.ts';

export interface LaneClientOptions {
  /** `mqtt://host[:port]` or `mqtts://host[:port]`. */
  readonly url: string;
  /** Store and lane: 1 to 64 of `A-Z a-z 0-9 _ -`. */
  readonly store: string;
  readonly lane: string;
  /** The outbox file, or `:memory:`. One file belongs to one lane and one process. */
  readonly outboxPath: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly credentials?: LaneCredentials;
  /** The folder of an enrolled lane, in place of credentials: its certificate is renewed in good time, by itself. */
  readonly identity?: string;
  /** Publishes without PUBACK on the wire, per stream; 32 by default. */
  readonly windowSize?: number;
}

/** A record that is safe at the till. */
export interface Publication {
  /** Order of sale at this till; names the record in events. */
  readonly position: number;
  /** Null for bytes published as they came. */
  readonly laneSequence: number | null;
  /** True when this very sale was in the outbox already. */
  readonly isRepeat: boolean;
  /** What to show beside the sale; never rejects, known within five seconds. */
  readonly answer: Promise<TillAnswer>;
}

export interface LaneReceipt {
  /** Null for a receipt that is about no record of this outbox. */
  readonly row: OutboxRow | null;
  readonly receipt: Receipt;
}

export interface LaneEvents {
  online: [];
  /** Also for every attempt to connect that failed. */
  offline: [reason: string];
  /** The gateway has it on disk. */
  acknowledged: [row: OutboxRow];
  receipt: [receipt: LaneReceipt];
  /** The same fill was sold before and not voided: the person at the till should know at once. */
  doubleSale: [receipt: LaneReceipt];
  /** Another buffer answers (`from` is null the first time); everything kept is on its way to it again. */
  epochChanged: [change: { readonly from: string | null; readonly to: string }];
  status: [status: SeenStatus];
  /** The till's own clock is off, or right again. */
  tillClock: [word: TillClockWord];
  /** The certificate was renewed; the next connection shows the new one. */
  renewed: [];
  /** It could not be renewed now; it will be tried again the next day. */
  renewalFailed: [error: unknown];
  /** The outbox file failed after a record was safe in it; what was to be noted there comes again. */
  outboxFailed: [error: unknown];
}
