/** Loaded before the gateway with `--import`: a mirror whose medium fails is tried again soon. Test only. */
import { MIRROR_TIMING, type MirrorTiming } from '../../src/main/mirror/timing.ts';

Object.assign(MIRROR_TIMING, { retryMs: 100, longestRetryMs: 400 } satisfies Partial<MirrorTiming>);
