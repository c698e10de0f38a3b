/** Metrics of records and commits. */
import { SCHEDULES, STATES } from '../../record/types.ts';
import { countOf, type Snapshot } from '../snapshot.ts';
import { type Metric, single } from './metric.ts';

export function recordMetrics({ buffer, commitP50Ms, commitP99Ms }: Snapshot): Metric[] {
  if (buffer === null) return [];
  const seconds = (ms: number | null) => (ms === null ? null : ms / 1000);
  return [
    {
      name: 'records',
      help: 'Records in the buffer by schedule and state.',
      kind: 'gauge',
      samples: SCHEDULES.flatMap((schedule) =>
        // Publishes that became no record have no schedule; they are counted below.
        STATES.filter((state) => state !== 'REFUSED' && state !== 'CONFLICT').map((state) => ({
          labels: { schedule, state },
          value: countOf(buffer, state, schedule),
        })),
      ),
    },
    {
      name: 'oldest_pending_age_seconds',
      help: 'Age of the oldest pending record; 0 when none waits. A lower bound after a restart of the box.',
      kind: 'gauge',
      samples: SCHEDULES.map((schedule) => ({
        labels: { schedule },
        value: (buffer.oldestPending[schedule]?.ageMs ?? 0) / 1000,
      })),
    },
    {
      name: 'publishes_for_review',
      help: 'Publishes that became no record and wait for a person.',
      kind: 'gauge',
      samples: [
        { labels: { reason: 'refused' }, value: buffer.refusedOpen },
        { labels: { reason: 'conflict' }, value: buffer.conflictOpen },
      ],
    },
    {
      name: 'records_accepted_total',
      help: 'Records made durable since the start.',
      kind: 'counter',
      samples: single(buffer.acceptedTotal),
    },
    {
      name: 'duplicates_total',
      help: 'Publishes that were there already, since the start.',
      kind: 'counter',
      samples: single(buffer.duplicatesTotal),
    },
    {
      name: 'commits_total',
      help: 'Commits to the buffer since the start.',
      kind: 'counter',
      samples: single(buffer.commitsTotal),
    },
    {
      name: 'commit_p50_seconds',
      help: 'Median duration of the latest commits (at most 512), begin to durable.',
      kind: 'gauge',
      samples: single(seconds(commitP50Ms)),
    },
    {
      name: 'commit_p99_seconds',
      help: 'Duration that 99 of 100 of the latest commits (at most 512) stayed within.',
      kind: 'gauge',
      samples: single(seconds(commitP99Ms)),
    },
    {
      name: 'last_commit_timestamp_seconds',
      help: 'Time of the latest durable commit.',
      kind: 'gauge',
      samples: single(seconds(buffer.lastCommitAtMs)),
    },
    {
      name: 'last_sequence',
      help: 'Newest sequence number of this epoch.',
      kind: 'gauge',
      samples: single(buffer.lastSequence),
    },
  ];
}
