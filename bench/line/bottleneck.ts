/**
 * One direction of the line: a link of a certain speed that all connections share, and the way behind it. Whoever comes
 * first is served first (`fifo`, a plain router), or every connection in turn (`fair`, as fq_codel does).
 *
 * Times are reckoned, not measured: a timer that comes late delays a packet, but not all that follow it.
 */
import { DelayLine } from './delay-line.ts';
import type { Discipline } from './shape.ts';

interface Packet {
  /** When it was put in the queue, ms of `performance.now()`. */
  readonly atMs: number;
  readonly bytes: number;
  readonly arrive: () => void;
}

export class Bottleneck {
  readonly #bytesPerMs: number;
  readonly #oneWayMs: number;
  readonly #discipline: Discipline;
  /** Queues that hold something, next one first; a single one under `fifo`. */
  readonly #queues = new Map<unknown, Packet[]>();
  readonly #way = new DelayLine();
  #freeAtMs = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(bitsPerSecond: number, oneWayMs: number, discipline: Discipline) {
    this.#bytesPerMs = bitsPerSecond / 8000;
    this.#oneWayMs = oneWayMs;
    this.#discipline = discipline;
  }

  /** Puts a packet of the connection `owner` in; `arrive` is called when it has come through. */
  put(owner: unknown, bytes: number, arrive: () => void): void {
    const key = this.#discipline === 'fifo' ? this : owner;
    const queue = this.#queues.get(key);
    const packet = { atMs: performance.now(), bytes, arrive };
    if (queue === undefined) this.#queues.set(key, [packet]);
    else queue.push(packet);
    if (this.#timer === null) this.#serve();
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#queues.clear();
    this.#way.stop();
  }

  #serve(): void {
    const nowMs = performance.now();
    this.#timer = null;
    while (this.#queues.size > 0) {
      if (this.#freeAtMs > nowMs) {
        this.#timer = setTimeout(() => this.#serve(), this.#freeAtMs - nowMs);
        return;
      }
      const packet = this.#next();
      if (packet === undefined) return;
      this.#freeAtMs = Math.max(this.#freeAtMs, packet.atMs) + packet.bytes / this.#bytesPerMs;
      this.#way.push(this.#freeAtMs + this.#oneWayMs, packet.arrive);
    }
  }

  #next(): Packet | undefined {
    const [first] = this.#queues;
    if (first === undefined) return undefined;
    const [key, queue] = first;
    const packet = queue.shift();
    // Its owner goes to the end of the row; under `fifo` there is but one row.
    this.#queues.delete(key);
    if (queue.length > 0) this.#queues.set(key, queue);
    return packet;
  }
}
