/** Where a fault can step into the life of a request. */
import type { LookupResult, SyncRecord, SyncRequest, SyncResult } from '../../record/wire.ts';
import type { Whim } from './batch.ts';
import type { Delivery } from './delivery.ts';
import type { Reaction } from './http.ts';
import type { WitnessWord } from './witness.ts';

/** For `onBooks`: the books are empty, those of the witness too. */
export const EVERYTHING = Number.MAX_SAFE_INTEGER;

/** `ping` is the heartbeat, `work` is sync and look-up. */
export type Route = 'ping' | 'work' | 'other';

/** Where a fault may step in, in the order of a request's life. `null` leaves things as they are. */
export interface FaultHooks {
  /** Milliseconds the PMS's clock is ahead of the right time; negative: behind. */
  clockShiftMs?(): number;
  /** Milliseconds to wait before anything else. */
  delayMs?(): number;
  /** Before the body is read; nothing is stored. `coded`: the body has a content coding. */
  onRequest?(route: Route, coded: boolean): Reaction | null;
  /** A well-formed batch, before it is stored. */
  onBatch?(batch: SyncRequest): Reaction | null;
  /** Before a batch of a stream that has entries: how many of the newest entries of each stream are forgotten. */
  onBooks?(): number | null;
  /** A record not seen before, in place of the PMS's own opinion. */
  onRecord?(record: SyncRecord): Whim | null;
  /** The true results, after they are stored. */
  onResults?(results: readonly SyncResult[]): readonly SyncResult[];
  /** The true word about the checkpoint, after it is stored; what comes back need not be of the wire format. */
  onWitness?(word: WitnessWord): object;
  /** The true results of a look-up. */
  onLookup?(results: readonly LookupResult[]): readonly LookupResult[];
  /** Everything is stored and the answer ready. */
  onAnswer?(): Reaction | null;
  /** The answer to a sync or look-up request is about to leave. */
  onDelivery?(): Delivery | null;
}

export interface FaultSetting {
  /** The number after `=`, if given. */
  readonly argument: number | null;
  /** Decides by the fault's probability and count whether it happens now. */
  happens(): boolean;
}

export interface FaultSpec {
  /** What the argument means and its default; null when the fault takes none. */
  readonly argument: string | null;
  readonly does: string;
  /** How often it happens unless `#COUNT` says otherwise; absent: as often as it can. */
  readonly times?: number;
  readonly hooks: (setting: FaultSetting) => FaultHooks;
}
