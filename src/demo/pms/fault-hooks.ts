/** Where a fault can step into the life of a request. */
import type { SyncRecord, SyncRequest, SyncResult } from '../../record/wire.ts';
import type { Whim } from './batch.ts';
import type { Reaction } from './http.ts';

/** `ping` is the heartbeat, `work` is sync and look-up. */
export type Route = 'ping' | 'work' | 'other';

/** Where a fault may step in, in the order of a request's life. `null` leaves things as they are. */
export interface FaultHooks {
  /** Milliseconds to wait before anything else. */
  delayMs?(): number;
  /** Before the body is read; nothing is stored. */
  onRequest?(route: Route): Reaction | null;
  /** A well-formed batch, before it is stored. */
  onBatch?(batch: SyncRequest): Reaction | null;
  /** A record not seen before, in place of the PMS's own opinion. */
  onRecord?(record: SyncRecord): Whim | null;
  /** The true results, after they are stored. */
  onResults?(results: readonly SyncResult[]): readonly SyncResult[];
  /** Everything is stored and the answer ready. */
  onAnswer?(): Reaction | null;
}

export interface FaultSetting {
  /** The number after `=`, if given. */
  readonly argument: number | null;
  /** Decides by the fault's probability whether it happens now. */
  happens(): boolean;
}

export interface FaultSpec {
  /** What the argument means and its default; null when the fault takes none. */
  readonly argument: string | null;
  readonly does: string;
  readonly hooks: (setting: FaultSetting) => FaultHooks;
}
