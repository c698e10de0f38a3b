/** `counterfoil top`: one look at a gateway beside the look before it, as lines for a terminal of 80 columns. Pure. */
import { span } from '../../health/checks/check.ts';
import type { GatewayStatus } from '../../health/status-schema.ts';

const BAR_WIDTH = 30;
const MOST_LANES = 8;
const MOST_PROBLEMS = 6;

/** The screen, top line first. `before` is an earlier look, for what happens a second. */
export function topScreen(now: GatewayStatus, before: GatewayStatus | null): string[] {
  const { gateway, health, mode } = now;
  return [
    `counterfoil ${gateway.id}  store ${gateway.store}  ${now.time_utc}  up ${inWords(gateway.uptime_seconds)}`,
    `health ${health.status}  mode ${mode.mode} for ${inWords(mode.for_seconds)}  link ${linkWord(now)}  lanes ${health.ready ? 'acknowledged' : 'NOT ACKNOWLEDGED'}`,
    '',
    ...flow(now, before),
    ...disk(now),
    '',
    'schedule   pending  oldest',
    ...schedules(now),
    '',
    `lane                 publishes  /s     refused  last seen      (${now.lanes.connections} connections)`,
    ...lanes(now, before),
    ...problems(now),
  ];
}

const inWords = (seconds: number) => span(seconds * 1000);

function linkWord({ link }: GatewayStatus): string {
  if (link === null) return 'not watched';
  const failed = link.layers.find(({ verdict }) => verdict === 'fail');
  return failed === undefined ? link.link : `${link.link} (${failed.layer}: ${failed.code ?? 'failed'})`;
}

/** How often something happened a second since the look before; `-` where that cannot be said: a first look, a restart. */
export function perSecond(now: number, before: number | undefined, seconds: number): string {
  if (before === undefined || seconds <= 0 || now < before) return '-';
  return ((now - before) / seconds).toFixed(1);
}

function secondsBetween(now: GatewayStatus, before: GatewayStatus | null): number {
  // By the gateway's uptime, which no set clock moves; a restarted one has less of it.
  return before === null ? 0 : now.gateway.uptime_seconds - before.gateway.uptime_seconds;
}

function flow(now: GatewayStatus, before: GatewayStatus | null): string[] {
  const seconds = secondsBetween(now, before);
  const settled = (status: GatewayStatus | null) =>
    status?.sync.reduce((sum, { settled_total }) => sum + settled_total, 0);
  const accepted = perSecond(now.records?.accepted_total ?? 0, before?.records?.accepted_total, seconds);
  const out = perSecond(settled(now) ?? 0, settled(before), seconds);
  const { p50_ms, p99_ms, failure } = now.commits;
  const commit =
    failure !== null
      ? `COMMITS FAIL: ${failure}`
      : p50_ms === null || p99_ms === null
        ? 'no commit yet'
        : `commit ${p50_ms.toFixed(1)} ms, 99 % within ${p99_ms.toFixed(1)} ms`;
  return [`in ${accepted}/s  to the PMS ${out}/s  waiting for the disk ${now.lanes.queue_depth}  ${commit}`];
}

function disk({ storage }: GatewayStatus): string[] {
  if (storage === null) return [];
  const filled = Math.min(BAR_WIDTH, Math.round(storage.utilisation * BAR_WIDTH));
  const bar = '#'.repeat(filled) + '.'.repeat(BAR_WIDTH - filled);
  const forecast = storage.full_in_seconds === null ? '' : `  full in ${inWords(storage.full_in_seconds)}`;
  return [`disk [${bar}] ${(storage.utilisation * 100).toFixed(1)} %  ${storage.level}${forecast}`];
}

function schedules({ records }: GatewayStatus): string[] {
  return (records?.schedules ?? []).map(({ oldest_pending: oldest, schedule, states }) => {
    const age = oldest === null ? '-' : `${oldest.at_least ? 'at least ' : ''}${inWords(oldest.age_seconds)}`;
    const late = oldest?.late === true ? '  LATE' : '';
    return `${schedule.padEnd(11)}${String(states.PENDING ?? 0).padEnd(9)}${age}${late}`;
  });
}

function lanes(now: GatewayStatus, before: GatewayStatus | null): string[] {
  const seconds = secondsBetween(now, before);
  const busiest = now.lanes.list.toSorted((a, b) => b.publishes - a.publishes);
  const lines = busiest.slice(0, MOST_LANES).map(({ lane, last_seen_utc, publishes, refused }) => {
    const earlier = before?.lanes.list.find((one) => one.lane === lane)?.publishes;
    const ago = inWords((Date.parse(now.time_utc) - Date.parse(last_seen_utc)) / 1000);
    const cells = [
      lane.padEnd(21),
      String(publishes).padEnd(11),
      perSecond(publishes, earlier, seconds).padEnd(7),
      String(refused).padEnd(9),
    ];
    return `${cells.join('')}${ago} ago`;
  });
  const more = busiest.length - lines.length;
  return more > 0 ? [...lines, `and ${more} more`] : lines;
}

function problems({ health }: GatewayStatus): string[] {
  if (health.problems.length === 0) return [];
  const worst = health.problems.toSorted((a, b) => Number(b.status === 'fail') - Number(a.status === 'fail'));
  const lines = worst.slice(0, MOST_PROBLEMS).map(({ check, component, output, status }) => {
    const where = component === null ? '' : ` (${component})`;
    return `${status}  ${check}${where}: ${output}`;
  });
  const more = worst.length - lines.length;
  return ['', ...lines, ...(more > 0 ? [`and ${more} more: counterfoil status`] : [])];
}
