/** What the Schedule II benchmark finds. */
import type { LineShape } from '../line/shape.ts';
import type { PmsKind } from '../store/processes.ts';

/** Times from just before the publish, in ms. */
export interface Times {
  /** Until PUBACK: on disk. */
  readonly ackMs: readonly number[];
  /** Until the `synced` receipt: settled by the PMS, settled on disk, told to the lane. */
  readonly syncedMs: readonly number[];
}

export interface Backlog {
  readonly pendingBefore: number;
  readonly pendingAfter: number;
  readonly seconds: number;
}

export interface ScheduleTwoResult {
  readonly startedAtUtcMs: number;
  readonly machine: readonly string[];
  readonly version: string;
  readonly pms: PmsKind;
  readonly line: LineShape;
  readonly records: number;
  readonly preloadSeconds: number;
  readonly idle: Times;
  readonly loaded: Times;
  /** How the backlog went down while the loaded times were taken. */
  readonly backlog: Backlog;
}
