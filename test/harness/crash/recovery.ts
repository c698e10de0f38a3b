/** A process that recovers crash states one after the other with the program's own code, kept running for speed. */
import { Program } from '../program.ts';
import type { RecoveryAnswer } from './recovery-server.ts';

export class RecoveryProcess {
  readonly #script: string;
  #program: Program | null = null;
  #answers: ((answer: RecoveryAnswer) => void)[] = [];

  /** `script` calls `serveRecovery`. */
  constructor(script: string) {
    this.#script = script;
  }

  start(): void {
    const program = Program.start(process.execPath, [this.#script]);
    program.onLine((line) => {
      if (line.startsWith('{"error":')) this.#answers.shift()?.(JSON.parse(line) as RecoveryAnswer);
    });
    program.ended().then(
      () => this.#fail(`the recovery process ended: ${program.errorLines.slice(-5).join(' | ')}`),
      () => undefined,
    );
    this.#program = program;
  }

  /** Recovers what lies in `folder`; resolves with null, or with the reason why it could not be opened. */
  async recover(folder: string): Promise<string | null> {
    if (this.#program === null) this.start();
    const answer = new Promise<RecoveryAnswer>((resolve) => this.#answers.push(resolve));
    this.#program?.write(`${folder}\n`);
    return (await answer).error;
  }

  async stop(): Promise<void> {
    const program = this.#program;
    this.#program = null;
    program?.closeInput();
    if (program?.running === true) await program.stop();
  }

  /** A recovery that takes the process down is a finding about that state; the next state gets a new process. */
  #fail(error: string): void {
    this.#program = null;
    for (const answer of this.#answers.splice(0)) answer({ error });
  }
}
