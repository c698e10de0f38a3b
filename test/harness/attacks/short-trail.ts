/** Loaded before the gateway with `--import`: checkpoints within a fraction of a second, small segments. Test only. */
import { TRAIL_OPTIONS, type TrailOptions } from '../../../src/trail/options.ts';

Object.assign(TRAIL_OPTIONS, { checkpointEveryMs: 300, segmentBytes: 12_000 } satisfies Partial<TrailOptions>);
