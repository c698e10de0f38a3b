/** One system in one round: a fresh start, a warm-up, every point once, and a count of what it really stored. */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { drive, type Watched } from './drive.ts';
import type { LoadOrder, LoadResult, Point, Sample, SystemName, SystemResult } from './model.ts';
import type { RunningSystem, System } from './peers/system.ts';
import { processTree, rssBytesOf } from './probe.ts';
import { median, medianOrNull } from './stats.ts';
import type { SyncCounter } from './sync-count.ts';

/** How long a started server is left alone before its idle memory is read. */
const IDLE_MS = 1_500;
const RAMP_MS = 500;
/** The heaviest point, so that compilers (V8, the BEAM's) have seen the hot path before anything is measured. */
export const WARM_UP: Point = { name: 'warm-up', connections: 8, inFlight: 32 };
export const WARM_UP_MS = 2_000;

/** What all measurements of a run share. */
export interface Bench {
  /** A directory on the measured disk; each start gets a fresh one in it. */
  readonly directory: string;
  readonly syncs: SyncCounter | null;
  readonly seconds: number;
  readonly progress: (text: string) => void;
}

/** One system after one round. */
export interface RoundResult {
  readonly readyMs: number;
  readonly idleRssBytes: number;
  readonly points: ReadonlyMap<string, Sample>;
}

/** The order for a timed load on a running system; `windowMs` null stands for the run's measured time. */
export function timedOrder(
  bench: Bench,
  system: System,
  running: RunningSystem,
  point: Point,
  windowMs?: number,
): LoadOrder {
  const { port, username, password, acknowledgement, receipts } = running;
  const measuredMs = windowMs ?? bench.seconds * 1000;
  const keys = Math.ceil((system.recordsPerSecondLimit * (measuredMs + RAMP_MS)) / 1000) + 1000;
  const { connections, inFlight } = point;
  const target = { port, username, password, acknowledgement, receipts, connections, inFlight };
  return { ...target, rampMs: RAMP_MS, windowMs: measuredMs, records: null, keys };
}

/** Starts a system in a directory of its own, hands it to `task`, and leaves nothing behind whatever happens. */
async function withSystem<T>(
  bench: Bench,
  system: System,
  task: (running: RunningSystem, watched: Watched) => Promise<T>,
): Promise<T> {
  const directory = await mkdtemp(join(bench.directory, `${system.name}-`));
  try {
    const running = await system.start(directory, bench.syncs);
    try {
      return await task(running, { roots: running.roots, directory, syncs: bench.syncs });
    } finally {
      await running.stop();
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Memory of a server that has just come up and has nothing to do. */
export async function idleRssBytes(running: RunningSystem): Promise<number> {
  await sleep(IDLE_MS);
  return rssBytesOf(processTree(running.roots));
}

/**
 * Measures every point once on a fresh start.
 * @throws Error when the system holds fewer records than it acknowledged, or sent fewer receipts.
 */
export async function runRound(bench: Bench, system: System, points: readonly Point[]): Promise<RoundResult> {
  return await withSystem(bench, system, async (running, watched) => {
    const idle = await idleRssBytes(running);
    const results: LoadResult[] = [];
    const warm = await drive(timedOrder(bench, system, running, WARM_UP, WARM_UP_MS), watched);
    results.push(warm.result);
    const samples = new Map<string, Sample>();
    for (const point of points) {
      const { sample, result } = await drive(timedOrder(bench, system, running, point), watched);
      results.push(result);
      samples.set(point.name, sample);
      bench.progress(
        `${system.name} ${point.name}: ${Math.round(sample.recordsPerSecond)}/s, p50 ${sample.p50Ms.toFixed(2)} ms`,
      );
    }
    await checkStored(system.name, running, results);
    return { readyMs: running.readyMs, idleRssBytes: idle, points: samples };
  });
}

/** A rate is worth nothing if what was acknowledged is not there. */
async function checkStored(name: SystemName, running: RunningSystem, results: readonly LoadResult[]): Promise<void> {
  const sum = (pick: (result: LoadResult) => number): number => results.reduce((all, result) => all + pick(result), 0);
  const acked = sum((result) => result.ackedTotal);
  const stored = await running.countStored();
  if (stored !== null && stored !== acked) throw new Error(`${name} acknowledged ${acked} records and holds ${stored}`);
  const receipts = sum((result) => result.receiptsTotal);
  if (running.receipts && receipts < acked)
    throw new Error(`${name} acknowledged ${acked} records and sent ${receipts} receipts`);
}

/** The medians of a system over its rounds; the maximum latency is the largest of all rounds. */
export function medianOfRounds(name: SystemName, version: string, rounds: readonly RoundResult[]): SystemResult {
  const points = new Map<string, Sample>();
  for (const pointName of rounds[0]?.points.keys() ?? []) {
    points.set(pointName, medianSample(rounds.flatMap((round) => round.points.get(pointName) ?? [])));
  }
  return {
    name,
    version,
    readyMs: median(rounds.map((round) => round.readyMs)),
    idleRssBytes: median(rounds.map((round) => round.idleRssBytes)),
    points,
  };
}

/** The median of each figure; for the maximum latency and memory the largest. */
function medianSample(samples: readonly Sample[]): Sample {
  const of = (pick: (sample: Sample) => number): number => median(samples.map(pick));
  return {
    recordsPerSecond: of((sample) => sample.recordsPerSecond),
    p50Ms: of((sample) => sample.p50Ms),
    p99Ms: of((sample) => sample.p99Ms),
    maxMs: Math.max(...samples.map((sample) => sample.maxMs)),
    cpuSecondsPerThousand: of((sample) => sample.cpuSecondsPerThousand),
    loadRssBytes: Math.max(...samples.map((sample) => sample.loadRssBytes)),
    bytesPerRecord: of((sample) => sample.bytesPerRecord),
    deviceBytesPerRecord: medianOrNull(samples.map((sample) => sample.deviceBytesPerRecord)),
    syncsPerRecord: medianOrNull(samples.map((sample) => sample.syncsPerRecord)),
    loadCores: of((sample) => sample.loadCores),
  };
}
