/** The real parts of the show, each a process of its own or with files of its own, started and stopped in order. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Timers } from '../../base/clock.ts';
import type { CheckedFiles } from '../checker/check.ts';
import { Child, type ProgramCommand } from './child.ts';
import { GatewayProcess } from './gateway-process.ts';
import type { TillLook } from './look.ts';
import { portOrAny } from './ports.ts';
import { Wan } from './wan.ts';

/** The tills as the show uses them; main makes them of the simulated store and real lane clients. */
export interface ShowTills {
  /** Starts selling. */
  start(): Promise<void>;
  /** No new sales; what is kept goes on being sent. */
  closeShop(): void;
  stop(): Promise<void>;
  look(): readonly TillLook[];
}

export interface PartsOptions {
  readonly program: ProgramCommand;
  /** Everything the show writes is below it. */
  readonly folder: string;
  readonly store: string;
  /** Who may sign Schedule II records. */
  readonly rosterFile: string;
  readonly timers: Timers;
  readonly openTills: (mqttUrl: string, outboxDir: string) => ShowTills;
  /** A part ended by itself: the show cannot go on. */
  readonly onBroken: (error: Error) => void;
}

const HOST = '127.0.0.1';
const PMS_PORT = 8090;
/** Below the ports the kernel gives away by itself, so that a line that was cut finds its port free again. */
const WAN_PORTS = [...Array.from({ length: 10 }, (_, index) => 8190 + index), 0];
const STOP_LIMIT_MS = 5_000;

export class Parts {
  readonly #options: PartsOptions;
  #pms: Child | null = null;
  #wan: Wan | null = null;
  #gateway: GatewayProcess | null = null;
  #tills: ShowTills | null = null;
  #pmsUrl = '';

  constructor(options: PartsOptions) {
    this.#options = options;
  }

  /** PMS, line, gateway, tills. When one does not start, those before it are stopped and its error is thrown. */
  async start(): Promise<void> {
    try {
      mkdirSync(this.files.outboxes, { recursive: true, mode: 0o700 });
      const pmsPort = await this.#startPms();
      this.#wan = new Wan({ targetPort: pmsPort, ports: WAN_PORTS });
      const wanPort = await this.#wan.start();
      await this.#startGateway(`http://${HOST}:${wanPort}`);
      const tills = this.#options.openTills(this.gateway.mqttUrl, this.files.outboxes);
      await tills.start();
      this.#tills = tills;
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Tills, gateway, line, PMS: each before what it leans on. */
  async stop(): Promise<void> {
    await this.#tills?.stop();
    await this.#gateway?.stop();
    await this.#wan?.stop();
    const pms = this.#pms;
    this.#pms = null;
    await pms?.stop(STOP_LIMIT_MS);
  }

  /** Without waiting, when the show itself must end at once. */
  abandon(): void {
    this.#gateway?.abandon();
    this.#pms?.abandon();
  }

  get files(): CheckedFiles {
    const { folder } = this.#options;
    return { outboxes: join(folder, 'tills'), dataDir: join(folder, 'data'), pmsDb: join(folder, 'pms.db') };
  }

  get gateway(): GatewayProcess {
    return present(this.#gateway);
  }

  get wan(): Wan {
    return present(this.#wan);
  }

  get tills(): ShowTills {
    return present(this.#tills);
  }

  get pmsUrl(): string {
    return this.#pmsUrl;
  }

  /** On the well-known port; on any other when that is taken, perhaps between our look and its start. */
  async #startPms(): Promise<number> {
    const port = await portOrAny(HOST, PMS_PORT);
    try {
      this.#pmsUrl = await this.#servePms(port);
    } catch (error) {
      if (port === 0) throw error;
      this.#pmsUrl = await this.#servePms(0);
    }
    return Number(new URL(this.#pmsUrl).port);
  }

  /** Gives its address. */
  async #servePms(port: number): Promise<string> {
    const { program, folder, onBroken, timers } = this.#options;
    const args = ['pms', 'serve', '--url', `http://${HOST}:${port}`, '--db', this.files.pmsDb, '--control'];
    const pms = new Child({ program, args, logFile: join(folder, 'pms.log'), timers });
    this.#pms = pms;
    const ready = await pms.start();
    void pms.ended.then(() => {
      if (this.#pms === pms) onBroken(new Error(`the PMS ended by itself:\n${pms.lastWords}`));
    });
    return String(ready.url).replace(/\/$/, '');
  }

  async #startGateway(pmsUrl: string): Promise<void> {
    const { program, folder, store, rosterFile, timers, onBroken } = this.#options;
    const gateway = new GatewayProcess({
      program,
      folder,
      store,
      rosterFile,
      pmsUrl,
      timers,
      onEnd: ({ code, signal }, lastWords) =>
        onBroken(new Error(`the gateway ended by itself (${signal ?? `exit ${code}`}):\n${lastWords}`)),
    });
    this.#gateway = gateway;
    await gateway.start();
  }
}

function present<T>(part: T | null): T {
  if (part === null) throw new Error('the show has not started');
  return part;
}
