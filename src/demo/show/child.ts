/** A part of the show as a process of its own: started, waited for, ended by request or by force. */
import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, closeSync, openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Timers } from '../../base/clock.ts';

/** How this program is started: the runtime, and the arguments before those of a command. */
export interface ProgramCommand {
  readonly runtime: string;
  readonly args: readonly string[];
}

export interface ChildOptions {
  readonly program: ProgramCommand;
  readonly args: readonly string[];
  /** Standard output and error go there, line by line; kept for whoever asks why. */
  readonly logFile: string;
  readonly timers: Timers;
}

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const LAST_LINES = 12;
/** Holds a pipe to the show and ends `$1` when the show is gone without a word (kill -9), so that nothing outlives it. */
const LIFELINE = 'cat >/dev/null; kill -9 "$1"';

export class Child {
  readonly #options: ChildOptions;
  readonly #ready = Promise.withResolvers<Readonly<Record<string, unknown>>>();
  readonly #ended = Promise.withResolvers<Ending>();
  readonly #lastLines: string[] = [];
  #child: ChildProcess | null = null;
  #lifeline: ChildProcess | null = null;
  #ending: Ending | null = null;

  constructor(options: ChildOptions) {
    this.#options = options;
    this.#ready.promise.catch(() => undefined);
  }

  /** Starts it; resolves with its "ready" line, rejects when it ends before that. */
  start(): Promise<Readonly<Record<string, unknown>>> {
    const { program, args, logFile } = this.#options;
    closeSync(openSync(logFile, 'a', 0o600));
    // A group of its own: Ctrl-C at the terminal is for the show, which ends its parts in order.
    const child = spawn(program.runtime, [...program.args, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      env: cleanEnvironment(process.env),
    });
    this.#child = child;
    if (child.pid !== undefined) this.#lifeline = lifelineOf(child.pid);
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => this.#take(line));
    }
    child.once('error', (error) => this.#end({ code: null, signal: null }, error.message));
    child.once('close', (code, signal) => this.#end({ code, signal }, this.#lastLines.join('\n')));
    return this.#ready.promise;
  }

  get ended(): Promise<Ending> {
    return this.#ended.promise;
  }

  get isRunning(): boolean {
    return this.#child !== null && this.#ending === null;
  }

  /** Its last lines, for a message. */
  get lastWords(): string {
    return this.#lastLines.join('\n');
  }

  /** `kill -9`; resolves when it is gone. */
  async kill(): Promise<void> {
    if (!this.isRunning) return;
    this.#child?.kill('SIGKILL');
    await this.#ended.promise;
  }

  /** Asks it to end, and insists after `limitMs`. */
  async stop(limitMs: number): Promise<void> {
    if (!this.isRunning) return;
    this.#child?.kill('SIGTERM');
    const cancel = this.#options.timers.after(limitMs, () => this.#child?.kill('SIGKILL'));
    await this.#ended.promise;
    cancel();
  }

  /** Without waiting, for the end of the process: nothing of the show may outlive it. */
  abandon(): void {
    if (this.isRunning) this.#child?.kill('SIGKILL');
  }

  #take(line: string): void {
    appendFileSync(this.#options.logFile, `${line}\n`);
    this.#lastLines.push(line);
    if (this.#lastLines.length > LAST_LINES) this.#lastLines.shift();
    const said = readyLine(line);
    if (said !== null) this.#ready.resolve(said);
  }

  #end(ending: Ending, words: string): void {
    this.#ending ??= ending;
    this.#lifeline?.kill('SIGKILL');
    this.#ready.reject(new Error(`"${this.#options.args.join(' ')}" ended before it was ready:\n${words}`));
    this.#ended.resolve(this.#ending);
  }
}

function lifelineOf(pid: number): ChildProcess {
  const args = ['-c', LIFELINE, 'lifeline', String(pid)];
  const lifeline = spawn('/bin/sh', args, { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  // Without one the show works as well; only its sudden death would leave a part behind.
  lifeline.on('error', () => undefined);
  return lifeline;
}

function readyLine(line: string): Readonly<Record<string, unknown>> | null {
  if (!line.startsWith('{')) return null;
  try {
    const said = JSON.parse(line) as Readonly<Record<string, unknown>>;
    return said.msg === 'ready' ? said : null;
  } catch {
    return null;
  }
}

/** Settings of a real gateway on this machine must not reach into the show. */
function cleanEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !name.startsWith('COUNTERFOIL_') && name !== 'CREDENTIALS_DIRECTORY'),
  );
}
