/** The soak's result as text. */
import { count, figure, table } from '../figures.ts';
import type { DayEnd, SoakResult } from './model.ts';

const MB = 1_000_000;
/** Days whose ends are shown; the last one always is. */
const EVERY = 5;
/** Memory may tremble by this much between the steady state's halves. */
const MOST_MEMORY_GROWTH = 1.1;
const MOST_FILE_GROWTH = 1.05;

export function renderSoak(result: SoakResult, markdown: boolean): string {
  const total = `${result.days} days of ${count(result.recordsPerDay)} records, ${result.bufferDays} days of them kept in the buffer`;
  const lines = [
    `Date: ${new Date(result.startedAtUtcMs).toISOString().slice(0, 10)}; ${result.version}`,
    `Machine: ${result.machine.join(', ')}`,
    `${total}; ${((result.endedAtUtcMs - result.startedAtUtcMs) / 60_000).toFixed(0)} minutes of real time`,
    `${count(result.acknowledged)} acknowledged, ${count(result.atPms)} at the PMS, ${told(result)}`,
    `trail verify over trail and archive at the end: ${result.trailVerified ? 'holds' : 'DOES NOT HOLD'}`,
  ];
  const head = lines.map((text) => `${markdown ? '- ' : ''}${text}\n`).join('');
  return [head, table(days(result), markdown), table(targets(result), markdown)].join('\n');
}

function told({ otherReceipts }: SoakResult): string {
  const others = Object.entries(otherReceipts).map(([status, n]) => `${count(n)} ${status}`);
  return others.length === 0 ? 'no other receipt than accepted and synced' : `other receipts: ${others.join(', ')}`;
}

function days({ days: all, ends, oneByOne }: SoakResult): string[][] {
  const shown = ends.filter(({ day }) => day === 1 || day % EVERY === 0 || day === all);
  const head = [
    'end of day',
    'buffer.db MB',
    'wal MB',
    'rows in buffer',
    'archived',
    'archive MB',
    'trail MB',
    'rest MB',
    'RSS MB',
    'written MB that day',
    'written bytes/record',
  ];
  const rows = shown.map((end) => rowOf(String(end.day), end));
  return [head, ...rows, ...(oneByOne === null ? [] : [rowOf('one by one', oneByOne)])];
}

function rowOf(name: string, end: DayEnd): string[] {
  const { sizes } = end;
  const mb = (bytes: number) => (bytes / MB).toFixed(1);
  return [
    name,
    mb(sizes.buffer),
    mb(sizes.wal),
    count(end.bufferRows),
    count(end.archived),
    mb(sizes.archive),
    mb(sizes.trail),
    mb(sizes.rest + sizes.reports),
    mb(end.rssBytes),
    mb(end.writtenBytes),
    count(end.writtenBytes / Math.max(1, end.records)),
  ];
}

function targets(result: SoakResult): string[][] {
  const steady = result.ends.filter(({ day }) => day > result.bufferDays + 1);
  const half = Math.floor(steady.length / 2);
  if (half === 0) return [['target', 'found', 'outcome']];
  const most = (of: readonly DayEnd[], value: (end: DayEnd) => number) => Math.max(...of.map(value));
  const growth = (value: (end: DayEnd) => number) =>
    most(steady.slice(half), value) / Math.max(1, most(steady.slice(0, half), value));
  const row = (what: string, found: number, limit: number) => [
    `${what}: at most ${limit} of its first half`,
    figure(found),
    found <= limit ? 'reached' : 'missed',
  ];
  return [
    [`target for the second half of days ${result.bufferDays + 2} to ${result.days}`, 'found', 'outcome'],
    row(
      'buffer.db',
      growth(({ sizes }) => sizes.buffer),
      MOST_FILE_GROWTH,
    ),
    row(
      'write-ahead log',
      growth(({ sizes }) => sizes.wal),
      MOST_FILE_GROWTH,
    ),
    row(
      'memory (RSS)',
      growth(({ rssBytes }) => rssBytes),
      MOST_MEMORY_GROWTH,
    ),
    [
      'records at the PMS: each that was acknowledged, once',
      count(result.atPms),
      result.atPms === result.acknowledged ? 'reached' : 'missed',
    ],
  ];
}
