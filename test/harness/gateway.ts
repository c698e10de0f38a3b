/**
 * The real gateway as a process of its own, the way a store runs it: a configuration file, a data folder, the one log
 * line that says "ready". Ports are always free ones (port 0), taken from that line.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import Database from 'better-sqlite3';
import { type Ending, LIMIT_MS, Program } from './program.ts';
import type { Scene } from './scene.ts';

export const ROOT = resolve(import.meta.dirname, '../..');
export const COUNTERFOIL = join(ROOT, 'src/main/counterfoil.mjs');
export const STORE = '0042';
/** Nothing listens on port 9 (discard): a PMS that is not there. */
export const NO_PMS = 'http://127.0.0.1:9';

export interface GatewayOptions {
  /** Default: a fresh folder. Give the folder of an earlier gateway to continue its buffer. */
  readonly folder?: string;
  readonly pmsUrl?: string;
  /** Further sections of the configuration, laid over the defaults below section by section. */
  readonly config?: Readonly<Record<string, object>>;
  readonly env?: NodeJS.ProcessEnv;
  /** Modules loaded into the process before the gateway: shorter limits, planted faults. */
  readonly preload?: readonly string[];
  /** Starts the program in another way: as another user. Default: as whoever runs the test. */
  readonly launch?: (args: readonly string[], env: NodeJS.ProcessEnv) => Program;
  /** Options of `counterfoil run`. */
  readonly runOptions?: readonly string[];
  /** Options of Node itself. */
  readonly nodeOptions?: readonly string[];
}

export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly time: string;
  readonly [field: string]: unknown;
}

interface Address {
  readonly host: string;
  readonly port: number;
}

/** Writes the configuration of a test gateway into `folder` and gives the file's path. */
export function writeConfig(folder: string, options: GatewayOptions): string {
  const sections: Record<string, object> = {
    gateway: { store: STORE },
    mqtt: { listen: [{ url: 'mqtt://127.0.0.1:0' }] },
    http: { url: 'http://127.0.0.1:0' },
    pms: { url: options.pmsUrl ?? NO_PMS, heartbeat_seconds: 1 },
    // A store alone meets no herd; a test would only wait.
    sync: { start_spread_seconds: 0 },
    // A test that does not fill its disk need not write zeros to it.
    storage: { ballast_bytes: 0 },
  };
  for (const [name, section] of Object.entries(options.config ?? {})) {
    sections[name] = { ...sections[name], ...section };
  }
  // On the shop's own broker the gateway has no listeners.
  if (options.config?.intake !== undefined && 'external' in options.config.intake) delete sections.mqtt;
  const file = join(folder, 'gateway.yaml');
  // JSON is YAML too, and needs no writer of its own.
  const text = JSON.stringify({ data_dir: './data', trail_dir: './data/trail', ...sections }, null, 2);
  writeFileSync(file, text);
  return file;
}

export class Gateway {
  readonly folder: string;
  readonly dataDir: string;
  readonly #options: GatewayOptions;
  #program: Program | undefined;
  #mqtt: Address | undefined;
  #http = '';

  constructor(folder: string, options: GatewayOptions) {
    this.folder = folder;
    this.dataDir = join(folder, 'data');
    this.#options = options;
  }

  /** Starts a gateway that is stopped with the scene, and resolves once it is ready. */
  static async start(scene: Scene, options: GatewayOptions = {}): Promise<Gateway> {
    const gateway = new Gateway(options.folder ?? scene.folder(), options);
    scene.onClose(() => gateway.kill());
    await gateway.start();
    return gateway;
  }

  /** Runs a gateway that is expected to refuse; resolves when it has ended. */
  static async refusal(scene: Scene, options: GatewayOptions): Promise<{ ending: Ending; said: string }> {
    const gateway = new Gateway(options.folder ?? scene.folder(), options);
    scene.onClose(() => gateway.kill());
    const program = gateway.#spawn();
    const ending = await program.ended();
    return { ending, said: [...program.errorLines, ...program.lines].join('\n') };
  }

  get mqtt(): Address {
    if (this.#mqtt === undefined) throw new Error('the gateway was never ready');
    return this.#mqtt;
  }

  /** Base URL of the HTTP listener, without a slash at its end. */
  get http(): string {
    return this.#http;
  }

  get pid(): number {
    return this.#running.pid;
  }

  get running(): boolean {
    return this.#program?.running ?? false;
  }

  get bufferFile(): string {
    return join(this.dataDir, 'buffer.db');
  }

  /** Number of records in the buffer file, whatever their state, read beside the gateway. */
  get storedRecords(): number {
    const database = new Database(this.bufferFile, { readonly: true });
    try {
      return database.prepare<[], number>('SELECT COUNT(*) FROM offline_transaction_buffer').pluck().get() ?? 0;
    } finally {
      database.close();
    }
  }

  /** Everything the present process has logged so far. */
  get log(): LogLine[] {
    return this.#running.lines.flatMap((line) => parseLog(line) ?? []);
  }

  /** All output of the present process, both streams, as printed. */
  get output(): string {
    return [...this.#running.lines, ...this.#running.errorLines].join('\n');
  }

  /** First log line, past or future, that `wanted` accepts. */
  async logged(wanted: (line: LogLine) => boolean, what: string): Promise<LogLine> {
    const accepts = (text: string) => {
      const line = parseLog(text);
      return line !== undefined && wanted(line);
    };
    return parseLog(await this.#running.line(accepts, what)) as LogLine;
  }

  async start(): Promise<void> {
    this.#spawn();
    const ready = await this.logged(({ msg }) => msg === 'ready', 'the line "ready"');
    const [mqtt] = ready.mqtt as string[];
    const [http] = ready.http as string[];
    const url = new URL(mqtt ?? '');
    this.#mqtt = { host: url.hostname, port: Number(url.port) };
    this.#http = (http ?? '').replace(/\/$/, '');
  }

  /** Calls `listener` when the present process has ended, however it did. */
  onEnd(listener: () => void): void {
    this.#running.onEnd(listener);
  }

  /** The end of the present process, waited for. */
  async ended(): Promise<Ending> {
    return await this.#running.ended();
  }

  /** Asks the gateway to end, as systemd does. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ending> {
    return await this.#running.stop(signal);
  }

  /** Ends the gateway without asking; fine when it is not running. */
  async kill(): Promise<void> {
    if (this.#program?.running === true) await this.#program.stop('SIGKILL');
  }

  /** Same folder, new process, new ports. */
  async restart(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ending> {
    const ending = await this.stop(signal);
    await this.start();
    return ending;
  }

  /** An answer of the HTTP side, read as JSON whatever its status. */
  async get(path: string): Promise<{ status: number; body: Record<string, unknown> }> {
    const response = await fetch(`${this.#http}${path}`);
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  /** The answer at `path` once `wanted` accepts it: figures are told up to 100 ms after the commit they are about. */
  async getOnce(
    path: string,
    wanted: (body: Record<string, unknown>) => boolean,
    what: string,
  ): Promise<Record<string, unknown>> {
    const limit = performance.now() + LIMIT_MS;
    for (;;) {
      const { body } = await this.get(path);
      if (wanted(body)) return body;
      if (performance.now() > limit) throw new Error(`${what} did not come at ${path}: ${JSON.stringify(body)}`);
    }
  }

  get #running(): Program {
    if (this.#program === undefined) throw new Error('the gateway was never started');
    return this.#program;
  }

  #spawn(): Program {
    mkdirSync(this.folder, { recursive: true });
    const file = writeConfig(this.folder, this.#options);
    const { launch } = this.#options;
    if (launch !== undefined) {
      this.#program = launch(['run', '--config', file], this.#options.env ?? {});
      return this.#program;
    }
    const env = { ...process.env, ...this.#options.env };
    const preload = (this.#options.preload ?? []).flatMap((module) => ['--import', module]);
    const args = [
      ...(this.#options.nodeOptions ?? []),
      ...preload,
      COUNTERFOIL,
      'run',
      '--config',
      file,
      ...(this.#options.runOptions ?? []),
    ];
    this.#program = Program.start(process.execPath, args, { cwd: ROOT, env });
    return this.#program;
  }
}

function parseLog(text: string): LogLine | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    return JSON.parse(text) as LogLine;
  } catch {
    return undefined;
  }
}
