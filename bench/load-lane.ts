/**
 * One lane of the load: a raw TCP connection that keeps a fixed number of records unacknowledged. It does as little as
 * possible per record, since every cycle it takes is missing to the server on the same machine.
 */
import { connect, type Socket } from 'node:net';
import { FrameReader } from './frames.ts';
import type { RecordFeed, Tally } from './load-feed.ts';
import type { LoadOrder } from './model.ts';
import {
  connectPacket,
  DISCONNECT_PACKET,
  KEY_BYTES,
  type PublishTemplate,
  pubackPacket,
  publishTemplates,
  subscribePacket,
} from './packets.ts';

/** The store every bench record belongs to; the gateway under test is configured with it. */
export const BENCH_STORE = '0042';
const FIRST_LANE_SEQUENCE = 1_000_000_001;

interface Slot {
  readonly templates: readonly PublishTemplate[];
  nextTemplate: number;
  sentAtMs: number;
  /** True from the write to the acknowledgement. */
  busy: boolean;
}

export class LoadLane {
  readonly #order: LoadOrder;
  readonly #lane: string;
  readonly #feed: RecordFeed;
  readonly #tally: Tally;
  readonly #slots: Slot[];
  /** With acknowledgement by message: which slot waits for which key. */
  readonly #slotOfKey = new Map<string, Slot>();
  readonly #freed: Slot[] = [];
  readonly #onFailure: (error: Error) => void;
  #laneSequence = FIRST_LANE_SEQUENCE;
  #socket: Socket | null = null;
  #handshakeLeft = 0;
  #connected: (() => void) | null = null;

  constructor(order: LoadOrder, number: number, feed: RecordFeed, tally: Tally, onFailure: (error: Error) => void) {
    this.#order = order;
    this.#lane = `lane-${String(number).padStart(2, '0')}`;
    this.#feed = feed;
    this.#tally = tally;
    this.#onFailure = onFailure;
    const instance = crypto.randomUUID();
    const now = new Date().toISOString();
    this.#slots = Array.from({ length: order.inFlight }, (_, index) => {
      const templates = publishTemplates(`pos/${BENCH_STORE}/${this.#lane}/records`, index + 1, instance, now);
      // Lanes begin at different products, so that a group of records is mixed from the start.
      return { templates, nextTemplate: (number + index) % templates.length, sentAtMs: 0, busy: false };
    });
  }

  /** Connects and subscribes where needed; resolves when the server has agreed to all of it. */
  start(): Promise<void> {
    const { port, username, password, acknowledgement, receipts } = this.#order;
    const subscribes = receipts || acknowledgement === 'message';
    this.#handshakeLeft = subscribes ? 2 : 1;
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      const reader = new FrameReader((firstByte, body) => this.#onFrame(firstByte, body));
      this.#socket = socket;
      this.#connected = resolve;
      const fail = (error: Error): void => {
        reject(error);
        this.#onFailure(error);
      };
      socket.on('error', fail);
      socket.on('close', () => fail(new Error(`the server closed the connection of ${this.#lane}`)));
      socket.on('data', (chunk) => {
        reader.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
        if (this.#freed.length > 0) this.#publish(this.#freed.splice(0));
      });
      // A till connects as itself: client id, and name for a server that asks for one, are the lane's.
      socket.write(connectPacket(this.#lane, username, password));
      const qos = acknowledgement === 'message' ? 0 : 1;
      if (subscribes) socket.write(subscribePacket(`pos/${BENCH_STORE}/${this.#lane}/receipts`, qos));
    });
  }

  /** Fills every in-flight slot; from then on each acknowledgement sends the next record. */
  begin(): void {
    this.#publish(this.#slots);
  }

  get idle(): boolean {
    return this.#slots.every((slot) => !slot.busy);
  }

  stop(): void {
    const socket = this.#socket;
    if (socket === null) return;
    socket.removeAllListeners('close');
    socket.end(DISCONNECT_PACKET);
  }

  #publish(slots: readonly Slot[]): void {
    const socket = this.#socket;
    if (socket === null || this.#feed.closed) return;
    const nowMs = performance.now();
    socket.cork();
    for (const slot of slots) {
      if (this.#feed.closed) break;
      const template = slot.templates[slot.nextTemplate];
      if (template === undefined) throw new Error('a slot has a template for every product');
      slot.nextTemplate = (slot.nextTemplate + 1) % slot.templates.length;
      this.#feed.fill(template, this.#laneSequence);
      this.#laneSequence += 1;
      slot.sentAtMs = nowMs;
      slot.busy = true;
      if (this.#order.acknowledgement === 'message') this.#slotOfKey.set(keyOf(template), slot);
      socket.write(template.packet);
    }
    socket.uncork();
  }

  #onFrame(firstByte: number, body: Buffer): void {
    const type = firstByte >> 4;
    if (type === 4) this.#onPuback(body);
    else if (type === 3) this.#onMessage(firstByte, body);
    else if (type === 2 || type === 9) this.#onAgreed(type, body);
  }

  #onAgreed(type: number, body: Buffer): void {
    const code = body[type === 2 ? 1 : 2] ?? 0x80;
    if (code !== 0 && code !== 1)
      throw new Error(`the server refused the ${type === 2 ? 'connection' : 'subscription'}`);
    this.#handshakeLeft -= 1;
    if (this.#handshakeLeft === 0) this.#connected?.();
  }

  #onPuback(body: Buffer): void {
    if (this.#order.acknowledgement === 'message') return;
    const slot = this.#slots[body.readUInt16BE(0) - 1];
    if (slot !== undefined) this.#settle(slot);
  }

  #onMessage(firstByte: number, body: Buffer): void {
    const qos = (firstByte >> 1) & 3;
    const topicEnd = 2 + body.readUInt16BE(0);
    if (qos === 1) this.#socket?.write(pubackPacket(body.readUInt16BE(topicEnd)));
    this.#tally.receiptsTotal += 1;
    if (this.#order.acknowledgement !== 'message') return;
    const { idempotency_key: key }: { idempotency_key: string } = JSON.parse(
      body.toString('latin1', topicEnd + (qos === 0 ? 0 : 2)),
    );
    const slot = this.#slotOfKey.get(key);
    this.#slotOfKey.delete(key);
    if (slot !== undefined) this.#settle(slot);
  }

  #settle(slot: Slot): void {
    if (!slot.busy) return;
    slot.busy = false;
    this.#tally.acknowledged(slot.sentAtMs, performance.now());
    this.#freed.push(slot);
  }
}

function keyOf(template: PublishTemplate): string {
  return template.packet.toString('latin1', template.keyAt, template.keyAt + KEY_BYTES);
}
