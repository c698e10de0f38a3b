/** The archiver's paces. Tests of the whole process shorten them; the gateway has no switch for it. */

export interface ArchiverOptions {
  /** Settled records received longer ago than this leave the buffer. */
  readonly bufferMs: number;
  /** Records leave by whole spans of this length, so that a frame holds a day of a small store and not an hour. */
  readonly spanMs: number;
  /** Between two looks for something to do. */
  readonly everyMs: number;
  /** Before the first look: lanes come first. */
  readonly startMs: number;
  /** Between two steps of a run. */
  readonly pauseMs: number;
  /** While lanes are sending, it looks again so often whether they still are. */
  readonly busyPauseMs: number;
  /** It waits for them so often and then does one step: a store that is never quiet must not fill its disk. */
  readonly busyPauses: number;
  /** Records in one frame, about: whole packs are taken. */
  readonly frameRecords: number;
  /** Records read in one turn of the event loop. */
  readonly gatherRecords: number;
  /** Rows taken out of the buffer in one commit. */
  readonly removeRows: number;
}

const DAY_MS = 24 * 3600 * 1000;

/** Everything but `bufferMs`, which is `retention.buffer_days`. */
export const ARCHIVER_DEFAULTS: Omit<ArchiverOptions, 'bufferMs'> & { dayMs: number } = {
  /** What the configuration's days are. */
  dayMs: DAY_MS,
  spanMs: DAY_MS,
  everyMs: 3600 * 1000,
  startMs: 60 * 1000,
  pauseMs: 20,
  busyPauseMs: 100,
  busyPauses: 50,
  frameRecords: 256,
  gatherRecords: 32,
  removeRows: 32,
};
