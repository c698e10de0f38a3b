/**
 * `npm run bench:reports`: what a monthly report costs, and what lanes feel of it. Fills a gateway through the front door,
 * makes the report in a process as the gateway does, and measures the same load with and without reports being made beside
 * it, in turns. No PMS: every record is open, which is the most a report can have to list. Method: docs/benchmarks.md.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { drive, type Watched } from '../drive.ts';
import { describeMachine } from '../machine.ts';
import type { Point, Sample } from '../model.ts';
import { inBenchDirectory, progress, runScript, writePage } from '../page.ts';
import { gateway } from '../peers/gateway.ts';
import { wasInterrupted } from '../processes.ts';
import { type Bench, timedOrder, WARM_UP, WARM_UP_MS } from '../rounds.ts';
import { median } from '../stats.ts';
import { type ReportRun, type ReportsResult, renderReports } from './report.ts';

const USAGE = `npm run bench:reports -- [options]

  --records n   records in the month (default 300000)
  --seconds n   length of each measured window (default 10)
  --rounds n    windows with and without (default 3)
  --dir path    where the gateway's data goes (default: data/ of this checkout)
  --write       put the result into docs/benchmarks.md
  --help
`;

const PROGRAM = fileURLToPath(new URL('../../src/main/counterfoil.mjs', import.meta.url));
/** As the gateway starts it, see src/main/reports/child.ts. */
const FLAGS = ['--max-old-space-size=256', '--max-semi-space-size=8', '--disable-warning=ExperimentalWarning'];
const FILL_LIMIT_MS = 1_800_000;
const HEAVY: Point = { name: '8x32', connections: 8, inFlight: 32 };
/** A shop's: four tills, each waiting for its answer. */
const SHOP: Point = { name: '4x1', connections: 4, inFlight: 1 };

function taskFor(directory: string): string {
  const dataDir = join(directory, 'data');
  const store = { gatewayId: 'gw-bench', store: '0042', name: null, address: null, deaRegistration: null };
  const window = { fromUtcMs: Date.now() - 30 * 86_400_000, toUtcMs: Date.now(), timeZone: 'America/New_York' };
  const trailDir = join(dataDir, 'trail');
  const places = { dataDir, trailDir, archiveDir: join(trailDir, 'archive'), reportsDir: join(directory, 'reports') };
  // As a store runs it: signed by the box's own key, which the first report makes.
  const signing = { keyFile: null, certificatesFile: null, token: null, ownFolder: join(dataDir, 'report-signer') };
  return JSON.stringify({ kind: 'monthly', window, store, ...places, signing, run: null });
}

/** One report in a process of its own: time and most memory. @throws Error when it is not made. */
async function makeReport(directory: string): Promise<ReportRun> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, [...FLAGS, PROGRAM, 'report', 'make'], { stdio: ['pipe', 'pipe', 'inherit'] });
  if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW);
  child.stdin?.end(taskFor(directory));
  const peak = watchPeak(child);
  let said = '';
  child.stdout?.on('data', (bytes: Buffer) => {
    said += bytes.toString();
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`the report's process ended with ${code}`);
  const { files }: { files: { name: string; bytes: number }[] } = JSON.parse(said);
  const bytesOf = (name: string) => files.find((file) => file.name === name)?.bytes ?? 0;
  return {
    seconds: (performance.now() - startedMs) / 1000,
    peakBytes: peak(),
    pdfBytes: bytesOf('report.pdf'),
    figuresBytes: bytesOf('figures.json'),
  };
}

/** The kernel's own high-water mark, read while the process lives. */
function watchPeak({ pid }: ChildProcess): () => number {
  let peakKib = 0;
  const timer = setInterval(() => {
    try {
      const mark = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
      peakKib = Math.max(peakKib, Number(mark ?? 0));
    } catch {
      // It has just ended.
    }
  }, 20);
  return () => {
    clearInterval(timer);
    return peakKib * 1024;
  };
}

async function measure(options: Options, directory: string): Promise<ReportsResult> {
  const bench: Bench = { directory, syncs: null, seconds: options.seconds, progress };
  const running = await gateway.start(directory, null);
  const watched: Watched = { roots: running.roots, directory, syncs: null };
  try {
    progress(`filling with ${options.records} records`);
    const fill = timedOrder(bench, gateway, running, HEAVY, FILL_LIMIT_MS);
    await drive({ ...fill, records: options.records, keys: options.records }, watched);
    const alone = [await makeReport(directory), await makeReport(directory)];
    progress(`a report alone: ${alone.map(({ seconds }) => seconds.toFixed(1)).join(', ')} s`);
    await drive(timedOrder(bench, gateway, running, WARM_UP, WARM_UP_MS), watched);
    const without: Sample[] = [];
    const beside: Sample[] = [];
    for (let round = 1; round <= options.rounds; round += 1) {
      progress(`round ${round} of ${options.rounds}`);
      without.push((await drive(timedOrder(bench, gateway, running, SHOP), watched)).sample);
      let isOver = false;
      const reports = (async () => {
        while (!isOver) await makeReport(directory);
      })();
      beside.push((await drive(timedOrder(bench, gateway, running, SHOP), watched)).sample);
      isOver = true;
      await reports;
    }
    const of = (samples: readonly Sample[]) => ({
      p50Ms: median(samples.map(({ p50Ms }) => p50Ms)),
      p99Ms: median(samples.map(({ p99Ms }) => p99Ms)),
      recordsPerSecond: median(samples.map(({ recordsPerSecond }) => recordsPerSecond)),
    });
    return { machine: describeMachine(directory), ...options, alone, without: of(without), beside: of(beside) };
  } finally {
    await running.stop();
  }
}

interface Options {
  readonly records: number;
  readonly seconds: number;
  readonly rounds: number;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      records: { type: 'string', default: '300000' },
      seconds: { type: 'string', default: '10' },
      rounds: { type: 'string', default: '3' },
      dir: { type: 'string' },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const options = { records: Number(values.records), seconds: Number(values.seconds), rounds: Number(values.rounds) };
  const result = await inBenchDirectory(values.dir ?? null, (directory) => measure(options, directory));
  if (wasInterrupted()) return 130;
  process.stdout.write(renderReports(result, false));
  if (values.write) writePage(renderReports(result, true), 'bench:reports');
  return 0;
}

await runScript(main);
