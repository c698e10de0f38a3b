/** Metrics of the archive, and of copies in the object store. */
import type { Snapshot } from '../snapshot.ts';
import { type Metric, single } from './metric.ts';

export function archiveMetrics(snapshot: Snapshot): Metric[] {
  return [...recordMetrics(snapshot), ...uploadMetrics(snapshot)];
}

function recordMetrics({ archive, nowMs }: Snapshot): Metric[] {
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

function uploadMetrics({ uploads, nowMs }: Snapshot): Metric[] {
  if (uploads === null) return [];
  const { waitingFiles, waitingBytes, oldestMs, uploadedTotal, lastStoredMs, fault } = uploads;
  return [
    {
      name: 'upload_waiting_files',
      help: 'Closed segments and archive files that are not in the object store yet.',
      kind: 'gauge',
      samples: single(waitingFiles),
    },
    { name: 'upload_waiting_bytes', help: 'Their size.', kind: 'gauge', samples: single(waitingBytes) },
    {
      name: 'upload_oldest_age_seconds',
      help: 'Age of the file that waits longest for the object store.',
      kind: 'gauge',
      samples: single(oldestMs === null ? 0 : Math.max(0, nowMs - oldestMs) / 1000),
    },
    {
      name: 'uploaded_files_total',
      help: 'Files that the object store was seen to hold, locked, since the start.',
      kind: 'counter',
      samples: single(uploadedTotal),
    },
    {
      name: 'upload_last_stored_timestamp_seconds',
      help: 'When the latest of them was.',
      kind: 'gauge',
      samples: single(lastStoredMs === null ? null : lastStoredMs / 1000),
    },
    {
      name: 'upload_trouble',
      help: '1 while the newest attempt at the object store has failed.',
      kind: 'gauge',
      samples: single(fault === null ? 0 : 1),
    },
  ];
}
