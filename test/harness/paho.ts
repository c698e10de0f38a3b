/** A lane written with Python's paho, as most shops would write one: see paho_lane.py for what goes to and fro. */
import { join } from 'node:path';
import { parseReceipt } from '../../src/record/lane-wire.ts';
import { type Gateway, STORE } from './gateway.ts';
import { Program } from './program.ts';
import { pahoPython } from './programs.ts';
import { ReceiptLog } from './receipts.ts';
import type { Scene } from './scene.ts';

const SCRIPT = join(import.meta.dirname, 'paho_lane.py');

export type PahoEvent =
  | { readonly on: 'connect' | 'disconnect'; readonly rc: number }
  | { readonly on: 'subscribe'; readonly granted: readonly number[] }
  | { readonly on: 'puback'; readonly n: number }
  | { readonly on: 'message'; readonly topic: string; readonly retain: boolean; readonly text: string };

export interface PahoOptions {
  readonly will?: { readonly topic: string; readonly payload: string };
  readonly version?: 'v5';
  /** Part of the client id, so that one lane can have two connections. */
  readonly purpose?: string;
}

export class PahoLane {
  readonly lane: string;
  readonly receipts = new ReceiptLog();
  readonly #program: Program;
  #published = 0;

  constructor(lane: string, program: Program) {
    this.lane = lane;
    this.#program = program;
  }

  /** Starts the script and tells it to connect; `connected` says whether the gateway let it in. */
  static start(scene: Scene, gateway: Gateway, lane: string, options: PahoOptions = {}): PahoLane {
    const { host, port } = gateway.mqtt;
    const version = options.version === undefined ? [] : [options.version];
    const args = [SCRIPT, host, String(port), `${lane}-${options.purpose ?? 'paho'}`, ...version];
    const program = Program.start(pahoPython ?? 'python3', args);
    scene.onClose(() => program.stop('SIGKILL'));
    const paho = new PahoLane(lane, program);
    program.onLine((line) => paho.#take(line));
    if (options.will !== undefined) paho.#tell({ do: 'will', ...options.will });
    paho.#tell({ do: 'connect' });
    return paho;
  }

  /** Starts, connects and reads receipts. */
  static async ready(scene: Scene, gateway: Gateway, lane: string, options: PahoOptions = {}): Promise<PahoLane> {
    const paho = PahoLane.start(scene, gateway, lane, options);
    if (!(await paho.connected())) throw new Error(`lane ${lane} was not let in`);
    await paho.subscribe(`pos/${STORE}/${lane}/receipts`);
    return paho;
  }

  get events(): PahoEvent[] {
    return this.#program.lines.flatMap((line) => parseEvent(line) ?? []);
  }

  /** Whether the gateway let the lane in; false when it answered no or closed the connection. */
  async connected(): Promise<boolean> {
    const event = await this.event(({ on }) => on === 'connect' || on === 'disconnect', 'an answer to CONNECT');
    return event.on === 'connect' && event.rc === 0;
  }

  /** The gateway's answer to a subscription: 0 to 2, or 128 for no. Null when it closed the connection instead. */
  async subscribe(topic: string): Promise<number | null> {
    const before = this.events.filter(({ on }) => on === 'subscribe').length;
    this.#tell({ do: 'subscribe', topic });
    const answers = () => this.events.filter((event) => event.on === 'subscribe').slice(before);
    await this.event((event) => event.on === 'disconnect' || answers().length > 0, 'an answer to SUBSCRIBE');
    return answers()[0]?.granted[0] ?? null;
  }

  /** Hands one publish to paho without waiting for its PUBACK; gives the number under which the PUBACK is reported. */
  publish(message: string | Uint8Array, options: { readonly topic?: string; readonly retain?: boolean } = {}): number {
    const n = this.#published++;
    const topic = options.topic ?? `pos/${STORE}/${this.lane}/records`;
    const base64 = Buffer.from(message).toString('base64');
    this.#tell({ do: 'publish', n, topic, base64, retain: options.retain ?? false });
    return n;
  }

  /** Resolves when publish `n` was acknowledged; false when the connection was closed first. */
  async acknowledged(n: number): Promise<boolean> {
    const mine = (event: PahoEvent) => event.on === 'puback' && event.n === n;
    await this.event((event) => mine(event) || event.on === 'disconnect', `PUBACK ${n}`);
    return this.events.some(mine);
  }

  /** First event, past or future, that `wanted` accepts. */
  async event(wanted: (event: PahoEvent) => boolean, what: string): Promise<PahoEvent> {
    const line = await this.#program.line((text) => {
      const event = parseEvent(text);
      return event !== undefined && wanted(event);
    }, what);
    return parseEvent(line) as PahoEvent;
  }

  async disconnect(): Promise<void> {
    this.#tell({ do: 'disconnect' });
    await this.#program.ended();
  }

  #tell(command: object): void {
    this.#program.write(`${JSON.stringify(command)}\n`);
  }

  #take(line: string): void {
    const event = parseEvent(line);
    if (event?.on !== 'message' || !event.topic.endsWith('/receipts')) return;
    const receipt = parseReceipt(Buffer.from(event.text));
    if (receipt !== null) this.receipts.take(receipt);
  }
}

function parseEvent(line: string): PahoEvent | undefined {
  return line.startsWith('{') ? (JSON.parse(line) as PahoEvent) : undefined;
}
