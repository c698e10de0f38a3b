/** Metrics of health, lanes, space, clock and the process. */
import type { Findings } from '../checks/all.ts';
import { readinessOf, type Snapshot } from '../snapshot.ts';
import { type Metric, oneOfWords, single } from './metric.ts';

export function boxMetrics(snapshot: Snapshot, findings: Findings): Metric[] {
  const { about, intake, storage, wallClock, worm } = snapshot;
  return [
    {
      name: 'info',
      help: 'Which gateway this is.',
      kind: 'gauge',
      samples: [{ labels: { gateway: about.gatewayId, store: about.store, version: about.version }, value: 1 }],
    },
    gauge('ready', 'Whether a lane can be acknowledged.', Number(readinessOf(snapshot).ready)),
    {
      name: 'health',
      help: 'Overall health: 1 for the word that holds.',
      kind: 'gauge',
      samples: oneOfWords('status', ['pass', 'warn', 'fail'], findings.status),
    },
    {
      name: 'health_checks',
      help: 'Checks by result.',
      kind: 'gauge',
      samples: ['pass', 'warn', 'fail'].map((status) => ({
        labels: { status },
        value: findings.checks.filter((check) => check.status === status).length,
      })),
    },
    gauge('connections', 'Open connections of lanes.', intake.connections),
    gauge('connections_limit', 'Connections that may be open.', intake.connectionsLimit),
    gauge('intake_queue', 'Publishes taken in and not yet answered.', intake.queueDepth),
    gauge('storage_utilisation_ratio', 'Share of the fuller filesystem in use.', storage?.utilisation),
    gauge('storage_free_bytes', 'Bytes free on the fuller filesystem.', storage?.freeBytes),
    gauge(
      'storage_full_seconds',
      'Forecast of the time until the filesystem is full; absent while it does not fill up.',
      storage?.fullInMs == null ? null : storage.fullInMs / 1000,
    ),
    {
      name: 'clock_synchronised',
      help: 'Whether the wall clock is synchronised; absent while that is not known.',
      kind: 'gauge',
      samples: wallClock.quality === 'unknown' ? [] : single(Number(wallClock.quality === 'synchronised')),
    },
    gauge(
      'clock_offset_seconds',
      'Distance of the wall clock from its time source.',
      wallClock.offsetMs === null ? null : wallClock.offsetMs / 1000,
    ),
    {
      name: 'trail_worm',
      help: 'Protection of the trail files: 1 for the one that holds.',
      kind: 'gauge',
      samples: oneOfWords('protection', ['none', 'append_only', 'sealed'], worm),
    },
    {
      name: 'process_cpu_seconds_total',
      help: 'User and system CPU time of the process.',
      kind: 'counter',
      samples: single(snapshot.cpuSeconds),
    },
    gauge('process_resident_memory_bytes', 'Resident memory of the process.', snapshot.residentBytes),
    gauge('process_start_time_seconds', 'Start of the process since 1970.', about.startedAtMs / 1000),
  ];
}

function gauge(name: string, help: string, value: number | null | undefined): Metric {
  return { name, help, kind: 'gauge', samples: single(value) };
}
