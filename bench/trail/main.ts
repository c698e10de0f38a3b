/**
 * `npm run bench:trail`: what the trail costs intake, with and without it in the same run, and how much it grows. Method
 * and limits: docs/benchmarks.md.
 */
import { describeMachine } from '../machine.ts';
import { inBenchDirectory, progress, runScript, writePage } from '../page.ts';
import { gateway, gatewayWithoutTrail } from '../peers/gateway.ts';
import type { System } from '../peers/system.ts';
import { wasInterrupted } from '../processes.ts';
import { type Bench, medianOfRounds, type RoundResult, runRound } from '../rounds.ts';
import { SyncCounter } from '../sync-count.ts';
import type { TrailResult } from './model.ts';
import { readOptions, type TrailOptions, USAGE } from './options.ts';
import { renderTrail } from './report.ts';
import { measureSize } from './size.ts';

async function measure(options: TrailOptions, directory: string): Promise<TrailResult> {
  const startedAtUtcMs = Date.now();
  const machine = describeMachine(directory);
  const version = await gateway.version();
  const bench: Bench = { directory, syncs: await SyncCounter.build(directory), seconds: options.seconds, progress };
  const found = new Map<System, RoundResult[]>([
    [gatewayWithoutTrail, []],
    [gateway, []],
  ]);
  for (let round = 1; round <= options.rounds; round += 1) {
    progress(`round ${round} of ${options.rounds}`);
    // Each goes first every other time: a disk that slows down over time slows both.
    const inTurn = round % 2 === 1 ? [...found] : [...found].reverse();
    for (const [system, results] of inTurn) results.push(await runRound(bench, system, options.points));
  }
  const resultOf = (system: System) => medianOfRounds(system.name, version, found.get(system) ?? []);
  return {
    startedAtUtcMs,
    machine,
    version,
    windowSeconds: options.seconds,
    rounds: options.rounds,
    without: resultOf(gatewayWithoutTrail),
    withTrail: resultOf(gateway),
    size: options.sales === 0 ? null : await measureSize(directory, options.sales),
  };
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const result = await inBenchDirectory(options.directory, (directory) => measure(options, directory));
  if (wasInterrupted()) return 130;
  process.stdout.write(renderTrail(result, false));
  if (options.write) writePage(renderTrail(result, true), 'bench:trail');
  return 0;
}

await runScript(main);
