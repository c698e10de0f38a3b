/**
 * Makes a report in a process of its own at low priority, so that intake does not feel it: its own memory, its own
 * connection to the buffer, nothing shared. If the gateway ends, so does the child; the run is then still due.
 */
import { spawn } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { CounterfoilError } from '../../base/errors.ts';
import type { StoredReport } from '../../reports/api.ts';
import { readReport } from '../../reports/folder.ts';
import type { ReportTask } from './task.ts';

const PROGRAM = fileURLToPath(new URL('../counterfoil.mjs', import.meta.url));
/** Enough for months of records; a child that wants more ends, and the gateway does not. */
const HEAP_MB = 256;

/** @throws CounterfoilError `internal` when the child fails; what it said is the message. */
export async function makeInChild(task: ReportTask, signal: AbortSignal): Promise<StoredReport> {
  const flags = [`--max-old-space-size=${HEAP_MB}`, '--max-semi-space-size=8', '--disable-warning=ExperimentalWarning'];
  const child = spawn(process.execPath, [...flags, PROGRAM, 'report', 'make'], {
    signal,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const answer: Buffer[] = [];
  const said: Buffer[] = [];
  child.stdout.on('data', (bytes: Buffer) => answer.push(bytes));
  child.stderr.on('data', (bytes: Buffer) => said.push(bytes));
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  lowerPriority(child.pid);
  child.stdin.on('error', () => {}); // a child that is gone says so by its end
  child.stdin.end(JSON.stringify(task));
  const code = await ended;
  const folder = code === 0 ? folderIn(Buffer.concat(answer).toString()) : null;
  const report = folder === null ? null : readReport(folder);
  if (report !== null) return report;
  const words = Buffer.concat(said).toString().trim().split('\n');
  throw new CounterfoilError(
    'internal',
    `the report's process ended with ${code ?? 'a signal'}: ${words[0] ?? 'it said nothing'}`,
    words[1]?.replace(/^hint: /, '') ?? 'Make it by hand and see: counterfoil report run.',
  );
}

function folderIn(text: string): string | null {
  const { folder } = JSON.parse(text) as { folder?: unknown };
  return typeof folder === 'string' ? folder : null;
}

function lowerPriority(pid: number | undefined): void {
  try {
    if (pid !== undefined) setPriority(pid, constants.priority.PRIORITY_LOW);
  } catch {
    // It has ended already, or this system does not allow it: the report is made all the same.
  }
}
