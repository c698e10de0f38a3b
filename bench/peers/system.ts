/** What the benchmark asks of every system it measures. */
import type { Acknowledgement, SystemName } from '../model.ts';
import type { SyncCounter } from '../sync-count.ts';

/** A system that can be started afresh, again and again. */
export interface System {
  readonly name: SystemName;
  /** The most records a second it could conceivably take: bounds how many keys a run prepares. */
  readonly recordsPerSecondLimit: number;
  /** Version text for the report. @throws Error saying what to install when it cannot be run here. */
  version(): Promise<string>;
  /** Starts it with its data in `directory`, which exists and is empty (or holds what an earlier start left). */
  start(directory: string, syncs: SyncCounter | null): Promise<RunningSystem>;
}

export interface RunningSystem {
  readonly port: number;
  readonly username: string | null;
  readonly password: string | null;
  readonly acknowledgement: Acknowledgement;
  readonly receipts: boolean;
  /** Processes whose CPU, memory and writes are its own; their descendants are found by the probe. */
  readonly roots: readonly number[];
  /** From spawn until it takes connections. */
  readonly readyMs: number;
  /** Records it holds now, to check against what it acknowledged; null when it keeps none. */
  countStored(): Promise<number | null>;
  stop(): Promise<void>;
}
