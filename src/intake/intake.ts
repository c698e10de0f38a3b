/** The intake stage: lanes in, durable records and receipts out. Puts its parts together; `main` gives it the rest. */
import type { Socket } from 'node:net';
import type { Aedes } from 'aedes';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { SettledRecord } from '../buffer/api.ts';
import type { Status } from '../record/lane-wire.ts';
import { createBroker, publishStatus } from './broker.ts';
import { type Admission, Committer, type IntakeSink } from './committer.ts';
import type { FrameFault } from './frame-scanner.ts';
import { Gate } from './gate.ts';
import { guardSocket } from './guarded-socket.ts';
import { type IdentityPort, NO_IDENTITY } from './identity.ts';
import { Lanes, type LaneView } from './lanes.ts';
import { type Arrival, type ConnectionLimits, type ListenerOptions, Listeners } from './listeners.ts';
import { type Practice, Publishes, type PublishOptions } from './publishes.ts';
import { laterReceipt } from './receipt.ts';
import type { IntakeStage } from './stage.ts';

export interface IntakeOptions extends PublishOptions, ConnectionLimits {
  readonly listeners: readonly ListenerOptions[];
  readonly maxPacketBytes: number;
  readonly maxKeepAliveSeconds: number;
  /** Publishes and bytes taken in and not yet answered, over all lanes. */
  readonly queueLimit: number;
  readonly maxInFlightBytes: number;
}

export interface IntakeParts {
  readonly sink: IntakeSink;
  /** The storage breaker; without it everything is let in until the disk is full. */
  readonly admission?: Admission;
  /** Lanes in training and where their practice records go; without it no lane ever is. */
  readonly training?: TrainingPort;
  readonly clock: Clock;
  readonly log: Log;
  /** Called after each group that is on disk. */
  readonly onCommitted: () => void;
  /** Who is let in; without it every connection is plain and shows nothing. */
  readonly identity?: IdentityPort;
  /** What an answered record has carried back as a witness of the trail. */
  readonly onWitnessed: (lane: string, checkpoint: string) => void;
}

export interface TrainingPort {
  /** Whether the lane may practise now. */
  has(lane: string): boolean;
  /** Answers practice records as the buffer answers records, and keeps them apart from all of them. */
  readonly sink: IntakeSink;
}

const NOTHING = { isSecure: false, proof: null, certificate: null, refusal: null, address: 'unknown' } as const;

const FAULT_TEXT: Record<FrameFault, string> = {
  too_large: 'packet over intake.max_packet_bytes: a record has at most 64 KiB',
  not_mqtt: 'not MQTT: this port takes MQTT 3.1.1',
  mqtt_5: 'MQTT 5 client: set the protocol version to MQTT 3.1.1 (mosquitto_pub -V mqttv311, paho protocol=MQTTv311)',
};

export class Intake implements IntakeStage {
  readonly #options: IntakeOptions;
  readonly #log: Log;
  readonly #lanes = new Lanes();
  readonly #gate: Gate;
  readonly #committer: Committer;
  readonly #practice: Practice | null;
  readonly #publishes: Publishes;
  readonly #listeners: Listeners;
  readonly #identity: IdentityPort;
  readonly #arrivals = new WeakMap<object, Arrival & { readonly address: string }>();
  #broker: Aedes | null = null;
  #addresses: string[] = [];

  constructor(options: IntakeOptions, parts: IntakeParts) {
    this.#options = options;
    this.#log = parts.log;
    this.#identity = parts.identity ?? NO_IDENTITY;
    this.#gate = new Gate({ publishes: options.queueLimit, bytes: options.maxInFlightBytes });
    this.#committer = new Committer(parts.sink, parts.onCommitted, parts.admission);
    this.#practice = practiceOf(parts.training);
    this.#publishes = new Publishes({
      options,
      lanes: this.#lanes,
      gate: this.#gate,
      committer: this.#committer,
      practice: this.#practice,
      clock: parts.clock,
      log: parts.log,
      onWitnessed: parts.onWitnessed,
      identity: this.#identity,
    });
    const connect = (socket: Socket, arrival: Arrival) => this.#connect(socket, arrival);
    this.#listeners = new Listeners(options, connect, this.#identity, parts.log);
  }

  /** Opens the broker and its listeners; resolves when lanes can connect. */
  async start(): Promise<void> {
    this.#broker = await createBroker(
      {
        store: this.#options.store,
        connectTimeoutMs: this.#options.connectTimeoutMs,
        maxKeepAliveSeconds: this.#options.maxKeepAliveSeconds,
        identity: this.#identity,
        arrivalOf: (client) => this.#arrivals.get(client.conn) ?? NOTHING,
      },
      this.#lanes,
      this.#publishes,
      this.#log,
    );
    for (const listener of this.#options.listeners) this.#addresses.push(await this.#listeners.open(listener));
  }

  /** Stops taking publishes, lets those taken be committed and answered, then closes everything. */
  async stop(): Promise<void> {
    this.#listeners.stopListening();
    this.#gate.shut();
    await Promise.all([this.#committer.drained(), this.#practice?.committer.drained()]);
    const broker = this.#broker;
    this.#broker = null;
    if (broker !== null) await new Promise<void>((resolve) => broker.close(() => resolve()));
    await this.#listeners.close();
  }

  /** The real addresses, in the order of the configuration. */
  get addresses(): readonly string[] {
    return this.#addresses;
  }

  get isListening(): boolean {
    return this.#broker !== null && this.#addresses.length > 0;
  }

  /** Publishes taken in and not yet answered. */
  get queueDepth(): number {
    return this.#gate.publishes;
  }

  get connections(): number {
    return this.#listeners.connections;
  }

  lanes(): LaneView[] {
    return this.#lanes.views();
  }

  /** Ends every connection of a lane at once; what it has published and is not yet on disk is not acknowledged. */
  cut(lane: string): void {
    const connections = this.#lanes.cut(lane);
    if (connections > 0) this.#log.warn('the connections of a lane were ended', { lane, connections });
  }

  /** Judges the certificates of open connections again: time passes, and clocks are put right. */
  judgeAgain(): void {
    for (const session of this.#lanes.proved()) {
      const arrival = this.#arrivals.get(session.client.conn);
      if (arrival?.certificate == null) continue;
      const verdict = this.#identity.byCertificate(arrival.certificate, arrival.address);
      if (verdict.ok) session.proof = verdict.proof;
      else session.client.conn.destroy();
    }
  }

  /** Takes the listeners' certificates anew. */
  reloadTls(): void {
    this.#listeners.reload();
  }

  external(): null {
    return null;
  }

  /** Tells lanes that their records have moved on. */
  tellSettled(records: readonly SettledRecord[]): void {
    for (const record of records) {
      const receipt = laterReceipt(this.#options.source, record);
      if (receipt !== null) this.#publishes.send(record.lane, receipt);
    }
  }

  /** Lanes are not told of it, and nothing waits for it here. */
  tellQuarantined(): void {}

  /** Sets the store's retained status. */
  async tellStatus(status: Status): Promise<void> {
    if (this.#broker !== null) await publishStatus(this.#broker, this.#options.store, status);
  }

  #connect(socket: Socket, arrival: Arrival): void {
    this.#arrivals.set(socket, { ...arrival, address: socket.remoteAddress ?? 'unknown' });
    if (this.#broker === null) {
      socket.destroy();
      return;
    }
    guardSocket(socket, {
      gate: this.#gate,
      maxPacketBytes: this.#options.maxPacketBytes,
      onFault: (fault) =>
        this.#log.warn('connection refused', {
          code: fault,
          reason: FAULT_TEXT[fault],
          address: socket.remoteAddress ?? 'unknown',
        }),
    });
    this.#broker.handle(socket);
  }
}

function practiceOf(training: TrainingPort | undefined): Practice | null {
  if (training === undefined) return null;
  return { committer: new Committer(training.sink, () => {}), isOpen: (lane) => training.has(lane) };
}
