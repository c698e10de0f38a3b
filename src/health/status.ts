/**
 * `/api/v1/status`: everything about the gateway on one page, for `counterfoil status`, screens and scripts. No record
 * data. Durations are in seconds, times RFC 3339 in UTC.
 */
import { z } from 'zod';
import { toUtcText } from '../base/clock.ts';
import { SCHEDULES } from '../record/types.ts';
import type { Findings } from './checks/all.ts';
import { seconds } from './checks/check.ts';
import { countOf, isLate, readinessOf, type Snapshot } from './snapshot.ts';
import { LINK_LAYERS } from './sources.ts';

const whole = z.int().nonnegative();
const span = z.number().nonnegative();
const time = z.iso.datetime();

export const oldestSchema = z.object({
  sequence: whole,
  received_at_utc: time,
  age_seconds: span,
  /** True when the record came in an earlier boot: the age is a lower bound. */
  at_least: z.boolean(),
  late: z.boolean(),
});

const layerSchema = z.object({
  layer: z.enum(LINK_LAYERS),
  verdict: z.enum(['ok', 'fail', 'unknown']),
  latency_ms: span.nullable(),
  reason: z.string().nullable(),
  checked_at_utc: time.nullable(),
});

const streamSchema = z.object({
  stream: z.string(),
  stopped: z.boolean(),
  alarm: z.string().nullable(),
  breaker: z.enum(['closed', 'open', 'half_open']),
  last_fault: z.string().nullable(),
  last_attempt_seconds_ago: span.nullable(),
  last_receipt_seconds_ago: span.nullable(),
  attempts_total: whole,
  receipts_total: whole,
  settled_total: whole,
});

export const gatewayStatusSchema = z.object({
  time_utc: time,
  gateway: z.object({
    id: z.string(),
    store: z.string(),
    name: z.string().nullable(),
    version: z.string(),
    production: z.boolean(),
    started_at_utc: time,
    uptime_seconds: span,
  }),
  health: z.object({
    status: z.enum(['pass', 'warn', 'fail']),
    ready: z.boolean(),
    problems: z.array(
      z.object({ check: z.string(), component: z.string().nullable(), status: z.string(), output: z.string() }),
    ),
  }),
  mode: z.object({ mode: z.string(), for_seconds: span, reasons: z.array(z.string()) }),
  link: z.object({ link: z.string(), since_utc: time, layers: z.array(layerSchema) }).nullable(),
  records: z
    .object({
      epoch: z.string(),
      last_sequence: whole,
      accepted_total: whole,
      duplicates_total: whole,
      refused_open: whole,
      conflict_open: whole,
      schedules: z.array(
        z.object({
          schedule: z.enum(SCHEDULES),
          /** Records by state; states without records are absent. */
          states: z.record(z.string(), whole),
          oldest_pending: oldestSchema.nullable(),
        }),
      ),
    })
    .nullable(),
  commits: z.object({
    total: whole,
    last_at_utc: time.nullable(),
    p50_ms: span.nullable(),
    p99_ms: span.nullable(),
    failure: z.string().nullable(),
  }),
  lanes: z.object({
    addresses: z.array(z.string()),
    connections: whole,
    connections_limit: whole,
    queue_depth: whole,
    list: z.array(
      z.object({ lane: z.string(), connections: whole, last_seen_utc: time, publishes: whole, refused: whole }),
    ),
  }),
  sync: z.array(streamSchema),
  storage: z
    .object({ utilisation: span, free_bytes: whole, total_bytes: whole, full_in_seconds: span.nullable() })
    .nullable(),
  clock: z.object({ quality: z.string(), offset_ms: z.number().nullable() }),
  trail: z.object({ worm: z.string(), audit_entries: whole, schedule_two_entries: whole }),
});
export type GatewayStatus = z.infer<typeof gatewayStatusSchema>;

export function gatewayStatus(snapshot: Snapshot, findings: Findings): GatewayStatus {
  const { about, nowMs, uptimeMs, mode, monotonicMs, wallClock, buffer, worm } = snapshot;
  return {
    time_utc: toUtcText(nowMs),
    gateway: {
      id: about.gatewayId,
      store: about.store,
      name: about.storeName,
      version: about.version,
      production: about.production,
      started_at_utc: toUtcText(about.startedAtMs),
      uptime_seconds: seconds(uptimeMs),
    },
    health: healthPart(snapshot, findings),
    mode: { mode: mode.mode, for_seconds: seconds(monotonicMs - mode.sinceMs), reasons: [...mode.reasons] },
    link: linkPart(snapshot),
    records: recordsPart(snapshot),
    commits: {
      total: buffer?.commitsTotal ?? 0,
      last_at_utc: timeOrNull(buffer?.lastCommitAtMs),
      p50_ms: snapshot.commitP50Ms,
      p99_ms: snapshot.commitP99Ms,
      failure: snapshot.commitFailure?.code ?? null,
    },
    lanes: lanesPart(snapshot),
    sync: snapshot.streams.map((stream) => streamPart(stream, monotonicMs)),
    storage: storagePart(snapshot),
    clock: { quality: wallClock.quality, offset_ms: wallClock.offsetMs },
    trail: {
      worm,
      audit_entries: buffer?.auditSize.audit ?? 0,
      schedule_two_entries: buffer?.auditSize.schedule_two ?? 0,
    },
  };
}

function timeOrNull(ms: number | null | undefined): string | null {
  return ms == null ? null : toUtcText(ms);
}

function healthPart(snapshot: Snapshot, { checks, status }: Findings): GatewayStatus['health'] {
  const problems = checks
    .filter((check) => check.status !== 'pass')
    .map(({ componentId, name, output, status: word }) => ({
      check: name,
      component: componentId ?? null,
      status: word,
      output: output ?? '',
    }));
  return { status, ready: readinessOf(snapshot).ready, problems };
}

function linkPart({ link }: Snapshot): GatewayStatus['link'] {
  if (link === null) return null;
  const layers = LINK_LAYERS.map((layer) => {
    const { atMs, latencyMs, reason, verdict } = link.layers[layer];
    return { layer, verdict, latency_ms: latencyMs, reason, checked_at_utc: timeOrNull(atMs) };
  });
  return { link: link.link, since_utc: toUtcText(link.sinceMs), layers };
}

function recordsPart({ buffer, limits }: Snapshot): GatewayStatus['records'] {
  if (buffer === null) return null;
  return {
    epoch: buffer.epoch,
    last_sequence: buffer.lastSequence,
    accepted_total: buffer.acceptedTotal,
    duplicates_total: buffer.duplicatesTotal,
    refused_open: buffer.refusedOpen,
    conflict_open: buffer.conflictOpen,
    schedules: SCHEDULES.map((schedule) => ({
      schedule,
      states: { PENDING: countOf(buffer, 'PENDING', schedule), ...buffer.counts[schedule] },
      oldest_pending: oldestAnswer(buffer.oldestPending[schedule], limits),
    })),
  };
}

/** The oldest pending record as it is answered; null for none. */
export function oldestAnswer(
  oldest: Parameters<typeof isLate>[0] | null | undefined,
  limits: Snapshot['limits'],
): z.infer<typeof oldestSchema> | null {
  if (oldest == null) return null;
  return {
    sequence: oldest.sequence,
    received_at_utc: toUtcText(oldest.receivedAtMs),
    age_seconds: seconds(oldest.ageMs),
    at_least: !oldest.sameBoot,
    late: isLate(oldest, limits),
  };
}

function lanesPart({ intake }: Snapshot): GatewayStatus['lanes'] {
  return {
    addresses: [...intake.addresses],
    connections: intake.connections,
    connections_limit: intake.connectionsLimit,
    queue_depth: intake.queueDepth,
    list: intake.lanes.map(({ connections, lane, lastSeenAtMs, publishes, refused }) => ({
      lane,
      connections,
      last_seen_utc: toUtcText(lastSeenAtMs),
      publishes,
      refused,
    })),
  };
}

function streamPart(stream: Snapshot['streams'][number], monotonicMs: number): GatewayStatus['sync'][number] {
  const ago = (atMs: number | null) => (atMs === null ? null : Math.max(0, seconds(monotonicMs - atMs)));
  return {
    stream: stream.stream,
    stopped: stream.stopped,
    alarm: stream.alarm,
    breaker: stream.breaker,
    last_fault: stream.lastFault,
    last_attempt_seconds_ago: ago(stream.lastAttemptAtMs),
    last_receipt_seconds_ago: ago(stream.lastReceiptAtMs),
    attempts_total: stream.attemptsTotal,
    receipts_total: stream.receiptsTotal,
    settled_total: stream.settledTotal,
  };
}

function storagePart({ storage }: Snapshot): GatewayStatus['storage'] {
  if (storage === null) return null;
  return {
    utilisation: Math.round(storage.utilisation * 1e4) / 1e4,
    free_bytes: storage.freeBytes,
    total_bytes: storage.totalBytes,
    full_in_seconds: storage.fullInMs === null ? null : seconds(storage.fullInMs),
  };
}
