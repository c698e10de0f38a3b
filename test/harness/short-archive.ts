/**
 * Loaded before the gateway with `--import`: a day of `retention.buffer_days` is a millisecond and the archiver looks all the
 * time, so that a test sees in a second what a store sees in weeks. Order and checks do not depend on it. Test only; the
 * gateway itself has no such switch.
 */
import { ARCHIVER_DEFAULTS } from '../../src/archive/options.ts';

Object.assign(ARCHIVER_DEFAULTS, {
  dayMs: 1,
  spanMs: 1,
  everyMs: 100,
  startMs: 10,
  pauseMs: 1,
  busyPauseMs: 2,
  removeRows: 2,
});
