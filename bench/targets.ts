/** The figures this product set itself to reach, and whether a run reached them. */
import { figure, megabytes, ratio } from './figures.ts';
import type { BenchResult, Sample, SystemName } from './model.ts';

export interface Verdict {
  readonly target: string;
  readonly found: string;
  /** `aim`: the least was reached, the aim was not. */
  readonly outcome: 'reached' | 'aim missed' | 'missed' | 'not measured';
}

const AIM_AGAINST_RABBITMQ = 1.5;
const LEAST_AGAINST_PYTHON = 10;
const MOST_AGAINST_RAW_SYNC = 1.6;
const LEAST_PRELOADED = 0.9;
const BYTES_AT: readonly (readonly [point: string, bytes: number])[] = [
  ['1x1', 6_000],
  ['8x32', 1_500],
];
const IDLE_RSS_BYTES = 110e6;
const LOAD_RSS_BYTES = 220e6;
const READY_MS = 1_500;

export function sampleAt(result: BenchResult, name: SystemName, point: string): Sample | undefined {
  return result.systems.find((system) => system.name === name)?.points.get(point);
}

/** Records a second of `name` over those of `other` at a point; null when either was not measured. */
export function rateRatio(result: BenchResult, name: SystemName, other: SystemName, point: string): number | null {
  const ours = sampleAt(result, name, point);
  const theirs = sampleAt(result, other, point);
  return ours === undefined || theirs === undefined ? null : ours.recordsPerSecond / theirs.recordsPerSecond;
}

/** Every target with what was found, in the order of the page. */
export function verdicts(result: BenchResult, points: readonly string[]): Verdict[] {
  return [
    ...points.map((point) => againstRabbitmq(result, point)),
    atLeast('10 times the Python design at 8x32', rateRatio(result, 'gateway', 'python', '8x32'), LEAST_AGAINST_PYTHON),
    againstRawSync(result),
    ...BYTES_AT.map(([point, bytes]) =>
      atMost(
        `at most ${bytes} bytes written per record at ${point}`,
        sampleAt(result, 'gateway', point)?.bytesPerRecord,
        bytes,
        figure,
      ),
    ),
    ...ofTheProcess(result),
    ...ofThePreloaded(result),
  ];
}

function againstRabbitmq(result: BenchResult, point: string): Verdict {
  const found = rateRatio(result, 'gateway', 'rabbitmq', point);
  const target = `level with the RabbitMQ quorum queue at ${point}; aim ${AIM_AGAINST_RABBITMQ}×`;
  if (found === null) return { target, found: '–', outcome: 'not measured' };
  const outcome = found >= AIM_AGAINST_RABBITMQ ? 'reached' : found >= 1 ? 'aim missed' : 'missed';
  return { target, found: ratio(found), outcome };
}

function againstRawSync(result: BenchResult): Verdict {
  const p50Ms = sampleAt(result, 'gateway', '1x1')?.p50Ms;
  const found = p50Ms === undefined || result.raw === null ? undefined : p50Ms / result.raw.appendP50Ms;
  return atMost(
    `median PUBACK at 1x1 at most ${MOST_AGAINST_RAW_SYNC}× the raw appending sync`,
    found,
    MOST_AGAINST_RAW_SYNC,
    ratio,
  );
}

function ofTheProcess(result: BenchResult): Verdict[] {
  const system = result.systems.find(({ name }) => name === 'gateway');
  const loads = system === undefined ? [] : [...system.points.values()].map((sample) => sample.loadRssBytes);
  const load = loads.length === 0 ? undefined : Math.max(...loads);
  const mb = (bytes: number): string => `${megabytes(bytes)} MB`;
  return [
    atMost(`memory idle at most ${mb(IDLE_RSS_BYTES)}`, system?.idleRssBytes, IDLE_RSS_BYTES, mb),
    atMost(`memory under load at most ${mb(LOAD_RSS_BYTES)}`, load, LOAD_RSS_BYTES, mb),
    atMost(`ready within ${READY_MS} ms`, system?.readyMs, READY_MS, (ms) => `${figure(ms)} ms`),
  ];
}

function ofThePreloaded(result: BenchResult): Verdict[] {
  const { preloaded } = result;
  if (preloaded === null) return [{ target: 'rate with a full buffer', found: '–', outcome: 'not measured' }];
  return [...preloaded.rates].map(([point, { empty, filled }]) =>
    atLeast(
      `rate with a full buffer at least ${LEAST_PRELOADED}× of the empty one at ${point}`,
      filled / empty,
      LEAST_PRELOADED,
    ),
  );
}

function atLeast(target: string, found: number | null, least: number): Verdict {
  if (found === null) return { target, found: '–', outcome: 'not measured' };
  return { target, found: ratio(found), outcome: found >= least ? 'reached' : 'missed' };
}

function atMost(target: string, found: number | undefined, most: number, write: (value: number) => string): Verdict {
  if (found === undefined) return { target, found: '–', outcome: 'not measured' };
  return { target, found: write(found), outcome: found <= most ? 'reached' : 'missed' };
}
