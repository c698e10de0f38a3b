/**
 * `npm run bench`: drives the gateway and its peers from a separate process over TCP, and prints what was found.
 * Progress goes to standard error, tables to standard output. Method and limits: docs/benchmarks.md.
 */
import { mkdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describeMachine, fileSystemOf } from './machine.ts';
import type { BenchResult, Part, PreloadedResult, RawSync, SystemResult } from './model.ts';
import { type Options, readOptions, USAGE } from './options.ts';
import { writePage } from './page.ts';
import { ceiling } from './peers/ceiling.ts';
import { gateway, gatewayWithReceipts } from './peers/gateway.ts';
import { pythonDesign } from './peers/python-design.ts';
import { rabbitmq } from './peers/rabbitmq.ts';
import type { System } from './peers/system.ts';
import { measurePreloaded } from './preloaded.ts';
import { interrupt, wasInterrupted } from './processes.ts';
import { measureRawSync, medianRawSync } from './raw-sync.ts';
import { renderReport } from './report.ts';
import { type Bench, medianOfRounds, type RoundResult, runRound } from './rounds.ts';
import { SyncCounter } from './sync-count.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const RAW_SECONDS = 2;

function progress(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** The chosen systems that can run here, with their versions; why the others cannot goes to `skipped`. */
async function availableSystems(options: Options, skipped: string[]): Promise<Map<System, string>> {
  const all: readonly (readonly [Part, System])[] = [
    ['ceiling', ceiling],
    ['gateway', gateway],
    ...(options.receipts ? ([['gateway', gatewayWithReceipts]] as const) : []),
    ['rabbitmq', rabbitmq],
    ['python', pythonDesign],
  ];
  const versions = new Map<System, string>();
  for (const [part, system] of all) {
    if (!options.parts.has(part)) continue;
    try {
      versions.set(system, await system.version());
    } catch (error) {
      skip(skipped, system.name, error);
    }
  }
  return versions;
}

function skip(skipped: string[], name: string, error: unknown): void {
  const reason = `${name}: ${error instanceof Error ? error.message : String(error)}`;
  skipped.push(reason.split('\n')[0] ?? reason);
  progress(`NOT MEASURED ${reason}`);
}

/** All rounds. Systems take turns within a round, so that a disk that slows down over time slows all of them. */
async function measureRounds(bench: Bench, options: Options, skipped: string[]) {
  const versions = await availableSystems(options, skipped);
  const raws: RawSync[] = [];
  const found = new Map<System, RoundResult[]>([...versions.keys()].map((system) => [system, []]));
  for (let round = 1; round <= options.rounds; round += 1) {
    progress(`round ${round} of ${options.rounds}`);
    if (options.parts.has('raw')) raws.push(measureRawSync(bench.directory, RAW_SECONDS));
    for (const [system, results] of found) {
      try {
        results.push(await runRound(bench, system, options.points));
      } catch (error) {
        // A peer that fails once is out: a median over fewer rounds would look like the others.
        found.delete(system);
        skip(skipped, system.name, error);
      }
    }
  }
  const systems: SystemResult[] = [...found].map(([system, results]) =>
    medianOfRounds(system.name, versions.get(system) ?? '', results),
  );
  return { raw: raws.length === 0 ? null : medianRawSync(raws), systems };
}

async function preloadedIfChosen(bench: Bench, options: Options, skipped: string[]): Promise<PreloadedResult | null> {
  if (!options.parts.has('preloaded')) return null;
  try {
    return await measurePreloaded(bench, options.points, options.rounds, options.preloadedRecords);
  } catch (error) {
    skip(skipped, 'preloaded', error);
    return null;
  }
}

async function measure(options: Options, directory: string): Promise<BenchResult> {
  const startedAtUtcMs = Date.now();
  const machine = describeMachine(directory);
  progress(machine.join(', '));
  const syncs = await SyncCounter.build(directory);
  const skipped = syncs === null ? ['sync calls: no C compiler (cc) to build the counter with'] : [];
  const bench: Bench = { directory, syncs, seconds: options.seconds, progress };
  const { raw, systems } = await measureRounds(bench, options, skipped);
  const preloaded = await preloadedIfChosen(bench, options, skipped);
  return {
    startedAtUtcMs,
    windowSeconds: options.seconds,
    rounds: options.rounds,
    machine,
    raw,
    systems,
    preloaded,
    skipped,
  };
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const parent = resolve(options.directory ?? join(ROOT, 'data'));
  mkdirSync(parent, { recursive: true });
  if (fileSystemOf(parent) === 'tmpfs')
    throw new Error('--dir is in memory: a sync there costs nothing and proves nothing');
  const directory = await mkdtemp(join(parent, 'bench-'));
  try {
    const result = await measure(options, directory);
    if (wasInterrupted()) return 130;
    process.stdout.write(renderReport(result, false));
    if (options.write) writePage(renderReport(result, true), 'bench');
    return result.skipped.length === 0 ? 0 : 1;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void interrupt());

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
