/** Turns a result into text: tables for the terminal, or the generated part of docs/benchmarks.md. */
import { count, figure, megabytes, ratio, table } from './figures.ts';
import { type BenchResult, type PreloadedResult, type RawSync, SYSTEM_TITLES, type SystemResult } from './model.ts';
import { rateRatio, sampleAt, verdicts } from './targets.ts';

/** The whole result, with headings. Order: machine, raw disk, points, ratios, full buffer, targets. */
export function renderReport(result: BenchResult, markdown: boolean): string {
  const heading = (text: string): string => (markdown ? `### ${text}\n\n` : `${text}\n`);
  const rows = (cells: readonly (readonly string[])[]): string => `${table(cells, markdown)}\n`;
  const points = [...new Set(result.systems.flatMap((system) => [...system.points.keys()]))];
  const parts = [`${method(result, markdown)}\n`];
  if (result.raw !== null) parts.push(heading('The disk alone: 4 KiB and fdatasync'), rows(rawRows(result.raw)));
  if (result.systems.length > 0) parts.push(heading('Processes'), rows(systemRows(result.systems)));
  for (const point of points) parts.push(heading(pointTitle(point)), rows(pointRows(result, point)));
  if (points.length > 0) parts.push(heading('Counterfoil against the others'), rows(ratioRows(result, points)));
  if (result.preloaded !== null) parts.push(heading('With a full buffer'), rows(preloadedRows(result.preloaded)));
  parts.push(heading('Targets'), rows(targetRows(result, points)));
  return parts.join('').trimEnd().concat('\n');
}

function method(result: BenchResult, markdown: boolean): string {
  const day = new Date(result.startedAtUtcMs).toISOString().slice(0, 10);
  const lines = [
    `Date: ${day}`,
    `Machine: ${result.machine.join(', ')}`,
    `Median of ${result.rounds} round(s) of ${figure(result.windowSeconds)} s per point`,
    ...result.systems.map((system) => `${SYSTEM_TITLES[system.name]}: ${system.version}`),
    ...result.skipped.map((reason) => `Not measured: ${reason}`),
  ];
  return lines.map((line) => `${markdown ? '- ' : ''}${line}\n`).join('');
}

function pointTitle(point: string): string {
  const [connections, inFlight] = point.split('x');
  return `${point}: ${connections} connection(s), ${inFlight} in flight each`;
}

function rawRows(raw: RawSync): string[][] {
  return [
    ['', 'median ms', 'p99 ms'],
    ['appended', figure(raw.appendP50Ms), figure(raw.appendP99Ms)],
    ['overwritten in place', figure(raw.overwriteP50Ms), figure(raw.overwriteP99Ms)],
  ];
}

function systemRows(systems: readonly SystemResult[]): string[][] {
  const rows = systems.map((system) => [
    SYSTEM_TITLES[system.name],
    count(system.readyMs),
    megabytes(system.idleRssBytes),
    megabytes(Math.max(...[...system.points.values()].map((sample) => sample.loadRssBytes))),
  ]);
  return [['', 'ready ms', 'RSS idle MB', 'RSS load MB'], ...rows];
}

function pointRows(result: BenchResult, point: string): string[][] {
  const head = [
    '',
    'records/s',
    'p50 ms',
    'p99 ms',
    'max ms',
    'CPU s/1000',
    'RSS MB',
    'bytes/record',
    'device bytes/record',
  ];
  const rows = result.systems.flatMap(({ name }) => {
    const sample = sampleAt(result, name, point);
    if (sample === undefined) return [];
    const stores = name !== 'ceiling';
    return [
      [
        SYSTEM_TITLES[name],
        count(sample.recordsPerSecond),
        figure(sample.p50Ms),
        figure(sample.p99Ms),
        figure(sample.maxMs),
        figure(sample.cpuSecondsPerThousand),
        megabytes(sample.loadRssBytes),
        stores ? count(sample.bytesPerRecord) : '–',
        stores && sample.deviceBytesPerRecord !== null ? count(sample.deviceBytesPerRecord) : '–',
        figure(sample.syncsPerRecord),
        figure(sample.loadCores),
      ],
    ];
  });
  return [[...head, 'syncs/record', 'load cores'], ...rows];
}

function ratioRows(result: BenchResult, points: readonly string[]): string[][] {
  const rows = points.map((point) => {
    const p50Ms = sampleAt(result, 'gateway', point)?.p50Ms ?? null;
    const overRaw = (rawMs: number | undefined): string =>
      ratio(p50Ms === null || rawMs === undefined ? null : p50Ms / rawMs);
    return [
      point,
      ratio(rateRatio(result, 'gateway', 'rabbitmq', point)),
      ratio(rateRatio(result, 'gateway', 'python', point)),
      ratio(rateRatio(result, 'gateway', 'ceiling', point)),
      overRaw(result.raw?.appendP50Ms),
      overRaw(result.raw?.overwriteP50Ms),
    ];
  });
  const head = [
    '',
    'rate / RabbitMQ',
    'rate / Python design',
    'rate / aedes alone',
    'p50 / raw append',
    'p50 / raw overwrite',
  ];
  return [head, ...rows];
}

function preloadedRows(preloaded: PreloadedResult): string[][] {
  const full = `${count(preloaded.preloadedRecords)} records`;
  const rates = [...preloaded.rates].map(([point, { empty, filled }]) => {
    return [`records/s at ${point}`, count(empty), count(filled), ratio(filled / empty)];
  });
  const row = (name: string, empty: number, filled: number, write: (value: number) => string): string[] => {
    return [name, write(empty), write(filled), ratio(filled / empty)];
  };
  return [
    ['', 'empty', full, 'ratio'],
    ...rates,
    row('ready ms', preloaded.emptyReadyMs, preloaded.filledReadyMs, count),
    row('RSS idle MB', preloaded.emptyIdleRssBytes, preloaded.filledIdleRssBytes, megabytes),
    row('RSS load MB', preloaded.emptyLoadRssBytes, preloaded.filledLoadRssBytes, megabytes),
    ['records/s while filling', '–', count(preloaded.fillRecordsPerSecond), '–'],
  ];
}

function targetRows(result: BenchResult, points: readonly string[]): string[][] {
  return [
    ['target', 'found', 'outcome'],
    ...verdicts(result, points).map(({ target, found, outcome }) => [target, found, outcome]),
  ];
}
