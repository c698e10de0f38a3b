/** Metrics of the trail and its witnesses. */
import type { Snapshot } from '../snapshot.ts';
import { TRAIL_LOGS, type TrailFacts, type TrailLogFacts } from '../sources.ts';
import { type Metric, oneOfWords, single } from './metric.ts';

export function trailMetrics({ monotonicMs, nowMs, trail }: Snapshot): Metric[] {
  if (trail === null) return [];
  return [
    perLog(trail, 'trail_entries', 'Entries of each trail.', ({ fixedSize }) => fixedSize),
    perLog(trail, 'trail_stored_entries', 'Entries that are synced in segments.', ({ storedSize }) => storedSize),
    perLog(
      trail,
      'trail_lag_seconds',
      'Age of the oldest entry that is not yet synced in a segment; 0 without one.',
      ({ lagMs }) => lagMs / 1000,
    ),
    perLog(
      trail,
      'trail_checkpoint_entries',
      'Entries in the newest signed checkpoint.',
      ({ checkpoint }) => checkpoint?.size ?? null,
    ),
    perLog(
      trail,
      'trail_checkpoint_age_seconds',
      'Age of the newest signed checkpoint.',
      ({ checkpoint }) => checkpoint && Math.max(0, nowMs - checkpoint.atMs) / 1000,
    ),
    perLog(trail, 'trail_cosigned_entries', 'Entries the PMS has cosigned.', ({ cosignedSize }) => cosignedSize),
    perLog(
      trail,
      'trail_cosigned_age_seconds',
      'Time since the latest cosignature of the PMS; absent before the first since the start.',
      ({ witness }) => witness.cosigned && (monotonicMs - witness.cosigned.atMs) / 1000,
    ),
    perLog(trail, 'trail_witness_alarm', 'Whether the PMS and the trail disagree.', ({ witness }) =>
      Number(witness.alarm !== null),
    ),
    {
      name: 'trail_worm',
      help: 'Protection of the trail files: 1 for the one that holds.',
      kind: 'gauge',
      samples: oneOfWords('protection', ['none', 'append_only', 'sealed'], trail.worm),
    },
    {
      name: 'trail_troubles',
      help: 'Troubles of the trail that need a person; health names them.',
      kind: 'gauge',
      samples: single(trail.troubles.length),
    },
  ];
}

function perLog(
  { logs }: TrailFacts,
  name: string,
  help: string,
  read: (facts: TrailLogFacts) => number | null,
): Metric {
  const samples = TRAIL_LOGS.flatMap((log) => {
    const value = read(logs[log]);
    return value === null ? [] : [{ labels: { log }, value }];
  });
  return { name, help, kind: 'gauge', samples };
}
