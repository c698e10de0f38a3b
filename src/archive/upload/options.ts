/** Paces of the uploads. Tests of the whole process shorten them; the gateway has no switch for it. */
export const UPLOAD_PACES = {
  /** Before the first look: lanes and sync come first. */
  startMs: 30_000,
  /** Between two looks for something that was closed. */
  everyMs: 60_000,
  /** First wait after a failure; doubled each time up to the longest, with full jitter. */
  retryMs: 30_000,
  longestMs: 3_600_000,
  /** While records need the line or the processor, it looks again so often whether they still do … */
  busyPauseMs: 100,
  /** … and then sends one chunk: a store that is never quiet must not keep everything here. */
  busyPauses: 50,
};
