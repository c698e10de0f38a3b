/**
 * Loaded before the gateway: the first request holds as many records as it may, so that one answer is long, and nobody gives
 * it up because the machine is busy. Test only.
 */
import { SYNC_DEFAULTS, type SyncOptions } from '../../../src/sync/options.ts';
import { plantFunction } from './plant.ts';

const PATIENT = { requestTimeoutMs: 30_000 } satisfies Partial<SyncOptions>;

Object.assign(SYNC_DEFAULTS, PATIENT);
plantFunction(
  '/src/sync/pace.ts',
  'startPace',
  'export function startPace(batchSize) { return { ...true_startPace(batchSize), entries: batchSize }; }',
);
