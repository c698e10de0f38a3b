/** Loaded before the gateway with `--import`: the storage breaker comes back in a second instead of ten. Test only. */
import { STORAGE_TIMING, type StorageTiming } from '../../src/storage/options.ts';

Object.assign(STORAGE_TIMING, { intervalMs: 100, dwellMs: 500 } satisfies Partial<StorageTiming>);
