/**
 * `npm run bench:drain`: how fast a backlog leaves over a line with delay, against one POST per record and against one
 * raw upload of the same bytes. Method and limits: docs/benchmarks.md.
 */
import { describeMachine } from '../machine.ts';
import { inBenchDirectory, progress, runScript, writePage } from '../page.ts';
import { gateway } from '../peers/gateway.ts';
import { wasInterrupted } from '../processes.ts';
import type { SalesOptions } from '../store/records.ts';
import { measureDrain } from './drain.ts';
import { measureLoop } from './loop.ts';
import type { DrainResult, DrainRound } from './model.ts';
import { type DrainOptions, readOptions, USAGE } from './options.ts';
import { measureRawUpload } from './raw-upload.ts';
import { renderDrain } from './report.ts';

/** The outage the records were sold in. */
const SPAN_MS = 3 * 24 * 3600 * 1000;

async function measureRound(options: DrainOptions, directory: string, round: number): Promise<DrainRound> {
  const { pms, line, records, loopRecords } = options;
  const seed = `drain ${round}`;
  const sales: SalesOptions = { seed, count: records, startUtcMs: Date.now() - SPAN_MS, spanMs: SPAN_MS };
  const loop = await measureLoop(directory, line, sales, loopRecords);
  progress(`loop: ${(loop.records / loop.seconds).toFixed(1)} records/s`);
  const drain = await measureDrain(directory, pms, line, sales, progress);
  progress(`drain: ${(drain.records / drain.seconds).toFixed(0)} records/s, ${drain.seconds.toFixed(1)} s`);
  const rawSeconds = await measureRawUpload(line, drain.upBytes);
  progress(`raw upload of the same bytes: ${rawSeconds.toFixed(1)} s`);
  return { drain, loop, rawSeconds };
}

async function measure(options: DrainOptions, directory: string): Promise<DrainResult> {
  const head = { startedAtUtcMs: Date.now(), machine: describeMachine(directory), version: await gateway.version() };
  const rounds: DrainRound[] = [];
  for (let round = 1; round <= options.rounds; round += 1) {
    progress(`round ${round} of ${options.rounds}`);
    rounds.push(await measureRound(options, directory, round));
  }
  const { pms, line, records, loopRecords } = options;
  return { ...head, pms, line, records, loopRecords, rounds };
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const result = await inBenchDirectory(options.directory, (directory) => measure(options, directory));
  if (wasInterrupted()) return 130;
  process.stdout.write(renderDrain(result, false));
  if (options.write) writePage(renderDrain(result, true), 'bench:drain');
  return 0;
}

await runScript(main);
