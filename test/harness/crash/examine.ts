/**
 * Lays out crash states of a recorded run, lets the program's own code recover each, and has a stranger check what is
 * there. Prints its seed; the same seed over the same log gives the same states.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Expectation } from '../checker/expectation.ts';
import type { NameRule } from './disk-model.ts';
import type { LogEvent } from './log.ts';
import { seededRandom } from './random.ts';
import { RecoveryProcess } from './recovery.ts';
import { type CrashState, crashStates, layOut } from './states.ts';
import { Testimony } from './told.ts';
import type { World } from './world.ts';

export interface Violation {
  readonly state: string;
  readonly problems: readonly string[];
}

export interface Examination {
  readonly states: number;
  readonly acknowledgements: number;
  readonly violations: readonly Violation[];
}

export interface ExamineOptions {
  readonly events: readonly LogEvent[];
  readonly root: string;
  readonly world: World;
  /** What had been promised, and what lay in `root` (by relative path), when the recording began. */
  readonly before?: { readonly expectation: Expectation; readonly files: ReadonlyMap<string, Buffer> };
  readonly rule?: NameRule;
  /** Only cuts from this event on; default all. */
  readonly from?: number;
  /** Most states to lay out. */
  readonly limit: number;
  readonly seed: number;
  /** Script of the recovery process. */
  readonly recovery: string;
  /** Looks at a recovered folder from outside; gives the promises it found broken. */
  readonly check: (folder: string, expected: Expectation) => readonly string[];
  /** Stop after so many violations; default 20. */
  readonly enough?: number;
}

const PROCESSES = 2;

/** Memory when there is some: thousands of states would only wear the disk, and whether they last does not matter. */
export function scratchFolder(name: string): string {
  const place = process.env.CRASH_DIR ?? (existsSync('/dev/shm') ? '/dev/shm' : tmpdir());
  return mkdtempSync(join(place, `counterfoil-${name}-`));
}

export async function examine(options: ExamineOptions): Promise<Examination> {
  const scratch = scratchFolder('states');
  const processes = Array.from({ length: PROCESSES }, () => new RecoveryProcess(options.recovery));
  try {
    return await examineAll(options, scratch, processes);
  } finally {
    for (const process of processes) await process.stop();
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function examineAll(
  options: ExamineOptions,
  scratch: string,
  processes: readonly RecoveryProcess[],
): Promise<Examination> {
  const testimony = new Testimony(options.events, options.world, options.before?.expectation);
  const violations: Violation[] = [];
  const enough = options.enough ?? 20;
  let states = 0;
  const plan = crashStates(options.events, {
    root: options.root,
    rule: options.rule ?? 'journal',
    limit: options.limit,
    from: options.from ?? 0,
    random: seededRandom(options.seed),
    ...(options.before === undefined ? {} : { initial: options.before.files }),
  });
  const work = async (process: RecoveryProcess): Promise<void> => {
    for (let next = plan.next(); !next.done && violations.length < enough; next = plan.next()) {
      const state = next.value;
      const expected = testimony.at(state.cut);
      const folder = join(scratch, `state-${states++}`);
      mkdirSync(folder);
      layOut(state, folder);
      const problems = await problemsOf(process, folder, expected, options);
      if (problems.length > 0) violations.push({ state: state.label, problems });
      if (problems.length > 0) keep(folder, state);
      rmSync(folder, { recursive: true, force: true });
    }
  };
  await Promise.all(processes.map(work));
  return { states, acknowledgements: testimony.acknowledgements, violations };
}

async function problemsOf(
  process: RecoveryProcess,
  folder: string,
  expected: Expectation,
  options: ExamineOptions,
): Promise<readonly string[]> {
  // Before anything was promised, a folder without a gateway's files is a box that was never started.
  if (expected.acknowledged.size === 0 && !existsSync(join(folder, 'data'))) return [];
  const error = await process.recover(folder);
  if (error !== null) return [`it does not open: ${error}`];
  return options.check(folder, expected);
}

/** With CRASH_KEEP set, what a broken state looked like after recovery stays there for a look. */
function keep(folder: string, state: CrashState): void {
  const place = process.env.CRASH_KEEP;
  if (place === undefined) return;
  cpSync(folder, join(place, `violation-at-${state.cut}`), { recursive: true });
}

/** A few lines for the test's output or failure message. */
export function describeExamination(examined: Examination, seed: number): string {
  const head = `${examined.states} crash states, ${examined.acknowledgements} acknowledgements, seed ${seed}: `;
  const count = examined.violations.length;
  const shown = examined.violations.slice(0, 5).map(({ state, problems }) => `  ${state}: ${problems.join('; ')}`);
  return [`${head}${count === 0 ? 'no violation' : `${count} violations`}`, ...shown].join('\n');
}
