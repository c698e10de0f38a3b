/**
 * The session at the broker that holds the records: fixed client id, not clean, one subscription with QoS 1. Hands out
 * publishes as they come, as many as the broker sends, and acknowledges each when told so, in the order in which they
 * came. If the power goes, the broker delivers everything unacknowledged again, to this gateway or to its standby; what
 * was stored already is then a duplicate.
 */
import type { Clock, Timers } from '../../base/clock.ts';
import type { Gate } from '../gate.ts';
import { AckLine } from './ack-line.ts';
import { type Closing, closing } from './closing.ts';
import { Connection, type ConnectionOptions } from './connection.ts';

/** One publish the broker has handed over. */
export interface Delivery {
  readonly topic: string;
  readonly bytes: Buffer;
  /** False once the session is over: the broker delivers it again, here or elsewhere. */
  isLive(): boolean;
  /** The broker may forget it. */
  done(): void;
  /** It could not be stored: the session is given up, and the broker delivers this and everything behind it again. */
  again(): void;
}

export interface ConsumerEvents {
  onOpen(sessionPresent: boolean): void;
  onDelivery(delivery: Delivery): void;
  onClosed(why: Closing): void;
}

export interface ConsumerParts {
  readonly clock: Clock;
  readonly timers: Timers;
  /** Shut: nothing is read from the broker. */
  readonly gate: Gate;
}

const SUBSCRIBE_ID = 1;

/** One session from CONNECT to close. */
export class Consumer {
  readonly #parts: ConsumerParts;
  readonly #events: ConsumerEvents;
  readonly #line = new AckLine();
  readonly #connection: Connection;
  #isOver = false;
  #sessionPresent = false;
  #unsent: number[] = [];
  readonly #resume = () => this.#connection.resume();

  constructor(options: ConnectionOptions, filter: string, events: ConsumerEvents, parts: ConsumerParts) {
    this.#parts = parts;
    this.#events = events;
    this.#connection = new Connection(
      options,
      {
        onOpen: (sessionPresent) => {
          this.#sessionPresent = sessionPresent;
          // Always, also into a session that has it: a subscription somebody removed would starve us in silence.
          this.#connection.subscribe(SUBSCRIBE_ID, filter);
        },
        onSuback: ([granted]) => {
          // Granted 0 means "delivered at most once": a record could be lost between the broker and us.
          if (granted === 1) events.onOpen(this.#sessionPresent);
          else this.close(closing('subscription', 'QoS 1 was not granted'));
        },
        onPublish: (packet) => this.#take(packet),
        onClosed: (why) => {
          this.#isOver = true;
          parts.gate.forget(this.#resume);
          events.onClosed(why);
        },
      },
      parts.timers,
    );
  }

  get unacknowledged(): number {
    return this.#line.size;
  }

  /** Monotonic; null when nothing is unacknowledged. */
  get oldestAtMs(): number | null {
    return this.#line.oldestAtMs;
  }

  /** Reads no further; what is decided is still acknowledged. */
  pause(): void {
    this.#connection.pause();
  }

  close(why: Closing): void {
    this.#flush();
    this.#connection.close(why);
  }

  #take(packet: { topic: string; payload: string | Buffer; qos: number; messageId?: number }): void {
    if (this.#isOver) return;
    const bytes = Buffer.isBuffer(packet.payload) ? packet.payload : Buffer.from(packet.payload);
    const { messageId, topic } = packet;
    // A lane that published with QoS 0 was promised nothing, and there is nothing to acknowledge.
    const place =
      packet.qos === 0 || messageId === undefined ? null : this.#line.add(messageId, this.#parts.clock.monotonicMs());
    this.#events.onDelivery({
      topic,
      bytes,
      isLive: () => !this.#isOver,
      done: () => {
        if (place !== null && !this.#isOver) this.#acknowledge(this.#line.decide(place));
      },
      again: () => {
        if (!this.#isOver) this.close(closing('not_stored'));
      },
    });
    if (!this.#parts.gate.isOpen) {
      this.#connection.pause();
      this.#parts.gate.wait(this.#resume);
    }
  }

  /** PUBACKs of one commit group leave in one write. */
  #acknowledge(packetIds: readonly number[]): void {
    if (this.#unsent.length === 0 && packetIds.length > 0) process.nextTick(() => this.#flush());
    this.#unsent.push(...packetIds);
  }

  #flush(): void {
    const packetIds = this.#unsent;
    this.#unsent = [];
    this.#connection.send(...packetIds.map((messageId) => ({ cmd: 'puback' as const, messageId })));
  }
}
