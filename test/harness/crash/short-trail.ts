/**
 * Loaded before the gateway with `--import`: small segments and frequent checkpoints, so that a short run has the moments a
 * shop has in days. Test only; the gateway itself has no such switch.
 */
import { TRAIL_OPTIONS, type TrailOptions } from '../../../src/trail/options.ts';

const SHORT = { gatherMs: 5, checkpointEveryMs: 100, segmentBytes: 24 * 1024 } satisfies Partial<TrailOptions>;

Object.assign(TRAIL_OPTIONS, SHORT);
