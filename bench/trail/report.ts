/** The trail result as text. */

import { TRAIL_OPTIONS } from '../../src/trail/options.ts';
import { count, figure, table } from '../figures.ts';
import type { Sample } from '../model.ts';
import type { SizeResult, TrailResult } from './model.ts';

/** Share of the rate at 8x32 that the trail may cost. */
const MOST_COST = 0.25;
const TARGET_POINT = '8x32';
/** A shop's day, for how often a checkpoint is due. */
const OPEN_HOURS = 12;
const DAYS_A_YEAR = 365;
const YEARS = [2, 6] as const;
const RECORDS_A_DAY = [2_000, 10_000] as const;
/** Kinds that come with each checkpoint, not with each record. */
const WITH_CHECKPOINT: ReadonlySet<string> = new Set(['cp', 'cosigned']);
/** Kinds that come with starts and segments, whatever is sold. */
const WITH_START: ReadonlySet<string> = new Set(['seg', 'segment', 'trail_key', 'start', 'stop', 'gateway_key']);

/** Head, rates, size, targets. */
export function renderTrail(result: TrailResult, markdown: boolean): string {
  const lines = [
    `Date: ${new Date(result.startedAtUtcMs).toISOString().slice(0, 10)}; ${result.version}`,
    `Machine: ${result.machine.join(', ')}`,
    `Median of ${result.rounds} round(s) of ${figure(result.windowSeconds)} s per point, with and without in turn`,
    `At most one group of each trail in ${TRAIL_OPTIONS.gatherMs} ms, a checkpoint ${TRAIL_OPTIONS.checkpointEveryMs / 1000} s after what is new`,
  ];
  const head = lines.map((text) => `${markdown ? '- ' : ''}${text}\n`).join('');
  const parts = [head, table(rates(result), markdown)];
  if (result.size !== null) parts.push(table(kinds(result.size), markdown), table(years(result.size), markdown));
  parts.push(table(targets(result), markdown));
  return parts.join('\n');
}

function rates({ without, withTrail }: TrailResult): string[][] {
  const rows = [...withTrail.points].flatMap(([point, sample]) => {
    const bare = without.points.get(point);
    return bare === undefined ? [] : [rowOf(point, 'without', bare, null), rowOf('', 'with', sample, bare)];
  });
  const head = [
    '',
    'trail',
    'records/s',
    'cost',
    'p50 ms',
    'p99 ms',
    'CPU s/1000',
    'device bytes/record',
    'syncs/record',
  ];
  return [head, ...rows];
}

function rowOf(point: string, trail: string, sample: Sample, bare: Sample | null): string[] {
  return [
    point,
    trail,
    count(sample.recordsPerSecond),
    bare === null ? '' : percent(costOf(sample, bare)),
    figure(sample.p50Ms),
    figure(sample.p99Ms),
    figure(sample.cpuSecondsPerThousand),
    sample.deviceBytesPerRecord === null ? '–' : count(sample.deviceBytesPerRecord),
    figure(sample.syncsPerRecord),
  ];
}

function costOf(sample: Sample, bare: Sample): number {
  return 1 - sample.recordsPerSecond / bare.recordsPerSecond;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function kinds({ sales, kinds: found }: SizeResult): string[][] {
  const rows = found
    .filter(({ kind }) => !WITH_START.has(kind))
    .map(({ kind, entries, bytes }) => [kind, figure(entries / sales), count(bytes / entries), figure(bytes / sales)]);
  return [['kind', 'entries/record', 'bytes each', 'bytes/record'], ...rows];
}

/** Bytes of a day: what each record leaves, and a checkpoint with what belongs to it for each, as far as time allows. */
function bytesADay({ sales, kinds: found }: SizeResult, recordsADay: number): number {
  const ofRecords = found.filter(({ kind }) => !WITH_START.has(kind) && !WITH_CHECKPOINT.has(kind));
  const perRecord = ofRecords.reduce((sum, { bytes }) => sum + bytes, 0) / sales;
  const perCheckpoint = found
    .filter(({ kind }) => WITH_CHECKPOINT.has(kind))
    .reduce((sum, { bytes, entries }) => sum + bytes / entries, 0);
  const mostCheckpoints = (OPEN_HOURS * 3_600_000) / TRAIL_OPTIONS.checkpointEveryMs;
  return recordsADay * perRecord + Math.min(recordsADay, mostCheckpoints) * perCheckpoint;
}

function years(size: SizeResult): string[][] {
  const rows = RECORDS_A_DAY.map((recordsADay) => {
    const day = bytesADay(size, recordsADay);
    const over = YEARS.map((number) => figure((day * DAYS_A_YEAR * number) / 1e9));
    return [count(recordsADay), count(day / recordsADay), figure(day / 1e6), ...over];
  });
  return [['records a day', 'bytes/record', 'MB a day', ...YEARS.map((number) => `GB in ${number} years`)], ...rows];
}

function targets({ without, withTrail }: TrailResult): string[][] {
  const [sample, bare] = [withTrail.points.get(TARGET_POINT), without.points.get(TARGET_POINT)];
  if (sample === undefined || bare === undefined) return [['target', 'found', 'outcome']];
  const cost = costOf(sample, bare);
  return [
    ['target', 'found', 'outcome'],
    [
      `the trail costs at most ${percent(MOST_COST)} of the rate at ${TARGET_POINT}`,
      percent(cost),
      cost <= MOST_COST ? 'met' : 'MISSED',
    ],
  ];
}
