/**
 * `npm run bench:verify`: how fast `trail verify` reads, on one core, and that its memory does not grow with the trail. Makes its own
 * trails, verifies each in a process of its own. Method and limits: docs/benchmarks.md.
 */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeMachine } from '../machine.ts';
import { inBenchDirectory, progress, runScript, writePage } from '../page.ts';
import { MIXES, type Mix, makeTrail } from './make.ts';
import { renderVerify, type VerifyResult, type VerifyRun } from './report.ts';

const USAGE = `npm run bench:verify -- [options]

  --entries a,b    sizes of the trails (default 10000,100000,1000000,5000000)
  --rounds n       how often each is verified; the one with the least processor time is reported (default 3)
  --dir path       where the trails are made (default: data/ of this checkout)
  --write          put the result into docs/benchmarks.md
  --help
`;

const CHILD = join(import.meta.dirname, 'child.ts');

interface Options {
  readonly entries: readonly number[];
  readonly rounds: number;
  readonly directory: string | null;
  readonly write: boolean;
  readonly help: boolean;
}

function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      entries: { type: 'string', default: '10000,100000,1000000,5000000' },
      rounds: { type: 'string', default: '3' },
      dir: { type: 'string' },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const entries = values.entries.split(',').map(Number);
  if (!entries.every((each) => Number.isSafeInteger(each) && each > 0))
    throw new Error('--entries: whole numbers, please');
  return {
    entries,
    rounds: Number(values.rounds),
    directory: values.dir ?? null,
    write: values.write,
    help: values.help,
  };
}

/** The first round also warms the page cache: what is measured is the processor, not the disk. */
function verified(directory: string, rounds: number): VerifyRun {
  const runs = Array.from({ length: rounds }, () => {
    const { stdout, stderr, status } = spawnSync(process.execPath, [CHILD, directory], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`the verifier ended with ${status}: ${stderr}`);
    return JSON.parse(stdout) as VerifyRun;
  });
  return runs.reduce((best, run) => (run.cpuSeconds < best.cpuSeconds ? run : best));
}

function measureMix(mix: Mix, options: Options, parent: string): VerifyResult['mixes'][number] {
  const runs = options.entries.map((entries) => {
    const directory = join(parent, 'trail');
    makeTrail(directory, mix, entries);
    const run = verified(directory, options.rounds);
    rmSync(directory, { recursive: true });
    progress(`${MIXES[mix]}: ${run.entries} entries, ${Math.round(run.entries / run.cpuSeconds)} a CPU second`);
    return run;
  });
  return { name: MIXES[mix], runs };
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const result = await inBenchDirectory(options.directory, async (directory): Promise<VerifyResult> => {
    const head = { startedAtUtcMs: Date.now(), machine: describeMachine(directory), rounds: options.rounds };
    const mixes = (['events', 'intake'] as const).map((mix) => measureMix(mix, options, directory));
    return { ...head, mixes };
  });
  process.stdout.write(renderVerify(result, false));
  if (options.write) writePage(renderVerify(result, true), 'bench:verify');
  return 0;
}

await runScript(main);
