/** Loaded before the gateway with `--import`: a checkpoint follows what happens at once. Test only. */
import { TRAIL_OPTIONS, type TrailOptions } from '../../src/trail/options.ts';

const QUICK = { gatherMs: 5, checkpointEveryMs: 50 } satisfies Partial<TrailOptions>;

Object.assign(TRAIL_OPTIONS, QUICK);
