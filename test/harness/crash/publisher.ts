/**
 * A lane on a bare socket: pipelines QoS 1 publishes without a library between it and the wire, so that the order and
 * the moment of every PUBACK are what the gateway really did.
 */
import { once } from 'node:events';
import { connect as openSocket, type Socket } from 'node:net';
import { connect, PacketReader, publish, type SeenPacket, subscribe, TYPE } from '../mqtt-wire.ts';
import type { TestRecord } from './records.ts';
import { parseReceipt, type World } from './world.ts';

const SUBSCRIBE_ID = 0xffff;

export interface PublisherOptions {
  readonly host: string;
  readonly port: number;
  readonly store: string;
  readonly lane: string;
  readonly world: World;
}

export class Publisher {
  readonly #options: PublisherOptions;
  readonly #socket: Socket;
  readonly #localPort: number;
  readonly #ended: Promise<void>;
  readonly #open = new Map<number, TestRecord>();
  readonly #waiting = new Set<{ done: () => boolean; resolve: () => void }>();
  #lastId = 0;
  #acknowledged = 0;
  #alive = true;

  private constructor(options: PublisherOptions, socket: Socket) {
    this.#options = options;
    this.#socket = socket;
    this.#localPort = socket.localPort ?? 0;
    this.#ended = new Promise((resolve) => socket.once('close', () => resolve()));
  }

  /** Connects, subscribes to the lane's receipts, and resolves when both are answered. Throws when refused. */
  static async open(options: PublisherOptions): Promise<Publisher> {
    const publisher = new Publisher(options, await connectFrom(options));
    await publisher.#greet();
    return publisher;
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** PUBACKs received on this connection. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Publishes sent and neither acknowledged nor deferred. */
  get outstanding(): number {
    return this.#open.size;
  }

  /** Sends records at once, one after the other; a connection that is gone swallows them, as the network would. */
  send(records: readonly TestRecord[]): void {
    const { store, lane, world } = this.#options;
    const packets = records.map((record) => {
      const id = ++this.#lastId;
      if (id >= SUBSCRIBE_ID) throw new Error('one connection has only 65,534 packet identifiers here');
      world.noteSent(record, this.#localPort, id);
      this.#open.set(id, record);
      return publish({ topic: `pos/${store}/${lane}/records`, payload: record.bytes, id });
    });
    if (this.#alive) this.#socket.write(Buffer.concat(packets));
  }

  /** Resolves when at most `left` publishes are unanswered or the connection is gone. */
  async settled(left = 0): Promise<void> {
    await this.#until(() => this.#open.size <= left);
  }

  /** Resolves when the connection is gone. */
  async ended(): Promise<void> {
    await this.#ended;
  }

  async close(): Promise<void> {
    this.#socket.destroy();
    await this.#ended;
  }

  async #greet(): Promise<void> {
    const { store, lane } = this.#options;
    let granted = false;
    const reader = new PacketReader();
    this.#socket.on('data', (chunk: Buffer) => {
      for (const packet of reader.push(chunk)) {
        if (packet.type === TYPE.suback) granted = true;
        this.#take(packet);
      }
      this.#wake();
    });
    this.#socket.on('error', () => undefined); // a killed gateway resets us; 'close' follows and says enough
    this.#socket.on('close', () => {
      this.#alive = false;
      this.#wake();
    });
    this.#socket.write(connect({ clientId: `${lane}-${this.#localPort}`, userName: lane, keepAliveSeconds: 60 }));
    this.#socket.write(subscribe(`pos/${store}/${lane}/receipts`, SUBSCRIBE_ID, 0));
    await this.#until(() => granted);
    if (!granted) throw new Error(`lane ${lane} was not let in`);
  }

  #take(packet: SeenPacket): void {
    if (packet.type === TYPE.puback) {
      const id = packet.body.readUInt16BE(0);
      const record = this.#open.get(id);
      if (record === undefined) throw new Error(`PUBACK ${id} for nothing that waits for one`);
      this.#options.world.noteAcknowledged(record.laneHash);
      this.#open.delete(id);
      this.#acknowledged += 1;
    }
    if (packet.type === TYPE.publish) this.#takeReceipt(packet.body);
  }

  #takeReceipt(body: Buffer): void {
    const topicEnd = 2 + body.readUInt16BE(0);
    if (!body.toString('utf8', 2, topicEnd).endsWith('/receipts')) return;
    const receipt = parseReceipt(body.subarray(topicEnd));
    if (receipt === null) return;
    this.#options.world.noteReceipt(receipt);
    if (receipt.status !== 'deferred') return;
    for (const [id, record] of this.#open) if (record.laneHash === receipt.laneHash) this.#open.delete(id);
  }

  async #until(done: () => boolean): Promise<void> {
    if (done() || !this.#alive) return;
    await new Promise<void>((resolve) => this.#waiting.add({ done, resolve }));
  }

  #wake(): void {
    for (const waiter of this.#waiting) {
      if (!waiter.done() && this.#alive) continue;
      this.#waiting.delete(waiter);
      waiter.resolve();
    }
  }
}

/** A connection from a local port that no earlier one of this world had: acknowledgements are told apart by it. */
async function connectFrom({ host, port, world }: PublisherOptions): Promise<Socket> {
  for (;;) {
    const socket = openSocket({ host, port, noDelay: true });
    await once(socket, 'connect');
    if (!world.isLane(socket.localPort ?? 0)) return socket;
    socket.destroy();
  }
}
