/** What main sees of the intake stage, whichever source the records come from. */
import type { SettledRecord } from '../buffer/api.ts';
import type { Status } from '../record/lane-wire.ts';
import type { LaneView } from './lanes.ts';

/** The shop's broker as the source; counts since the gateway's start. */
export interface ExternalFacts {
  readonly url: string;
  readonly role: 'single' | 'active' | 'standby';
  readonly acknowledge: 'after_commit' | 'after_sync';
  /** `consuming`: records come in. `standby`: another gateway consumes. `waiting`: listens or connects. */
  readonly standing: 'consuming' | 'standby' | 'waiting';
  /** The connection for receipts and status, over which another gateway is heard. */
  readonly connected: boolean;
  /** Whether the broker still had our session at the latest connect; null before the first. */
  readonly sessionPresent: boolean | null;
  /** The broker had forgotten a session that we had used: what lanes published meanwhile may be lost. */
  readonly sessionLost: boolean;
  /** Delivered and not acknowledged. */
  readonly unacknowledged: number;
  /** Monotonic; null when there is none. */
  readonly oldestUnacknowledgedAtMs: number | null;
  /** Of those, stored here and not yet answered for by the PMS (`after_sync`). */
  readonly waitingForPms: number;
  readonly sessionsTotal: number;
  /** How often another gateway has taken over. */
  readonly takeOversTotal: number;
  readonly contested: boolean;
  /** Publishes acknowledged and not kept, because their lane's evidence is full. */
  readonly discardedTotal: number;
  readonly receiptsDroppedTotal: number;
  /** Why the latest connection ended, while there is none. */
  readonly problem: { readonly code: string; readonly text: string } | null;
}

export interface IntakeStage {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Where lanes connect: our listeners, or the broker's address. */
  readonly addresses: readonly string[];
  /** Records can come in. */
  readonly isListening: boolean;
  /** Publishes taken in and not yet answered. */
  readonly queueDepth: number;
  readonly connections: number;
  lanes(): LaneView[];
  /** Ends every connection of a lane at once. */
  cut(lane: string): void;
  /** Judges the certificates of open connections again. */
  judgeAgain(): void;
  /** Takes the listeners' certificates anew. */
  reloadTls(): void;
  tellSettled(records: readonly SettledRecord[]): void;
  /** Records the PMS will not get by themselves any more. */
  tellQuarantined(sequences: readonly number[]): void;
  tellStatus(status: Status): Promise<void>;
  /** Null when lanes connect to the gateway itself. */
  external(): ExternalFacts | null;
}
