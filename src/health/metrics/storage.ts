/** Metrics of space and of the storage breaker. */
import type { Snapshot } from '../snapshot.ts';
import { type Metric, oneOfWords, single } from './metric.ts';

const LEVELS = ['CLOSED', 'HALF_OPEN', 'OPEN', 'RESERVE', 'FULL'];
const MEASURES = ['buffer_disk', 'trail_disk', 'buffer_bytes', 'records'] as const;

export function storageMetrics({ storage }: Snapshot): Metric[] {
  if (storage === null) return [];
  return [
    gauge('storage_utilisation_ratio', 'Largest share in use of what the gateway may fill.', storage.utilisation),
    {
      name: 'storage_share_ratio',
      help: 'Share in use by measure.',
      kind: 'gauge',
      samples: MEASURES.flatMap((measure) => {
        const value = storage.shares[measure];
        return value === undefined ? [] : [{ labels: { measure }, value }];
      }),
    },
    gauge('storage_free_bytes', 'Bytes free on the data partition.', storage.freeBytes),
    gauge('storage_ballast_bytes', 'Room kept for Schedule II that has not been given up.', storage.ballastBytes),
    gauge(
      'storage_full_seconds',
      'Forecast of the time until nothing fits; absent while it does not fill up.',
      storage.fullInMs === null ? null : storage.fullInMs / 1000,
    ),
    {
      name: 'storage_breaker',
      help: 'The storage breaker: 1 for the level that holds.',
      kind: 'gauge',
      samples: oneOfWords('level', LEVELS, storage.level),
    },
    {
      name: 'deferred_total',
      help: 'Publishes that were not taken for want of room, since the start.',
      kind: 'counter',
      samples: (['schedule_two', 'controlled', 'other'] as const).map((kind) => ({
        labels: { kind },
        value: storage.deferredTotal[kind],
      })),
    },
  ];
}

function gauge(name: string, help: string, value: number | null): Metric {
  return { name, help, kind: 'gauge', samples: single(value) };
}
