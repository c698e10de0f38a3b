/**
 * A program running beside the test: starts it, collects what it prints line by line, waits for a line or for its end.
 * Nothing here sleeps: every wait ends with an event, and gives up loudly when `LIMIT_MS` have passed without it.
 */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** How long any wait may take before the test fails. Generous: it decides only when to stop hoping. */
export const LIMIT_MS = 30_000;

export interface Ending {
  /** Exit code, or null when a signal ended the program. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

type Waiter = (line: string) => void;

export class Program {
  /** Lines of standard output so far, without their line ends. */
  readonly lines: string[] = [];
  readonly errorLines: string[] = [];
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #ending: Promise<Ending>;
  readonly #waiters = new Set<Waiter>();
  #ended: Ending | undefined;

  private constructor(name: string, child: ChildProcess, ending: Promise<Ending>) {
    this.#name = name;
    this.#child = child;
    this.#ending = ending;
  }

  /** Starts `command`; it inherits nothing but the environment given (default: the test's own). */
  static start(command: string, args: readonly string[], options: SpawnOptions = {}): Program {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], ...options });
    // 'close', not 'exit': only then has everything it printed been read.
    const ending = new Promise<Ending>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => resolve({ code, signal }));
    });
    const program = new Program(command, child, ending);
    program.#collect();
    return program;
  }

  get pid(): number {
    const { pid } = this.#child;
    if (pid === undefined) throw new Error(`${this.#name} did not start`);
    return pid;
  }

  get running(): boolean {
    return this.#ended === undefined;
  }

  /** Writes to the program's standard input. */
  write(text: string | Uint8Array): void {
    this.#child.stdin?.write(text);
  }

  closeInput(): void {
    this.#child.stdin?.end();
  }

  /** Calls `listener` for every line of standard output, those already printed first. */
  onLine(listener: Waiter): void {
    this.lines.forEach(listener);
    this.#waiters.add(listener);
  }

  /** Calls `listener` once it has ended and all it printed was read. */
  onEnd(listener: () => void): void {
    this.#ending.then(listener, listener);
  }

  /** First line of standard output, past or future, that `wanted` accepts. */
  async line(wanted: (line: string) => boolean, what: string): Promise<string> {
    const past = this.lines.find(wanted);
    if (past !== undefined) return past;
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const waiter = (line: string) => {
      if (wanted(line)) resolve(line);
    };
    this.#waiters.add(waiter);
    const limit = setTimeout(() => reject(this.#complaint(`${what} did not come`)), LIMIT_MS);
    this.#ending.then(
      () => reject(this.#complaint(`it ended before ${what} came`)),
      (error: unknown) => reject(error),
    );
    try {
      return await promise;
    } finally {
      clearTimeout(limit);
      this.#waiters.delete(waiter);
    }
  }

  /** Waits for the program to end by itself. */
  async ended(): Promise<Ending> {
    const limit = Promise.withResolvers<never>();
    const timer = setTimeout(() => limit.reject(this.#complaint('it did not end')), LIMIT_MS);
    try {
      return await Promise.race([this.#ending, limit.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Sends a signal and waits for the end; a program that has already ended is fine. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ending> {
    this.#child.kill(signal);
    try {
      return await this.ended();
    } catch (error) {
      this.#child.kill('SIGKILL');
      throw error;
    }
  }

  #collect(): void {
    this.#ending.then(
      (ending) => {
        this.#ended = ending;
      },
      () => {
        this.#ended = { code: null, signal: null };
      },
    );
    // A program that ends while we still write to it is no news of its own: how it ended says more.
    this.#child.stdin?.on('error', () => undefined);
    if (this.#child.stdout !== null)
      createInterface({ input: this.#child.stdout }).on('line', (line) => this.#take(line));
    if (this.#child.stderr !== null) {
      createInterface({ input: this.#child.stderr }).on('line', (line) => this.errorLines.push(line));
    }
  }

  #take(line: string): void {
    this.lines.push(line);
    for (const waiter of this.#waiters) waiter(line);
  }

  #complaint(what: string): Error {
    const tail = [...this.lines.slice(-15), ...this.errorLines.slice(-15)].join('\n');
    return new Error(`${this.#name}: ${what}; it last said:\n${tail}`);
  }
}
