/** The page that keeps results, and the frame every benchmark script runs in. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { interrupt, wasInterrupted } from './processes.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PAGE = join(ROOT, 'docs', 'benchmarks.md');

/** Where a part of the page begins and ends that a script writes; `name` is that of the script. */
const marksOf = (name: string) => ({
  begin: `<!-- ${name}:begin, written by npm run ${name} -- --write -->`,
  end: `<!-- ${name}:end -->`,
});

/** Puts a report between the page's marks for the script `name`. @throws Error when the page has no such marks. */
export function writePage(report: string, name: string): void {
  const page = readFileSync(PAGE, 'utf8');
  const marks = marksOf(name);
  const begin = page.indexOf(marks.begin);
  const end = page.indexOf(marks.end);
  if (begin === -1 || end < begin) throw new Error(`the page lacks its marks ${marks.begin} and ${marks.end}`);
  writeFileSync(PAGE, `${page.slice(0, begin + marks.begin.length)}\n\n${report}\n${page.slice(end)}`);
}

export function progress(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Gives `task` a directory on the measured disk and removes it; `parent` null is data/ of this checkout. */
export async function inBenchDirectory<T>(parent: string | null, task: (directory: string) => Promise<T>): Promise<T> {
  const above = resolve(parent ?? join(ROOT, 'data'));
  mkdirSync(above, { recursive: true });
  const directory = await mkdtemp(join(above, 'bench-'));
  try {
    return await task(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Runs a script's `main` (its answer is the exit code); a signal ends every process it started. */
export async function runScript(main: () => Promise<number>): Promise<void> {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void interrupt());
  try {
    const code = await main();
    process.exitCode = wasInterrupted() ? 130 : code;
  } catch (error) {
    process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = wasInterrupted() ? 130 : 2;
  }
}
