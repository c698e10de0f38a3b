/**
 * `/api/v1/status`: everything about the gateway on one page, for `counterfoil status`, screens and scripts. No record
 * data. Durations are in seconds, times RFC 3339 in UTC.
 */
import { toUtcText } from '../base/clock.ts';
import { SCHEDULES } from '../record/types.ts';
import type { Findings } from './checks/all.ts';
import { seconds } from './checks/check.ts';
import { countOf, isLate, readinessOf, type Snapshot } from './snapshot.ts';
import { LINK_LAYERS, TRAIL_LOGS } from './sources.ts';
import { proofsPart } from './status-proofs.ts';
import type { GatewayStatus, OldestAnswer } from './status-schema.ts';

export function gatewayStatus(snapshot: Snapshot, findings: Findings): GatewayStatus {
  const { about, nowMs, uptimeMs, mode, monotonicMs, wallClock, buffer } = snapshot;
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
    mirror: mirrorPart(snapshot),
    disk: diskPart(snapshot),
    clock: clockPart(wallClock),
    trail: trailPart(snapshot),
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
    const { advice, atMs, code, latencyMs, reason, verdict } = link.layers[layer];
    return { layer, verdict, latency_ms: latencyMs, code, reason, advice, checked_at_utc: timeOrNull(atMs) };
  });
  return {
    link: link.link,
    since_utc: toUtcText(link.sinceMs),
    layers,
    certificate_until_utc: timeOrNull(link.certificateUntilMs),
    client_certificate_until_utc: timeOrNull(link.clientCertificateUntilMs),
  };
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
): OldestAnswer | null {
  if (oldest == null) return null;
  return {
    sequence: oldest.sequence,
    received_at_utc: toUtcText(oldest.receivedAtMs),
    age_seconds: seconds(oldest.ageMs),
    at_least: !oldest.sameBoot,
    late: isLate(oldest, limits),
  };
}

function externalPart({ intake: { external }, monotonicMs }: Snapshot): GatewayStatus['lanes']['external'] {
  if (external === null) return null;
  const { oldestUnacknowledgedAtMs: oldest } = external;
  return {
    identity: 'broker_acl',
    role: external.role,
    standing: external.standing,
    acknowledge: external.acknowledge,
    connected: external.connected,
    session_present: external.sessionPresent,
    session_lost: external.sessionLost,
    unacknowledged: external.unacknowledged,
    oldest_unacknowledged_seconds: oldest === null ? null : Math.max(0, seconds(monotonicMs - oldest)),
    waiting_for_pms: external.waitingForPms,
    sessions_total: external.sessionsTotal,
    take_overs_total: external.takeOversTotal,
    contested: external.contested,
    discarded_total: external.discardedTotal,
    problem: external.problem?.text ?? null,
  };
}

function lanesPart(snapshot: Snapshot): GatewayStatus['lanes'] {
  const { intake } = snapshot;
  return {
    external: externalPart(snapshot),
    addresses: [...intake.addresses],
    connections: intake.connections,
    connections_limit: intake.connectionsLimit,
    queue_depth: intake.queueDepth,
    list: intake.lanes.map((lane) => ({
      lane: lane.lane,
      connections: lane.connections,
      last_seen_utc: toUtcText(lane.lastSeenAtMs),
      publishes: lane.publishes,
      refused: lane.refused,
      missing: lane.missing,
      missing_since_utc: timeOrNull(lane.missingSinceMs),
      clock_offset_ms: lane.clockOffsetMs,
    })),
    proofs: proofsPart(snapshot),
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

function clockPart(facts: Snapshot['wallClock']): GatewayStatus['clock'] {
  const whole = (ms: number | null) => (ms === null ? null : Math.round(ms));
  return {
    quality: facts.quality,
    source: facts.source,
    offset_ms: whole(facts.offsetMs),
    uncertainty_ms: whole(facts.uncertaintyMs),
    pms_offset_ms: whole(facts.pmsOffsetMs),
    pms_uncertainty_ms: whole(facts.pmsUncertaintyMs),
    doubt: facts.doubt,
    steps_total: facts.steps,
    servers: facts.servers.map((server) => ({ ...server })),
  };
}

function diskPart({ disk }: Snapshot): GatewayStatus['disk'] {
  return {
    read_only: [...disk.readOnly],
    wear_percent: disk.wear?.usedPercent ?? null,
    failing: disk.wear?.isFailing ?? null,
    written_bytes_per_day: disk.writtenPerDayBytes,
    life_days: disk.daysLeft,
    temperature_celsius: disk.boxTemperatureC,
  };
}

function storagePart({ storage }: Snapshot): GatewayStatus['storage'] {
  if (storage === null) return null;
  return {
    level: storage.level,
    level_seconds: seconds(storage.levelForMs),
    by: storage.by,
    ballast_bytes: storage.ballastBytes,
    deferred: { ...storage.deferredTotal },
    utilisation: Math.round(storage.utilisation * 1e4) / 1e4,
    free_bytes: storage.freeBytes,
    total_bytes: storage.totalBytes,
    full_in_seconds: storage.fullInMs === null ? null : seconds(storage.fullInMs),
  };
}

function mirrorPart({ mirror }: Snapshot): GatewayStatus['mirror'] {
  if (mirror === null) return null;
  return {
    lag_seconds: seconds(mirror.lagMs),
    lag_records: mirror.lagRecords,
    fault: mirror.fault?.code ?? null,
  };
}

function trailPart({ monotonicMs, nowMs, trail }: Snapshot): GatewayStatus['trail'] {
  if (trail === null) return null;
  const logs = TRAIL_LOGS.map((log) => {
    const { checkpoint, cosignedSize, fixedSize, lagMs, storedSize, witness } = trail.logs[log];
    return {
      log,
      entries: fixedSize,
      stored_entries: storedSize,
      lag_seconds: seconds(lagMs),
      checkpoint:
        checkpoint === null
          ? null
          : { size: checkpoint.size, age_seconds: Math.max(0, seconds(nowMs - checkpoint.atMs)) },
      cosigned_size: cosignedSize,
      cosigned_seconds_ago:
        witness.cosigned === null ? null : Math.max(0, seconds(monotonicMs - witness.cosigned.atMs)),
      witness_alarm: witness.alarm,
    };
  });
  const troubles = trail.troubles.map(({ sinceMs, ...words }) => ({ ...words, since_utc: toUtcText(sinceMs) }));
  return { worm: trail.worm, logs, witness_key: trail.witnessKey, troubles };
}
