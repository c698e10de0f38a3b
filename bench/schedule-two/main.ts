/**
 * `npm run bench:schedule-two`: what a backlog of a million standard records adds to a Schedule II record's way from
 * publish to synced receipt, over a line with delay. Method and limits: docs/benchmarks.md.
 */
import { describeMachine } from '../machine.ts';
import { inBenchDirectory, progress, runScript, writePage } from '../page.ts';
import { gateway } from '../peers/gateway.ts';
import { wasInterrupted } from '../processes.ts';
import { measureIdle, measureLoaded, type Order } from './measure.ts';
import type { ScheduleTwoResult } from './model.ts';
import { readOptions, type ScheduleTwoOptions, USAGE } from './options.ts';
import { renderScheduleTwo } from './report.ts';

/** The outage the backlog was sold in. */
const SPAN_MS = 3 * 24 * 3600 * 1000;

/** Idle before and after, so that a machine that gets busier on the way shows in both. */
async function measure(options: ScheduleTwoOptions, parent: string): Promise<ScheduleTwoResult> {
  const { pms, line, records, samples } = options;
  const startedAtUtcMs = Date.now();
  const head = { startedAtUtcMs, machine: describeMachine(parent), version: await gateway.version() };
  const order: Order = { parent, pms, line, samples, progress };
  const half: Order = { ...order, samples: Math.ceil(samples / 2) };
  const before = await measureIdle(half);
  progress('idle, first half: done');
  const sales = { seed: 'backlog', count: records, startUtcMs: startedAtUtcMs - SPAN_MS, spanMs: SPAN_MS };
  const { times, backlog, preloadSeconds } = await measureLoaded(order, { ...sales, standardOnly: true });
  progress('beside the backlog: done');
  const after = await measureIdle(half);
  const idle = {
    ackMs: [...before.ackMs, ...after.ackMs],
    syncedMs: [...before.syncedMs, ...after.syncedMs],
  };
  return { ...head, pms, line, records, preloadSeconds, idle, loaded: times, backlog };
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const result = await inBenchDirectory(options.directory, (directory) => measure(options, directory));
  if (wasInterrupted()) return 130;
  process.stdout.write(renderScheduleTwo(result, false));
  if (options.write) writePage(renderScheduleTwo(result, true), 'bench:schedule-two');
  return 0;
}

await runScript(main);
