/**
 * What the gateway says through the shop's broker, and how it hears another gateway. A connection of its own with a
 * client id of its own, so that receipts never stand in the way of records and a standby can listen while it does not
 * consume. Receipts wait here, up to a limit, while the broker is not reached: they are in memory only, and a lane that
 * misses one asks by sending its record again.
 */
import type { IPublishPacket } from 'mqtt-packet';
import type { Random, Timers } from '../../base/clock.ts';
import type { Closing } from './closing.ts';
import { closing } from './closing.ts';
import { Connection, type ConnectionOptions } from './connection.ts';

interface Letter {
  readonly topic: string;
  readonly payload: Buffer;
  readonly retain: boolean;
}

export interface CourierEvents {
  /** Another gateway can be heard from now on. */
  onHearing(): void;
  onDeaf(why: Closing): void;
  /** Something was published on the topic we listen to, just now (not the retained copy of it). */
  onWord(payload: Buffer): void;
}

const SUBSCRIBE_ID = 1;
const MAX_PACKET_ID = 65_535;
/** Letters without PUBACK on the wire. */
const MAX_SENT = 1000;
/** Letters that wait; beyond, the oldest is left out and counted. */
const MAX_WAITING = 20_000;
const RETRY_BASE_MS = 500;
const RETRY_CAP_MS = 30_000;
/** How long a stop waits for the PUBACKs of the last letters. */
const STOP_GRACE_MS = 2000;

export class Courier {
  readonly #options: ConnectionOptions;
  readonly #listenTo: string;
  readonly #events: CourierEvents;
  readonly #timers: Timers;
  readonly #random: Random;
  #connection: Connection | null = null;
  #isHearing = false;
  #isStopped = false;
  #failures = 0;
  #nextId = SUBSCRIBE_ID;
  #cancelRetry: () => void = () => {};
  readonly #sent = new Map<number, Letter>();
  #waiting: Letter[] = [];
  #droppedTotal = 0;
  #onEmpty: () => void = () => {};

  constructor(
    options: ConnectionOptions,
    listenTo: string,
    events: CourierEvents,
    parts: { readonly timers: Timers; readonly random: Random },
  ) {
    this.#options = options;
    this.#listenTo = listenTo;
    this.#events = events;
    this.#timers = parts.timers;
    this.#random = parts.random;
  }

  get isConnected(): boolean {
    return this.#isHearing;
  }

  /** Receipts left out since the start because too many waited. */
  get droppedTotal(): number {
    return this.#droppedTotal;
  }

  start(): void {
    this.#connection = new Connection(
      this.#options,
      {
        onOpen: () => this.#connection?.subscribe(SUBSCRIBE_ID, this.#listenTo),
        onSuback: () => {
          this.#isHearing = true;
          this.#failures = 0;
          this.#events.onHearing();
          this.#send();
        },
        onPublish: (packet) => this.#hear(packet),
        onPuback: (packetId) => {
          this.#sent.delete(packetId);
          this.#send();
        },
        onClosed: (why) => this.#closed(why),
      },
      this.#timers,
    );
  }

  /** Sends with QoS 1, now or when the broker is reached again; a letter without PUBACK is sent again. */
  post(topic: string, payload: Buffer, retain = false): void {
    this.#waiting.push({ topic, payload, retain });
    if (this.#waiting.length > MAX_WAITING) {
      this.#waiting.shift();
      this.#droppedTotal += 1;
    }
    this.#send();
  }

  /** Waits a little for the last PUBACKs, then closes. */
  async stop(): Promise<void> {
    if (this.#isHearing && this.#sent.size + this.#waiting.length > 0) {
      await new Promise<void>((resolve) => {
        const cancel = this.#timers.after(STOP_GRACE_MS, resolve);
        this.#onEmpty = () => {
          cancel();
          resolve();
        };
      });
    }
    this.#isStopped = true;
    this.#cancelRetry();
    this.#connection?.close(closing('stopped'));
  }

  #hear(packet: IPublishPacket): void {
    if (packet.qos === 1 && packet.messageId !== undefined)
      this.#connection?.send({ cmd: 'puback', messageId: packet.messageId });
    if (packet.retain) return;
    this.#events.onWord(Buffer.isBuffer(packet.payload) ? packet.payload : Buffer.from(packet.payload));
  }

  #send(): void {
    if (this.#isHearing) {
      const batch = this.#waiting.splice(0, MAX_SENT - this.#sent.size);
      this.#connection?.send(
        ...batch.map((letter) => {
          const messageId = this.#freeId();
          this.#sent.set(messageId, letter);
          return { cmd: 'publish' as const, qos: 1 as const, dup: false, messageId, ...letter };
        }),
      );
    }
    if (this.#sent.size === 0 && this.#waiting.length === 0) this.#onEmpty();
  }

  #freeId(): number {
    do this.#nextId = this.#nextId >= MAX_PACKET_ID ? SUBSCRIBE_ID + 1 : this.#nextId + 1;
    while (this.#sent.has(this.#nextId));
    return this.#nextId;
  }

  #closed(why: Closing): void {
    this.#isHearing = false;
    this.#connection = null;
    this.#waiting.unshift(...this.#sent.values());
    this.#sent.clear();
    this.#events.onDeaf(why);
    this.#onEmpty();
    if (this.#isStopped) return;
    const waitMs = this.#random() * Math.min(RETRY_CAP_MS, RETRY_BASE_MS * 2 ** Math.min(this.#failures, 30));
    this.#failures += 1;
    this.#cancelRetry = this.#timers.after(waitMs, () => this.start());
  }
}
