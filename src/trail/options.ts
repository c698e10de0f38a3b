/** Figures of the trail, for tests to shorten; what they trade is said at each. */
import { SEGMENT_BYTES } from './appender.ts';

export interface TrailOptions {
  /** Shortest time between two groups of one trail: fewer syncs for the flash, more entries that wait in the buffer. */
  readonly gatherMs: number;
  /** From an entry to the checkpoint over it: fewer checkpoints to keep, more that a thief of the disk could still change. */
  readonly checkpointEveryMs: number;
  readonly segmentBytes: number;
}

export const TRAIL_OPTIONS: TrailOptions = {
  gatherMs: 50,
  checkpointEveryMs: 5_000,
  segmentBytes: SEGMENT_BYTES,
};
