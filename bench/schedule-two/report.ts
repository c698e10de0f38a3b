/** The Schedule II result as text. */
import { count, figure, ratio, table } from '../figures.ts';
import { describeLine } from '../line/options.ts';
import { quantile } from '../stats.ts';
import type { ScheduleTwoResult } from './model.ts';

const MOST_OF_IDLE = 1.2;

/** Head, figures, target. */
export function renderScheduleTwo(result: ScheduleTwoResult, markdown: boolean): string {
  const { backlog, line, idle, loaded } = result;
  const drained = (backlog.pendingBefore - backlog.pendingAfter) / backlog.seconds;
  const lines = [
    `Date: ${new Date(result.startedAtUtcMs).toISOString().slice(0, 10)}; ${result.version}`,
    `Machine: ${result.machine.join(', ')}`,
    `Line: ${describeLine(line)}; PMS: ${result.pms}`,
    `${idle.syncedMs.length} sales idle (half before, half after), ${loaded.syncedMs.length} beside the backlog`,
    `Backlog: ${count(result.records)} standard records, put in within ${figure(result.preloadSeconds)} s; ` +
      `${count(backlog.pendingBefore)} pending before the first sale and ${count(backlog.pendingAfter)} after the last, ` +
      `${count(drained)} records/s drained meanwhile`,
  ];
  const head = lines.map((text) => `${markdown ? '- ' : ''}${text}\n`).join('');
  return `${head}\n${table(figures(result), markdown)}\n${table(targets(result), markdown)}`;
}

type Pick = (result: ScheduleTwoResult, state: 'idle' | 'loaded') => number;

const at =
  (what: 'ackMs' | 'syncedMs', share: number): Pick =>
  (result, state) =>
    quantile(Float64Array.from(result[state][what]).sort(), share);
const beyondLine =
  (pick: Pick): Pick =>
  (result, state) =>
    pick(result, state) - result.line.roundTripMs;

const ROWS: readonly (readonly [name: string, pick: Pick])[] = [
  ['publish to PUBACK, median ms', at('ackMs', 0.5)],
  ['publish to PUBACK, p95 ms', at('ackMs', 0.95)],
  ['publish to synced, median ms', at('syncedMs', 0.5)],
  ['publish to synced, p95 ms', at('syncedMs', 0.95)],
  ['of it beyond one round trip, median ms', beyondLine(at('syncedMs', 0.5))],
  ['of it beyond one round trip, p95 ms', beyondLine(at('syncedMs', 0.95))],
];

function figures(result: ScheduleTwoResult): string[][] {
  const rows = ROWS.map(([name, pick]) => {
    const [idle, loaded] = [pick(result, 'idle'), pick(result, 'loaded')];
    return [name, figure(idle), figure(loaded), ratio(loaded / idle)];
  });
  return [['', 'idle', 'beside the backlog', 'ratio'], ...rows];
}

function targets(result: ScheduleTwoResult): string[][] {
  const rows = [
    ['median', 0.5],
    ['p95', 0.95],
  ] as const;
  return [
    ['target', 'found', 'outcome'],
    ...rows.map(([name, share]) => {
      const pick = at('syncedMs', share);
      const found = pick(result, 'loaded') / pick(result, 'idle');
      const target = `publish to synced beside the backlog at most ${MOST_OF_IDLE}× the idle one, ${name}`;
      return [target, ratio(found), found <= MOST_OF_IDLE ? 'reached' : 'missed'];
    }),
  ];
}
