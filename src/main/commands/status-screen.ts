/** A gateway's status as text for a terminal of 80 columns or more. Pure. */
import { span } from '../../health/checks/check.ts';
import type { GatewayStatus } from '../../health/status-schema.ts';

const LABEL_WIDTH = 9;

/** The whole screen, ending in a line end. */
export function statusScreen(status: GatewayStatus): string {
  const { gateway, health } = status;
  const name = gateway.name === null ? '' : ` (${gateway.name})`;
  const lines = [
    `Counterfoil ${gateway.version}, gateway ${gateway.id}, store ${gateway.store}${name}, up ${inWords(gateway.uptime_seconds)}`,
    '',
    line('Health', `${health.status}; ${health.ready ? 'lanes are acknowledged' : 'LANES ARE NOT ACKNOWLEDGED'}`),
    line('Mode', modeText(status)),
    ...linkLines(status),
    ...recordLines(status),
    ...laneLines(status),
    ...syncLines(status),
    ...boxLines(status),
  ];
  if (health.problems.length > 0) lines.push('', 'What to look at:');
  for (const problem of health.problems) {
    const component = problem.component === null ? '' : ` (${problem.component})`;
    lines.push(`  ${problem.status}  ${problem.check}${component}: ${problem.output}`);
  }
  return `${lines.join('\n')}\n`;
}

function line(label: string, text: string): string {
  return label.padEnd(LABEL_WIDTH) + text;
}

function inWords(seconds: number): string {
  return span(seconds * 1000);
}

function modeText({ mode }: GatewayStatus): string {
  const reasons = mode.reasons.length === 0 ? '' : ` (${mode.reasons.join(', ')})`;
  return `${mode.mode} for ${inWords(mode.for_seconds)}${reasons}`;
}

function linkLines({ link }: GatewayStatus): string[] {
  if (link === null) return [line('Link', 'not watched')];
  const layers = link.layers.map(({ latency_ms, layer, reason, verdict }) => {
    const latency = latency_ms === null ? '' : ` ${latency_ms.toFixed(1)} ms`;
    return `${layer} ${verdict}${latency}${verdict === 'fail' && reason !== null ? ` (${reason})` : ''}`;
  });
  return [line('Link', `${link.link} since ${link.since_utc}`), line('', layers.join(', '))];
}

function recordLines({ commits, records }: GatewayStatus): string[] {
  if (records === null) return [line('Records', 'the buffer is not open')];
  const { accepted_total, conflict_open, duplicates_total, epoch, last_sequence, refused_open } = records;
  const totals = `since start ${accepted_total} accepted, ${duplicates_total} duplicates`;
  const open = `open: ${refused_open} refused, ${conflict_open} conflicts`;
  const head = ['schedule', 'pending', 'synced', 'other', 'oldest pending'];
  const rows = records.schedules.map(({ oldest_pending: oldest, schedule, states }) => {
    const { PENDING: pending = 0, SYNCED: synced = 0, ...others } = states;
    const other = Object.values(others).reduce((sum, count) => sum + count, 0);
    const age = oldest === null ? '-' : `${oldest.at_least ? 'at least ' : ''}${inWords(oldest.age_seconds)}`;
    const late = oldest?.late === true ? ', late' : '';
    return [schedule, String(pending), String(synced), String(other), age + late];
  });
  return [
    line('Records', `epoch ${epoch}, newest ${last_sequence}; ${totals}; ${open}`),
    ...[head, ...rows].map((row) =>
      line('', row.map((cell, column) => cell.padEnd(column === 0 ? 10 : 9)).join('')).trimEnd(),
    ),
    line('Commits', commitText(commits)),
  ];
}

function commitText({ failure, last_at_utc, p50_ms, p99_ms }: GatewayStatus['commits']): string {
  if (failure !== null) return `THE LATEST FAILED: ${failure}`;
  if (last_at_utc === null || p50_ms === null || p99_ms === null) return 'none yet';
  return `latest ${last_at_utc}, median ${p50_ms.toFixed(1)} ms, 99 % within ${p99_ms.toFixed(1)} ms`;
}

function laneLines({ lanes }: GatewayStatus): string[] {
  const { addresses, connections, connections_limit, external, list, queue_depth } = lanes;
  const where = addresses.length === 0 ? 'NOT LISTENING' : addresses.join(', ');
  const first =
    external === null
      ? `${where}; ${connections} of ${connections_limit} connections, ${queue_depth} publishes waiting`
      : `${where}; ${externalText(external)}`;
  return [
    line('Lanes', first),
    ...list.map(({ connections: open, lane, last_seen_utc, missing, publishes, refused }) =>
      line(
        '',
        `${lane}: ${open} connections, ${publishes} publishes, ${refused} refused${missing > 0 ? `, ${missing} MISSING` : ''}, last seen ${last_seen_utc}`,
      ),
    ),
  ];
}

function externalText(external: NonNullable<GatewayStatus['lanes']['external']>): string {
  const { acknowledge, contested, problem, role, standing, unacknowledged } = external;
  const parts = [`${standing} (${role})`, `${unacknowledged} unacknowledged, ${acknowledge}`];
  if (contested) parts.push('CONTESTED');
  if (standing === 'waiting' && problem !== null) parts.push(problem);
  return parts.join('; ');
}

function syncLines({ sync }: GatewayStatus): string[] {
  return sync.map((stream, index) => {
    const receipt =
      stream.last_receipt_seconds_ago === null
        ? 'no receipt yet'
        : `latest receipt ${inWords(stream.last_receipt_seconds_ago)} ago`;
    const trouble = [
      stream.alarm === null ? '' : `ALARM ${stream.alarm}`,
      stream.stopped ? 'stopped' : '',
      stream.last_fault === null ? '' : `latest fault ${stream.last_fault}`,
    ].filter((part) => part !== '');
    const parts = [`${stream.stream}: ${receipt}`, `${stream.settled_total} settled`, ...trouble];
    return line(index === 0 ? 'Sync' : '', parts.join(', '));
  });
}

function boxLines({ clock, storage, trail }: GatewayStatus): string[] {
  const offset =
    clock.offset_ms === null
      ? ''
      : `, off by ${clock.offset_ms.toFixed(0)} ms by ${clock.source === 'ntp' ? 'the time servers' : 'the PMS'} (within ${clock.uncertainty_ms?.toFixed(0) ?? '?'} ms)`;
  return [
    ...(storage === null ? [] : [line('Disk', storageText(storage))]),
    ...trailLines(trail),
    line('Clock', `${clock.quality}${offset}`),
  ];
}

function trailLines(trail: GatewayStatus['trail']): string[] {
  if (trail === null) return [line('Trail', 'not open')];
  const logs = trail.logs.map(({ checkpoint, cosigned_size, entries, lag_seconds, log, witness_alarm }) => {
    const signed =
      checkpoint === null ? 'none signed' : `${checkpoint.size} signed ${inWords(checkpoint.age_seconds)} ago`;
    const lag = lag_seconds > 1 ? [`${inWords(lag_seconds)} behind`] : [];
    const alarm = witness_alarm === null ? [] : [`ALARM ${witness_alarm}`];
    return [`${log}: ${entries} entries`, ...lag, signed, `${cosigned_size} cosigned`, ...alarm].join(', ');
  });
  return [`WORM: ${trail.worm}`, ...logs].map((text, index) => line(index === 0 ? 'Trail' : '', text));
}

const TAKEN: Readonly<Record<string, string>> = {
  HALF_OPEN: '; room again, the rest is let in little by little',
  OPEN: '; only controlled substances are taken, tills keep the rest',
  RESERVE: '; only Schedule II is taken, tills keep the rest',
  FULL: '; nothing fits, tills keep everything',
};

function storageText(storage: NonNullable<GatewayStatus['storage']>): string {
  const { free_bytes, full_in_seconds, level, utilisation } = storage;
  const forecast = full_in_seconds === null ? '' : `, full in ${inWords(full_in_seconds)}`;
  return `${(utilisation * 100).toFixed(1)} % used, ${(free_bytes / 2 ** 30).toFixed(1)} GiB free${forecast}${TAKEN[level] ?? ''}`;
}
