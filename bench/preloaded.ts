/**
 * The same gateway with an empty buffer and with a full one: does a long outage make the till wait? The buffer is
 * filled through the front door, by lanes, so that everything is in it that would be in a shop's. Both then run side by
 * side and take turns at every point, so that a disk that changes over time changes for both.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { drive } from './drive.ts';
import type { Point, PreloadedResult } from './model.ts';
import { gateway } from './peers/gateway.ts';
import type { RunningSystem } from './peers/system.ts';
import { type Bench, idleRssBytes, timedOrder, WARM_UP, WARM_UP_MS } from './rounds.ts';
import { median } from './stats.ts';

/** A bound for the fill: slower than 500 records a second is a failure of its own. */
const FILL_LIMIT_MS = 4_000_000;

/** A gateway on a directory, running or not, and what was seen of it so far. */
class Candidate {
  readonly #bench: Bench;
  readonly #directory: string;
  #running: RunningSystem | null = null;
  readonly readyMs: number[] = [];
  readonly idleRssBytes: number[] = [];
  readonly ratesAt = new Map<string, number[]>();
  loadRssBytes = 0;

  constructor(bench: Bench, directory: string) {
    this.#bench = bench;
    this.#directory = directory;
  }

  async start(): Promise<void> {
    this.#running = await gateway.start(this.#directory, this.#bench.syncs);
    this.readyMs.push(this.#running.readyMs);
    this.idleRssBytes.push(await idleRssBytes(this.#running));
  }

  async stop(): Promise<void> {
    await this.#running?.stop();
    this.#running = null;
  }

  /** Publishes exactly `records`; answers how many a second were acknowledged. */
  async fill(records: number): Promise<number> {
    const order = timedOrder(this.#bench, gateway, this.#active(), WARM_UP, FILL_LIMIT_MS);
    const { sample } = await drive({ ...order, records, keys: records }, this.#watched());
    return sample.recordsPerSecond;
  }

  async warmUp(): Promise<void> {
    await drive(timedOrder(this.#bench, gateway, this.#active(), WARM_UP, WARM_UP_MS), this.#watched());
  }

  async measure(point: Point): Promise<void> {
    const { sample } = await drive(timedOrder(this.#bench, gateway, this.#active(), point), this.#watched());
    const rates = this.ratesAt.get(point.name) ?? [];
    this.ratesAt.set(point.name, [...rates, sample.recordsPerSecond]);
    this.loadRssBytes = Math.max(this.loadRssBytes, sample.loadRssBytes);
  }

  rateAt(point: Point): number {
    return median(this.ratesAt.get(point.name) ?? []);
  }

  /** Stops it if need be and removes its records: the next start is a first one. */
  async empty(): Promise<void> {
    await this.stop();
    await rm(join(this.#directory, 'data'), { recursive: true, force: true });
  }

  #active(): RunningSystem {
    if (this.#running === null) throw new Error('the gateway is not running');
    return this.#running;
  }

  #watched() {
    return { roots: this.#active().roots, directory: this.#directory, syncs: this.#bench.syncs };
  }
}

/**
 * Fills one gateway with `records`, then measures `points` on it and on an empty one, `rounds` times; each round starts
 * both anew, the empty one with nothing in it.
 */
export async function measurePreloaded(
  bench: Bench,
  points: readonly Point[],
  rounds: number,
  records: number,
): Promise<PreloadedResult> {
  const parent = await mkdtemp(join(bench.directory, 'preloaded-'));
  const [empty, filled] = await Promise.all(
    ['empty-', 'filled-'].map(async (name) => new Candidate(bench, await mkdtemp(join(parent, name)))),
  );
  if (empty === undefined || filled === undefined) throw new Error('there are two candidates');
  try {
    bench.progress(`preloaded: filling a buffer with ${records} records`);
    await filled.start();
    const fillRecordsPerSecond = await filled.fill(records);
    await filled.stop();
    // The first start was of an empty buffer: its figures are not those of a full one.
    filled.readyMs.length = 0;
    filled.idleRssBytes.length = 0;
    for (let round = 1; round <= rounds; round += 1) await measureBoth(empty, filled, points);
    for (const point of points) {
      bench.progress(
        `preloaded ${point.name}: ${Math.round(empty.rateAt(point))} → ${Math.round(filled.rateAt(point))}/s`,
      );
    }
    return resultOf(empty, filled, points, { preloadedRecords: records, fillRecordsPerSecond });
  } finally {
    await empty.stop();
    await filled.stop();
    await rm(parent, { recursive: true, force: true });
  }
}

async function measureBoth(empty: Candidate, filled: Candidate, points: readonly Point[]): Promise<void> {
  await empty.empty();
  await empty.start();
  await filled.start();
  for (const candidate of [empty, filled]) await candidate.warmUp();
  for (const point of points) {
    await empty.measure(point);
    await filled.measure(point);
  }
  await empty.stop();
  await filled.stop();
}

function resultOf(
  empty: Candidate,
  filled: Candidate,
  points: readonly Point[],
  fill: Pick<PreloadedResult, 'preloadedRecords' | 'fillRecordsPerSecond'>,
): PreloadedResult {
  return {
    ...fill,
    rates: new Map(points.map((point) => [point.name, { empty: empty.rateAt(point), filled: filled.rateAt(point) }])),
    emptyReadyMs: median(empty.readyMs),
    filledReadyMs: median(filled.readyMs),
    emptyIdleRssBytes: median(empty.idleRssBytes),
    filledIdleRssBytes: median(filled.idleRssBytes),
    emptyLoadRssBytes: empty.loadRssBytes,
    filledLoadRssBytes: filled.loadRssBytes,
  };
}
