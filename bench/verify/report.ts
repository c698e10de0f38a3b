/** The verifier's figures as text. */
import { count, figure, megabytes, table } from '../figures.ts';

export interface VerifyRun {
  readonly entries: number;
  readonly bytes: number;
  readonly checkpoints: number;
  readonly records: number;
  readonly seconds: number;
  /** User and system, all threads of the process together. */
  readonly cpuSeconds: number;
  readonly peakBytes: number;
}

export interface VerifyResult {
  readonly startedAtUtcMs: number;
  readonly machine: readonly string[];
  readonly rounds: number;
  readonly mixes: readonly { readonly name: string; readonly runs: readonly VerifyRun[] }[];
}

const LEAST_ENTRIES_A_SECOND = 150_000;
/** Trails shorter than this are over before the program has warmed up. */
const LEAST_ENTRIES = 1_000_000;
/** Peak memory of the longest trail against that of the shortest. */
const MOST_GROWTH = 1.25;

/** Head, figures, targets. */
export function renderVerify(result: VerifyResult, markdown: boolean): string {
  const lines = [
    `Date: ${new Date(result.startedAtUtcMs).toISOString().slice(0, 10)}`,
    `Machine: ${result.machine.join(', ')}`,
    `The run with the least processor time of ${result.rounds} each, the trail in the page cache`,
  ];
  const head = lines.map((text) => `${markdown ? '- ' : ''}${text}\n`).join('');
  return `${head}\n${table(figures(result), markdown)}\n${table(targets(result), markdown)}`;
}

function figures({ mixes }: VerifyResult): string[][] {
  const names = [
    'trail',
    'entries',
    'MB',
    'checkpoints',
    'seconds',
    'CPU s',
    'entries/s',
    'entries/CPU s',
    'peak RSS MB',
  ];
  const rows = mixes.flatMap(({ name, runs }) =>
    runs.map(({ bytes, checkpoints, cpuSeconds, entries, peakBytes, seconds }) => [
      name,
      count(entries),
      megabytes(bytes),
      count(checkpoints),
      figure(seconds),
      figure(cpuSeconds),
      count(entries / seconds),
      count(entries / cpuSeconds),
      megabytes(peakBytes),
    ]),
  );
  return [names, ...rows];
}

function targets({ mixes }: VerifyResult): string[][] {
  const rows = mixes.flatMap(({ name, runs }) => {
    const long = runs.filter(({ entries }) => entries >= LEAST_ENTRIES);
    const slowest = Math.min(...long.map(({ cpuSeconds, entries }) => entries / cpuSeconds));
    const peaks = runs.map(({ peakBytes }) => peakBytes);
    const growth = (peaks.at(-1) ?? 0) / (peaks[0] ?? 1);
    const rate = [
      'at least 150,000 entries a second of one core',
      long.length === 0 ? '–' : count(slowest),
      long.length === 0 ? 'not measured' : outcome(slowest >= LEAST_ENTRIES_A_SECOND),
    ];
    return [
      [name, ...rate],
      [
        name,
        `peak memory of the longest at most ${MOST_GROWTH} of the shortest`,
        figure(growth),
        outcome(growth <= MOST_GROWTH),
      ],
    ];
  });
  return [['trail', 'target', 'found', 'outcome'], ...rows];
}

function outcome(isReached: boolean): string {
  return isReached ? 'reached' : 'missed';
}
