/** The result of `bench:reports` as text. */
import { count, figure, megabytes, ratio, table } from '../figures.ts';

export interface ReportRun {
  readonly seconds: number;
  readonly peakBytes: number;
  readonly pdfBytes: number;
  readonly figuresBytes: number;
}

interface Felt {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly recordsPerSecond: number;
}

export interface ReportsResult {
  readonly machine: readonly string[];
  readonly records: number;
  readonly seconds: number;
  readonly rounds: number;
  readonly alone: readonly ReportRun[];
  readonly without: Felt;
  readonly beside: Felt;
}

export function renderReports(result: ReportsResult, markdown: boolean): string {
  const { machine, records, seconds, rounds, alone, without, beside } = result;
  const made = alone.map((run) => [
    run.seconds.toFixed(1),
    megabytes(run.peakBytes),
    megabytes(run.pdfBytes),
    megabytes(run.figuresBytes),
  ]);
  const felt = [
    ['without', figure(without.p50Ms), figure(without.p99Ms), count(without.recordsPerSecond)],
    ['beside reports', figure(beside.p50Ms), figure(beside.p99Ms), count(beside.recordsPerSecond)],
  ];
  return [
    ...machine,
    '',
    `A month of ${count(records)} records, all still open:`,
    '',
    table([['s', 'most MB', 'PDF MB', 'figures MB'], ...made], markdown),
    '',
    `Four tills, one record at a time each, ${rounds} windows of ${seconds} s in turns; p99 ${ratio(beside.p99Ms / without.p99Ms)}:`,
    '',
    table([['', 'p50 ms', 'p99 ms', 'records/s'], ...felt], markdown),
    '',
  ].join('\n');
}
