/**
 * One run of a program under the recorder: starts it, lets lanes publish, ends it without warning, and gives back the log
 * together with what the lanes know.
 */
import { type Ending, Program } from '../program.ts';
import { type LogEvent, readEventLog } from './log.ts';
import { Publisher } from './publisher.ts';
import { Recorder } from './shim.ts';
import type { World } from './world.ts';

export interface RecordedOptions {
  /** Directory that is recorded; the program's data_dir is `data` below it. */
  readonly root: string;
  /** Existing directory outside `root`. */
  readonly scratch: string;
  /** False: the recorder only hands out faults. Default true. */
  readonly keepLog?: boolean;
  /** Arguments for Node. */
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly world: World;
  readonly store: string;
}

export class RecordedRun {
  readonly recorder: Recorder;
  readonly #options: RecordedOptions;
  #program: Program | null = null;
  #publishers: Publisher[] = [];
  #port = 0;

  constructor(options: RecordedOptions) {
    this.#options = options;
    this.recorder = new Recorder(options.root, options.scratch, options.keepLog);
  }

  /** Starts the program and waits until it takes lanes. A second start continues the same log: one disk, several lives. */
  async start(prepare: (recorder: Recorder) => void = () => undefined): Promise<void> {
    const { args, env } = this.#options;
    this.recorder.start();
    prepare(this.recorder);
    const program = Program.start(process.execPath, args, {
      env: { ...process.env, ...env, ...this.recorder.environment() },
    });
    this.#program = program;
    const ready = JSON.parse(await program.line((line) => line.includes('"msg":"ready"'), 'the line "ready"')) as {
      mqtt: string[];
    };
    this.#port = Number(new URL(ready.mqtt[0] ?? '').port);
  }

  get program(): Program {
    if (this.#program === null) throw new Error('the recorded program was not started');
    return this.#program;
  }

  /** The last lines of both outputs, for a failure message. */
  said(): string {
    const { lines, errorLines } = this.program;
    return [...lines.slice(-10), ...errorLines.slice(-10)].join('\n');
  }

  async lane(name: string): Promise<Publisher> {
    const { store, world } = this.#options;
    const publisher = await Publisher.open({ host: '127.0.0.1', port: this.#port, store, lane: name, world });
    this.#publishers.push(publisher);
    return publisher;
  }

  /** Ends the program (default: as a power cut would, without asking) and the lanes' connections. */
  async stop(signal: NodeJS.Signals = 'SIGKILL'): Promise<Ending> {
    const ending = await this.program.stop(signal);
    await this.release();
    return ending;
  }

  /** After the program has ended by itself. */
  async release(): Promise<void> {
    for (const publisher of this.#publishers.splice(0)) await publisher.close();
    this.recorder.stop();
  }

  /** Ends whatever still runs; for cleaning up after a test that failed half-way. */
  async abandon(): Promise<void> {
    if (this.#program?.running === true) await this.#program.stop('SIGKILL');
    await this.release();
  }

  /** The log so far; call it when the program has ended. */
  events(): LogEvent[] {
    return readEventLog(this.recorder.logFile);
  }
}
