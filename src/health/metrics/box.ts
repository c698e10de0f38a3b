/** Metrics of health, lanes, clock and the process. */
import type { Findings } from '../checks/all.ts';
import { readinessOf, type Snapshot } from '../snapshot.ts';
import { type Metric, oneOfWords, type Sample, single } from './metric.ts';

export function boxMetrics(snapshot: Snapshot, findings: Findings): Metric[] {
  const { about, intake, wallClock } = snapshot;
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
    gauge(
      'http_certificate_expiry_timestamp_seconds',
      'End of the certificate of the HTTPS listener; absent without TLS.',
      snapshot.certificateUntilMs === null ? null : snapshot.certificateUntilMs / 1000,
    ),
    gauge('connections', 'Open connections of lanes.', intake.connections),
    gauge('connections_limit', 'Connections that may be open.', intake.connectionsLimit),
    gauge('intake_queue', 'Publishes taken in and not yet answered.', intake.queueDepth),
    {
      name: 'clock_synchronised',
      help: 'Whether the wall clock is synchronised; absent while that is not known.',
      kind: 'gauge',
      samples: wallClock.quality === 'unknown' ? [] : single(Number(wallClock.quality === 'synchronised')),
    },
    {
      name: 'clock_offset_seconds',
      help: "What has to be added to the wall clock to get a source's time: the time servers', the PMS's.",
      kind: 'gauge',
      samples: clockSamples(wallClock, ({ ntp, pms }) => [ntp?.offsetMs ?? null, pms.offsetMs]),
    },
    {
      name: 'clock_uncertainty_seconds',
      help: 'How far the offset may be from the truth.',
      kind: 'gauge',
      samples: clockSamples(wallClock, ({ ntp, pms }) => [ntp?.uncertaintyMs ?? null, pms.uncertaintyMs]),
    },
    {
      name: 'clock_steps_total',
      help: 'How often somebody set the wall clock, since the start.',
      kind: 'counter',
      samples: single(wallClock.steps),
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

interface ClockValues {
  readonly ntp: { readonly offsetMs: number | null; readonly uncertaintyMs: number | null } | null;
  readonly pms: { readonly offsetMs: number | null; readonly uncertaintyMs: number | null };
}

/** One value for each source that has one; `pick` gives those of the time servers and of the PMS, in ms. */
function clockSamples(
  facts: Snapshot['wallClock'],
  pick: (values: ClockValues) => readonly [number | null, number | null],
): Sample[] {
  const [ntp, pms] = pick({
    ntp: facts.source === 'ntp' ? facts : null,
    pms: { offsetMs: facts.pmsOffsetMs, uncertaintyMs: facts.pmsUncertaintyMs },
  });
  return [
    ...(ntp === null ? [] : [{ labels: { source: 'ntp' }, value: ntp / 1000 }]),
    ...(pms === null ? [] : [{ labels: { source: 'pms' }, value: pms / 1000 }]),
  ];
}

function gauge(name: string, help: string, value: number | null | undefined): Metric {
  return { name, help, kind: 'gauge', samples: single(value) };
}
