/**
 * A real broker under the test's control: it can hold PUBACKs back, defer, drop every connection, close its port and
 * come back on the same one, and speak as the gateway does (receipts, status).
 */
import { hash } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { Aedes } from 'aedes';
import type { Receipt, Status } from '../../src/record/lane-wire.ts';
import { Journal } from './journal.ts';

export const STORE = '0042';
export const LANE = 'lane-1';
export const EPOCH = 'aaaaaaaa';

export interface Arrival {
  /** Counts CONNECTs from 1. */
  readonly connection: number;
  readonly topic: string;
  readonly bytes: Buffer;
  readonly record: Readonly<Record<string, unknown>>;
  /** MQTT's own resend mark: must never be seen, the outbox alone decides what goes out again. */
  readonly dup: boolean;
  /** Lets the PUBACK go. */
  readonly puback: () => void;
  /** Ends the publish inside the broker without a PUBACK, as the gateway's storage breaker does. */
  readonly defer: () => void;
}

export class Broker {
  /** Every publish of a lane in order of arrival. */
  readonly arrivals = new Journal<Arrival>('publishes');
  /** Subscriptions, each with its topics. */
  readonly subscriptions = new Journal<readonly string[]>('subscriptions');
  readonly closings = new Journal<string>('closed connections');
  pubacks: 'at once' | 'withheld' = 'at once';
  #broker = new Aedes();
  #server: Server = createServer();
  #port = 0;
  #connections = 0;
  readonly #sockets = new Set<Socket>();

  async start(): Promise<void> {
    this.#broker = new Aedes();
    await this.#broker.listen();
    const numbers = new Map<string, number>();
    this.#broker.on('client', (client) => {
      this.#connections += 1;
      numbers.set(client.id, this.#connections);
    });
    this.#broker.on('subscribe', (subscriptions) => this.subscriptions.add(subscriptions.map(({ topic }) => topic)));
    this.#broker.on('clientDisconnect', (client) => this.closings.add(client.id));
    this.#broker.authorizePublish = (client, packet, done) => {
      const bytes = Buffer.from(packet.payload);
      this.#arrive({
        connection: numbers.get(client?.id ?? '') ?? 0,
        topic: packet.topic,
        bytes,
        record: parse(bytes),
        dup: packet.dup,
        puback: () => done(null),
        defer: () => {
          packet.qos = 0;
          done(null);
        },
      });
    };
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      this.#broker.handle(socket);
    });
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.#port}`;
  }

  dropConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.dropConnections();
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
    await new Promise<void>((resolve) => this.#broker.close(resolve));
  }

  /** Sends the receipt for an arrival to its lane. */
  async receipt(arrival: Arrival, more: Partial<Receipt> = {}): Promise<void> {
    await this.say(arrival.topic.replace(/records$/, 'receipts'), { ...receiptFor(arrival.bytes), ...more }, false);
  }

  /** Publishes the retained status. */
  async status(more: Partial<Status> = {}): Promise<void> {
    await this.say(`pos/${STORE}/status`, { ...STATUS, ...more }, true);
  }

  async say(topic: string, message: unknown, retain: boolean): Promise<void> {
    const payload = typeof message === 'string' ? message : JSON.stringify(message);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#broker.publish({ cmd: 'publish', topic, payload, qos: 1, retain, dup: false }, (error) =>
      error ? reject(error) : resolve(),
    );
    await promise;
  }

  #arrive(arrival: Arrival): void {
    this.arrivals.add(arrival);
    if (this.pubacks === 'at once') arrival.puback();
  }
}

const STATUS: Status = {
  gateway_id: 'gw-0042',
  epoch: EPOCH,
  mode: 'NORMAL',
  link: 'ONLINE',
  storage: 'CLOSED',
  checkpoint: null,
  gateway_time_utc: '2026-11-22T09:00:00.000Z',
  clock: 'synchronised',
  clock_offset_ms: 4,
  clock_uncertainty_ms: 20,
  since: '2026-11-22T08:00:00.000Z',
};

/** An `accepted` receipt for bytes in RFC 8785 form. */
export function receiptFor(bytes: Buffer, more: Partial<Receipt> = {}): Receipt {
  const key = parse(bytes).idempotency_key;
  return {
    idempotency_key: typeof key === 'string' ? key : null,
    status: 'accepted',
    state: 'PENDING',
    epoch: EPOCH,
    sequence: 1,
    sequence_id: `gw-0042-${EPOCH}-000000000001`,
    lane_hash: hash('sha256', bytes, 'hex'),
    payload_hash: hash('sha256', bytes, 'hex'),
    received_at_utc: '2026-11-22T09:00:00.000Z',
    flags: [],
    reasons: [],
    trail: { log: 'audit', index: 1, leaf: '', checkpoint: null },
    ...more,
  };
}

function parse(bytes: Buffer): Record<string, unknown> {
  try {
    return JSON.parse(bytes.toString('utf8')) as Record<string, unknown>;
  } catch {
    return {};
  }
}
