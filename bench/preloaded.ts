/**
 * The same gateway with an empty buffer and with a full one: does a long outage make the till wait? The buffer is
 * filled through the front door, by lanes, so that everything is in it that would be in a shop's.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { drive, type Watched } from './drive.ts';
import type { Point, PreloadedResult } from './model.ts';
import { gateway } from './peers/gateway.ts';
import type { RunningSystem } from './peers/system.ts';
import { type Bench, idleRssBytes, timedOrder } from './rounds.ts';
import { median } from './stats.ts';

const FILL: Point = { name: 'fill', connections: 8, inFlight: 32 };
/** A bound for the fill: slower than 500 records a second is a failure of its own. */
const FILL_LIMIT_MS = 4_000_000;

interface Visit {
  readonly readyMs: number;
  readonly idleRssBytes: number;
  readonly loadRssBytes: number;
  readonly rates: ReadonlyMap<string, number>;
}

/** Measures `points` on an empty gateway, fills it with `records`, restarts it, and measures them again. */
export async function measurePreloaded(
  bench: Bench,
  points: readonly Point[],
  rounds: number,
  records: number,
): Promise<PreloadedResult> {
  const directory = await mkdtemp(join(bench.directory, 'preloaded-'));
  try {
    const empty = await visit(bench, directory, points, rounds);
    const fillRecordsPerSecond = await fill(bench, directory, records);
    const filled = await visit(bench, directory, points, rounds);
    const rates = new Map(
      points.map(({ name }) => [name, { empty: empty.rates.get(name) ?? 0, filled: filled.rates.get(name) ?? 0 }]),
    );
    return {
      preloadedRecords: records,
      fillRecordsPerSecond,
      rates,
      emptyReadyMs: empty.readyMs,
      filledReadyMs: filled.readyMs,
      emptyIdleRssBytes: empty.idleRssBytes,
      filledIdleRssBytes: filled.idleRssBytes,
      filledLoadRssBytes: filled.loadRssBytes,
    };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Starts the gateway on what `directory` holds, and stops it again whatever happens. */
async function during<T>(
  bench: Bench,
  directory: string,
  task: (running: RunningSystem, watched: Watched) => Promise<T>,
): Promise<T> {
  const running = await gateway.start(directory, bench.syncs);
  try {
    return await task(running, { roots: running.roots, directory, syncs: bench.syncs });
  } finally {
    await running.stop();
  }
}

async function visit(bench: Bench, directory: string, points: readonly Point[], rounds: number): Promise<Visit> {
  return await during(bench, directory, async (running, watched) => {
    const idle = await idleRssBytes(running);
    await drive(timedOrder(bench, gateway, running, FILL, 2_000), watched);
    const rates = new Map<string, number>();
    let loadRssBytes = 0;
    for (const point of points) {
      const seen: number[] = [];
      for (let round = 0; round < rounds; round += 1) {
        const { sample } = await drive(timedOrder(bench, gateway, running, point), watched);
        seen.push(sample.recordsPerSecond);
        loadRssBytes = Math.max(loadRssBytes, sample.loadRssBytes);
      }
      rates.set(point.name, median(seen));
      bench.progress(`preloaded ${point.name}: ${Math.round(median(seen))}/s`);
    }
    return { readyMs: running.readyMs, idleRssBytes: idle, loadRssBytes, rates };
  });
}

async function fill(bench: Bench, directory: string, records: number): Promise<number> {
  return await during(bench, directory, async (running, watched) => {
    const order = timedOrder(bench, gateway, running, FILL, FILL_LIMIT_MS);
    bench.progress(`preloaded: filling the buffer with ${records} records`);
    const { sample } = await drive({ ...order, records, keys: records }, watched);
    return sample.recordsPerSecond;
  });
}
