/** A connection to the broker for measuring it: each step a promise that rejects with why the broker hung up. */
import type { IPublishPacket } from 'mqtt-packet';
import type { Timers } from '../../base/clock.ts';
import { type Closing, closing } from './closing.ts';
import { Connection, type ConnectionOptions } from './connection.ts';

/** Why a step could not be done. */
export class ProbeFailure extends Error {
  readonly closing: Closing;

  constructor(why: Closing) {
    super(why.text);
    this.closing = why;
  }
}

interface Step {
  readonly resolve: (value: number) => void;
  readonly reject: (why: ProbeFailure) => void;
}

export class ProbeSession {
  /** Publishes delivered and not acknowledged. */
  readonly received: IPublishPacket[] = [];
  readonly #timers: Timers;
  readonly #connection: Connection;
  #step: Step | null = null;
  #closed: Closing | null = null;
  #outstanding = 0;
  #onReceived: () => void = () => {};
  #sessionPresent = false;

  private constructor(options: ConnectionOptions, timers: Timers) {
    this.#timers = timers;
    this.#connection = new Connection(
      options,
      {
        onOpen: (sessionPresent) => {
          this.#sessionPresent = sessionPresent;
          this.#done(0);
        },
        onSuback: ([granted]) => this.#done(granted ?? 0),
        onPublish: (packet) => {
          this.received.push(packet);
          this.#onReceived();
        },
        onPuback: () => {
          this.#outstanding -= 1;
          if (this.#outstanding === 0) this.#done(0);
        },
        onClosed: (why) => {
          this.#closed = why;
          this.#step?.reject(new ProbeFailure(why));
        },
      },
      timers,
    );
  }

  /** Throws `ProbeFailure`, or `config_invalid` where nothing can be tried. */
  static async open(options: ConnectionOptions, timers: Timers): Promise<ProbeSession> {
    const session = new ProbeSession(options, timers);
    await session.#next(options.connectTimeoutMs);
    return session;
  }

  get sessionPresent(): boolean {
    return this.#sessionPresent;
  }

  /** Gives the quality of service that was granted. */
  async subscribe(topic: string, limitMs: number): Promise<number> {
    this.#connection.subscribe(1, topic);
    return await this.#next(limitMs);
  }

  /** Publishes `count` small messages with QoS 1; resolves when all are acknowledged. */
  async publish(topic: string, count: number, limitMs: number): Promise<void> {
    this.#outstanding = count;
    const packets = Array.from({ length: count }, (_, at) => ({
      cmd: 'publish' as const,
      topic,
      qos: 1 as const,
      dup: false,
      retain: false,
      messageId: at + 2,
      payload: Buffer.from(String(at)),
    }));
    this.#connection.send(...packets);
    await this.#next(limitMs);
  }

  /** Resolves when `count` publishes have been received, or none for `quietMs`. */
  async settle(count: number, quietMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      let cancel = () => {};
      const look = () => {
        cancel();
        if (this.received.length >= count) resolve();
        else cancel = this.#timers.after(quietMs, resolve);
      };
      this.#onReceived = look;
      look();
    });
    this.#onReceived = () => {};
  }

  /** Acknowledges what has been received, in order, and forgets it; gives how many those were. */
  acknowledge(): number {
    const packets = this.received.splice(0);
    const ids = packets.flatMap(({ messageId }) => messageId ?? []);
    this.#connection.send(...ids.map((messageId) => ({ cmd: 'puback' as const, messageId })));
    return packets.length;
  }

  close(): void {
    if (this.#closed === null) this.#connection.close(closing('stopped'));
  }

  #next(limitMs: number): Promise<number> {
    return new Promise((resolve, reject) => {
      if (this.#closed !== null) {
        reject(new ProbeFailure(this.#closed));
        return;
      }
      const cancel = this.#timers.after(limitMs, () => reject(new ProbeFailure(closing('silent'))));
      this.#step = {
        resolve(value) {
          cancel();
          resolve(value);
        },
        reject(why) {
          cancel();
          reject(why);
        },
      };
    });
  }

  #done(value: number): void {
    this.#step?.resolve(value);
  }
}
