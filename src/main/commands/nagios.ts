/** A gateway's status in the words of a monitoring plug-in. Pure. */
import type { GatewayStatus } from '../../health/status-schema.ts';

export const NAGIOS_EXIT = { ok: 0, warning: 1, critical: 2, unknown: 3 } as const;

export interface PluginOutput {
  readonly code: number;
  /** Begins with the word of the state; one line. */
  readonly text: string;
  /** `label=value[unit];warn;crit;min;max`, space between. */
  readonly perfdata: string;
}

/** Nagios Core reads 8 KiB; many screens show much less. */
const MOST_CHARACTERS = 600;

export function pluginOutput(status: GatewayStatus): PluginOutput {
  const { gateway, health } = status;
  const [word, code] = STATES[health.status];
  const worst = health.problems.toSorted((a, b) => Number(b.status === 'fail') - Number(a.status === 'fail'));
  const said = worst.map(
    ({ check, component, output }) => `${check}${component === null ? '' : `(${component})`}: ${output}`,
  );
  const text =
    said.length === 0 ? `${gateway.id} is well, mode ${status.mode.mode}` : `${gateway.id}: ${said.join(' / ')}`;
  return { code, text: `${word} - ${oneLine(text)}`, perfdata: perfdata(status) };
}

const STATES = {
  pass: ['OK', NAGIOS_EXIT.ok],
  warn: ['WARNING', NAGIOS_EXIT.warning],
  fail: ['CRITICAL', NAGIOS_EXIT.critical],
} as const;

/** A bar begins the performance data, so none may be in the text. */
function oneLine(text: string): string {
  const plain = text.replace(/[|\r\n]+/g, ' ');
  return plain.length <= MOST_CHARACTERS ? plain : `${plain.slice(0, MOST_CHARACTERS)} …`;
}

function perfdata({ clock, commits, lanes, records, storage, trail }: GatewayStatus): string {
  const schedules = records?.schedules ?? [];
  const pending = schedules.reduce((sum, { states }) => sum + (states.PENDING ?? 0), 0);
  const two = schedules.find(({ schedule }) => schedule === 'II');
  const ages = schedules.map(({ oldest_pending: oldest }) => oldest?.age_seconds ?? 0);
  const lag = Math.max(0, ...(trail?.logs.map(({ lag_seconds }) => lag_seconds) ?? []));
  const figures: (readonly [label: string, value: number | null | undefined, unit: string, range?: string])[] = [
    ['pending', pending, '', ';;;0'],
    ['pending_schedule_two', two?.states.PENDING ?? 0, '', ';;;0'],
    ['oldest_pending', Math.max(0, ...ages), 's', ';;;0'],
    ['oldest_pending_schedule_two', two?.oldest_pending?.age_seconds ?? 0, 's', ';;;0'],
    ['commit_p99', commits.p99_ms === null ? null : commits.p99_ms / 1000, 's', ';;;0'],
    ['storage', storage === null ? null : storage.utilisation * 100, '%', ';;;0;100'],
    ['free', storage?.free_bytes, 'B', ';;;0'],
    ['connections', lanes.connections, '', `;;;0;${lanes.connections_limit}`],
    ['clock_offset', clock.offset_ms === null ? null : clock.offset_ms / 1000, 's'],
    ['trail_lag', trail === null ? null : lag, 's', ';;;0'],
  ];
  return figures
    .flatMap(([label, value, unit, range = '']) => (value == null ? [] : [`${label}=${rounded(value)}${unit}${range}`]))
    .join(' ');
}

const rounded = (value: number) => String(Math.round(value * 1000) / 1000);
