/** Runs the checker as a process of its own, so that it shares nothing with what it checks, not even memory. */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import type { CheckedFiles } from '../checker/check.ts';
import type { Expected } from '../checker/judge.ts';
import type { Verdict } from '../checker/verdict.ts';
import type { ProgramCommand } from './child.ts';

/** Rejects when the checker could not read what it was to check. */
export async function runChecker(program: ProgramCommand, files: CheckedFiles, expected: Expected): Promise<Verdict> {
  const args = ['--outboxes', files.outboxes, '--data-dir', files.dataDir, '--pms-db', files.pmsDb, '--json'];
  if (expected.complete) args.push('--complete');
  if (expected.altered.length > 0) args.push('--altered', expected.altered.join(','));
  const child = spawn(program.runtime, [...program.args, 'demo', 'check', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const failed = new Promise<never>((_resolve, reject) => child.once('error', reject));
  const [out, complaint] = await Promise.race([Promise.all([text(child.stdout), text(child.stderr)]), failed]);
  try {
    return JSON.parse(out) as Verdict;
  } catch {
    throw new Error(`the checker gave no verdict: ${complaint.trim()}`);
  }
}
