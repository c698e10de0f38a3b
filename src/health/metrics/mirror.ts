/** Metrics of the copy on a second medium. */
import type { Snapshot } from '../snapshot.ts';
import { type Metric, single } from './metric.ts';

export function mirrorMetrics({ mirror }: Snapshot): Metric[] {
  if (mirror === null) return [];
  return [
    {
      name: 'mirror_lag_seconds',
      help: 'The copy on the second medium has everything committed before so long.',
      kind: 'gauge',
      samples: single(mirror.lagMs / 1000),
    },
    {
      name: 'mirror_lag_records',
      help: 'Records the copy on the second medium lacks.',
      kind: 'gauge',
      samples: single(mirror.lagRecords),
    },
    {
      name: 'mirror_fault',
      help: '1 while the copy on the second medium cannot be kept.',
      kind: 'gauge',
      samples: single(mirror.fault === null ? 0 : 1),
    },
  ];
}
