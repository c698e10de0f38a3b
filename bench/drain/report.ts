/** The drain's result as text. */
import { count, figure, ratio, table } from '../figures.ts';
import { describeLine } from '../line/options.ts';
import { median } from '../stats.ts';
import type { DrainResult, DrainRound, Measured } from './model.ts';

const LEAST_OVER_LOOP = 20;
const MOST_BYTES_OF_LOOP = 0.35;
const LEAST_OF_RAW = 0.7;

/** Head, figures, targets. Every figure is the median over the rounds of that figure. */
export function renderDrain(result: DrainResult, markdown: boolean): string {
  const lines = [
    `Date: ${new Date(result.startedAtUtcMs).toISOString().slice(0, 10)}; ${result.version}`,
    `Machine: ${result.machine.join(', ')}`,
    `Line: ${describeLine(result.line)}; PMS: ${result.pms}`,
    `${count(result.records)} records of 600 bytes, the loop over ${count(result.loopRecords)} of them`,
    `Median of ${result.rounds.length} round(s)`,
  ];
  const head = lines.map((line) => `${markdown ? '- ' : ''}${line}\n`).join('');
  return `${head}\n${table(figures(result), markdown)}\n${table(targets(result), markdown)}`;
}

function figures({ rounds }: DrainResult): string[][] {
  const of = (pick: (round: DrainRound) => number) => median(rounds.map(pick));
  const row = (name: string, pick: (round: DrainRound) => Measured): string[] => [
    name,
    figure(of((round) => pick(round).seconds)),
    figure(of((round) => rate(pick(round)))),
    figure(of((round) => pick(round).upBytes / pick(round).records)),
    figure(of((round) => pick(round).downBytes / pick(round).records)),
  ];
  const cpu = (pick: (round: DrainRound) => number) =>
    figure(of((round) => (pick(round) / round.drain.records) * 1000));
  return [
    ['', 'seconds', 'records/s', 'bytes up/record', 'bytes down/record', 'CPU s/1000'],
    [...row('one POST per record', ({ loop }) => loop), '–'],
    [...row('Counterfoil', ({ drain }) => drain), cpu(({ drain }) => drain.gatewayCpuSeconds)],
    ['the PMS meanwhile', '–', '–', '–', '–', cpu(({ drain }) => drain.pmsCpuSeconds)],
    ['its bytes as one upload', figure(of(({ rawSeconds }) => rawSeconds)), '–', '–', '–', '–'],
  ];
}

function targets({ rounds }: DrainResult): string[][] {
  const of = (pick: (round: DrainRound) => number) => median(rounds.map(pick));
  const overLoop = of(({ drain, loop }) => rate(drain) / rate(loop));
  const bytes = of(({ drain, loop }) => bytesPerRecord(drain) / bytesPerRecord(loop));
  const ofRaw = of(({ drain, rawSeconds }) => rawSeconds / drain.seconds);
  const outcome = (reached: boolean) => (reached ? 'reached' : 'missed');
  return [
    ['target', 'found', 'outcome'],
    [`at least ${LEAST_OVER_LOOP}× the loop's records/s`, ratio(overLoop), outcome(overLoop >= LEAST_OVER_LOOP)],
    [
      `at most ${MOST_BYTES_OF_LOOP}× its bytes per record, both ways`,
      ratio(bytes),
      outcome(bytes <= MOST_BYTES_OF_LOOP),
    ],
    [`at least ${LEAST_OF_RAW}× as fast as the raw upload`, ratio(ofRaw), outcome(ofRaw >= LEAST_OF_RAW)],
  ];
}

function rate({ records, seconds }: Measured): number {
  return records / seconds;
}

function bytesPerRecord({ records, upBytes, downBytes }: Measured): number {
  return (upBytes + downBytes) / records;
}
