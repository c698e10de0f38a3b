/**
 * `npm run bench:drain`: how fast a backlog leaves over a line with delay, against one POST per record and against one
 * raw upload of the same bytes. Method and limits: docs/benchmarks.md.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describeMachine } from '../machine.ts';
import { gateway } from '../peers/gateway.ts';
import { interrupt, wasInterrupted } from '../processes.ts';
import { intoPage } from '../report.ts';
import type { SalesOptions } from '../store/records.ts';
import { measureDrain } from './drain.ts';
import { measureLoop } from './loop.ts';
import type { DrainResult, DrainRound } from './model.ts';
import { type DrainOptions, readOptions, USAGE } from './options.ts';
import { measureRawUpload } from './raw-upload.ts';
import { renderDrain } from './report.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PAGE = join(ROOT, 'docs', 'benchmarks.md');
/** The outage the records were sold in. */
const SPAN_MS = 3 * 24 * 3600 * 1000;

function progress(text: string): void {
  process.stderr.write(`${text}\n`);
}

async function measureRound(options: DrainOptions, directory: string, round: number): Promise<DrainRound> {
  const { line, records, loopRecords } = options;
  const seed = `drain ${round}`;
  const sales: SalesOptions = { seed, count: records, startUtcMs: Date.now() - SPAN_MS, spanMs: SPAN_MS };
  const loop = await measureLoop(directory, line, sales, loopRecords);
  progress(`loop: ${(loop.records / loop.seconds).toFixed(1)} records/s`);
  const drain = await measureDrain(directory, line, sales, progress);
  progress(`drain: ${(drain.records / drain.seconds).toFixed(0)} records/s, ${drain.seconds.toFixed(1)} s`);
  const rawSeconds = await measureRawUpload(line, drain.upBytes);
  progress(`raw upload of the same bytes: ${rawSeconds.toFixed(1)} s`);
  return { drain, loop, rawSeconds };
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const parent = resolve(options.directory ?? join(ROOT, 'data'));
  mkdirSync(parent, { recursive: true });
  const directory = await mkdtemp(join(parent, 'bench-'));
  try {
    const startedAtUtcMs = Date.now();
    const machine = describeMachine(directory);
    const version = await gateway.version();
    const rounds: DrainRound[] = [];
    for (let round = 1; round <= options.rounds; round += 1) {
      progress(`round ${round} of ${options.rounds}`);
      rounds.push(await measureRound(options, directory, round));
    }
    if (wasInterrupted()) return 130;
    const { line, records, loopRecords } = options;
    const result: DrainResult = { startedAtUtcMs, machine, version, line, records, loopRecords, rounds };
    process.stdout.write(renderDrain(result, false));
    if (options.write)
      writeFileSync(PAGE, intoPage(readFileSync(PAGE, 'utf8'), renderDrain(result, true), 'bench:drain'));
    return 0;
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
