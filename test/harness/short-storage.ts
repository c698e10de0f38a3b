/**
 * Loaded before the gateway with `--import`: the storage breaker comes back in a second instead of ten, and a trail whose
 * entries wait for a second counts as lost. Test only.
 */
import { STORAGE_TIMING, type StorageTiming } from '../../src/storage/options.ts';
import { TRAIL_OPTIONS, type TrailOptions } from '../../src/trail/options.ts';

Object.assign(TRAIL_OPTIONS, { lostAfterMs: 1000 } satisfies Partial<TrailOptions>);
Object.assign(STORAGE_TIMING, { intervalMs: 100, dwellMs: 500 } satisfies Partial<StorageTiming>);
