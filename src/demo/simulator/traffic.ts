/**
 * What a store's tills publish and when: repeatable, endless, and as uneven as real days are. Pure: the same options
 * give the same events. Two runs of one seed at different times do the same things with different keys and prescription
 * numbers, so that the second is no repetition for a gateway that remembers the first.
 */
import type { Random } from '../../base/clock.ts';
import { pickWeighted, seededRandom, waitMs, wholeNumber } from './random.ts';
import { SimulatedStore } from './store.ts';
import { goWrong, type Planned, planned } from './trouble.ts';

export interface TrafficOptions {
  readonly seed: string;
  /** Number of lanes, at least 1. */
  readonly lanes: number;
  /** Publishes per second of all lanes together, on average over calm and rush; above 0. */
  readonly ratePerSecond: number;
  /** Share of publishes that go wrong somehow, 0 to 1. */
  readonly badRate: number;
  /** The moment `atMs` 0 stands for. */
  readonly startUtcMs: number;
}

export interface TrafficEvent extends Planned {
  /** Milliseconds after the start; never decreasing. */
  readonly atMs: number;
  /** From 0. */
  readonly lane: number;
}

/** A calm stretch sells less than the average, a rush more; their lengths make it come out even. */
const CALM = { factor: 0.6, meanMs: 24_000 };
const RUSH = { factor: 2.2, meanMs: 8_000 };

/** All events from the start on; there is no last one. */
export function* traffic(options: TrafficOptions): Generator<TrafficEvent, never> {
  const shape = seededRandom(options.seed);
  const names = seededRandom(`${options.seed} ${options.startUtcMs}`);
  const store = new SimulatedStore({ shape, names }, options.startUtcMs);
  for (const atMs of arrivals(shape, options.ratePerSecond)) {
    const lane = wholeNumber(shape, 0, options.lanes - 1);
    const what = shape() < options.badRate ? goWrong(store, shape, lane, atMs) : goRight(store, shape, lane, atMs);
    rememberSale(store, what, lane, atMs);
    yield { atMs, lane, ...what };
  }
  throw new Error('time has no end');
}

/** Whole milliseconds: a Poisson process whose rate switches between calm and rush. */
function* arrivals(random: Random, ratePerSecond: number): Generator<number, never> {
  let atMs = 0;
  let phase = random() < RUSH.meanMs / (CALM.meanMs + RUSH.meanMs) ? RUSH : CALM;
  let phaseEndMs = waitMs(random, 1000 / phase.meanMs);
  for (;;) {
    const nextMs = atMs + waitMs(random, ratePerSecond * phase.factor);
    if (nextMs <= phaseEndMs) {
      atMs = nextMs;
      yield Math.floor(atMs);
    } else {
      // A Poisson process has no memory: what is left of the wait may be drawn again at the new rate.
      atMs = phaseEndMs;
      phase = phase === CALM ? RUSH : CALM;
      phaseEndMs += waitMs(random, 1000 / phase.meanMs);
    }
  }
}

function goRight(store: SimulatedStore, random: Random, lane: number, atMs: number): Planned {
  const made = pickWeighted(random, [
    [95, () => store.draft(atMs)],
    [2, () => store.undo(lane, atMs, 'VOID')],
    [2, () => store.undo(lane, atMs, 'RETURN')],
    [1, () => store.adjust(atMs)],
  ])();
  const record = made ?? store.draft(atMs);
  // Ten digits without hyphens: right as far as the till knows, and yet nobody can say which product it is.
  return planned(record, /^\d{10}$/.test(String(record.ndc)) ? 'flagged' : 'accepted');
}

function rememberSale(store: SimulatedStore, { publish, expected }: Planned, lane: number, atMs: number): void {
  if (publish.type === 'bytes' || (expected !== 'accepted' && expected !== 'flagged')) return;
  const { record } = publish;
  if (record.refers_to === undefined && record.kind !== 'ADJUSTMENT') store.remember({ lane, record, atMs });
}
