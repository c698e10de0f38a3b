/** Loaded before the gateway: the first request holds as many records as it may, so that one answer is long. Test only. */
import { plantFunction } from './plant.ts';

plantFunction(
  '/src/sync/pace.ts',
  'startPace',
  'export function startPace(batchSize) { return { ...true_startPace(batchSize), entries: batchSize }; }',
);
