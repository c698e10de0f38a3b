/** Figures of the trail, for tests to shorten; what they trade is said at each. */
import { SEGMENT_BYTES } from './appender.ts';

export interface TrailOptions {
  /**
   * Shortest time between two groups of one trail: fewer syncs for the flash, more entries that wait in the buffer. Measured
   * at 8x32: 0.009 syncs a record more than without the trail at 50 ms, 0.005 at 200 ms. Attempt, answer and settling of a
   * single sale fit in one group.
   */
  readonly gatherMs: number;
  /** From an entry to the checkpoint over it: fewer checkpoints to keep, more that a thief of the disk could still change. */
  readonly checkpointEveryMs: number;
  readonly segmentBytes: number;
  /** Entries that wait longer than this say that the trail's partition takes nothing; a busy disk catches up sooner. */
  readonly lostAfterMs: number;
}

export const TRAIL_OPTIONS: TrailOptions = {
  gatherMs: 200,
  checkpointEveryMs: 5_000,
  segmentBytes: SEGMENT_BYTES,
  lostAfterMs: 60_000,
};
