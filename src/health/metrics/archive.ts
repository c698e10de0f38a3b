/** Metrics of the archive. */
import type { Snapshot } from '../snapshot.ts';
import { type Metric, single } from './metric.ts';

export function archiveMetrics({ archive, nowMs }: Snapshot): Metric[] {
  if (archive === null) return [];
  const { records, bytes, oldestSettledMs, lastRunMs, archivedTotal, trouble } = archive;
  return [
    { name: 'archive_records', help: 'Records in the archive.', kind: 'gauge', samples: single(records) },
    { name: 'archive_bytes', help: 'Size of the archive’s files.', kind: 'gauge', samples: single(bytes) },
    {
      name: 'archive_oldest_settled_age_seconds',
      help: 'Age of the first settled record that is still in the buffer, as of the last run.',
      kind: 'gauge',
      samples: single(oldestSettledMs === null ? null : Math.max(0, nowMs - oldestSettledMs) / 1000),
    },
    {
      name: 'archive_last_run_timestamp_seconds',
      help: 'End of the last run of the archive without a fault.',
      kind: 'gauge',
      samples: single(lastRunMs === null ? null : lastRunMs / 1000),
    },
    {
      name: 'archived_records_total',
      help: 'Records archived since the start.',
      kind: 'counter',
      samples: single(archivedTotal),
    },
    {
      name: 'archive_trouble',
      help: '1 while settled records cannot be archived.',
      kind: 'gauge',
      samples: single(trouble === null ? 0 : 1),
    },
  ];
}
