/** The gateway as a process of its own, which can be killed and comes back at the same addresses. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Timers } from '../../base/clock.ts';
import { Child, type Ending, type ProgramCommand } from './child.ts';
import { portOrAny } from './ports.ts';

export interface GatewayProcessOptions {
  readonly program: ProgramCommand;
  readonly store: string;
  /** Who may sign Schedule II records. */
  readonly rosterFile: string;
  /** Holds the configuration, the log and the data folder. */
  readonly folder: string;
  readonly pmsUrl: string;
  readonly timers: Timers;
  /** It ended without having been told to. */
  readonly onEnd: (ending: Ending, lastWords: string) => void;
}

const HOST = '127.0.0.1';
const HTTP_PORT = 8080;
const MQTT_PORT = 1883;
const STOP_LIMIT_MS = 10_000;

export class GatewayProcess {
  readonly #options: GatewayProcessOptions;
  #child: Child | null = null;
  #mqttUrl = '';
  #httpUrl = '';

  constructor(options: GatewayProcessOptions) {
    this.#options = options;
  }

  get dataDir(): string {
    return join(this.#options.folder, 'data');
  }

  get mqttUrl(): string {
    return this.#mqttUrl;
  }

  get httpUrl(): string {
    return this.#httpUrl;
  }

  /**
   * The first start: finds addresses, which stay the same from then on. Any others when the well-known ones are taken,
   * perhaps between our look and its start.
   */
  async start(): Promise<void> {
    const [mqttPort, httpPort] = [await portOrAny(HOST, MQTT_PORT), await portOrAny(HOST, HTTP_PORT)];
    try {
      await this.#startOn(mqttPort, httpPort);
    } catch (error) {
      if (mqttPort === 0 && httpPort === 0) throw error;
      await this.#startOn(0, 0);
    }
  }

  /** Starts it again after `kill`; rejects when it does not get ready, with what it said. */
  async restart(): Promise<void> {
    const config = join(this.#options.folder, 'gateway.yaml');
    writeFileSync(config, this.#configText(), { mode: 0o600 });
    const { program, folder, timers } = this.#options;
    const child = new Child({
      program,
      args: ['run', '--config', config],
      logFile: join(folder, 'gateway.log'),
      timers,
    });
    this.#child = child;
    const ready = await child.start();
    this.#mqttUrl = firstOf(ready.mqtt) ?? this.#mqttUrl;
    this.#httpUrl = firstOf(ready.http) ?? this.#httpUrl;
    void child.ended.then((ending) => {
      if (this.#child === child) this.#options.onEnd(ending, child.lastWords);
    });
  }

  /** `kill -9`: what is not on disk is gone. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    await child?.kill();
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    await child?.stop(STOP_LIMIT_MS);
  }

  abandon(): void {
    this.#child?.abandon();
  }

  async #startOn(mqttPort: number, httpPort: number): Promise<void> {
    this.#mqttUrl = `mqtt://${HOST}:${mqttPort}`;
    this.#httpUrl = `http://${HOST}:${httpPort}`;
    await this.restart();
  }

  #configText(): string {
    const { store, rosterFile, folder, pmsUrl } = this.#options;
    // JSON is YAML too. A heartbeat a second, so that an outage shows while somebody watches.
    return JSON.stringify(
      {
        gateway: { store, name: 'Demonstration Pharmacy' },
        data_dir: join(folder, 'data'),
        mqtt: { listen: [{ url: this.#mqttUrl }] },
        http: { url: this.#httpUrl },
        pms: { url: pmsUrl, heartbeat_seconds: 1 },
        schedule_two: { signature: 'optional', roster_file: rosterFile },
      },
      null,
      2,
    );
  }
}

function firstOf(list: unknown): string | null {
  if (!Array.isArray(list)) return null;
  const [first]: unknown[] = list;
  return typeof first === 'string' ? first.replace(/\/$/, '') : null;
}
