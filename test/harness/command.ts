/** The command line as an operator uses it: one process a command, what it said and how it ended. */
import { COUNTERFOIL, ROOT } from './gateway.ts';
import { Program } from './program.ts';

export interface Said {
  readonly code: number | null;
  /** Standard output. */
  readonly output: string;
  /** Standard error. */
  readonly errors: string;
}

/** Runs one command to its end, with nobody at a terminal. */
export async function counterfoil(...args: readonly string[]): Promise<Said> {
  const program = Program.start(process.execPath, [COUNTERFOIL, ...args], { cwd: ROOT });
  program.closeInput();
  const { code } = await program.ended();
  return { code, output: program.lines.join('\n'), errors: program.errorLines.join('\n') };
}
