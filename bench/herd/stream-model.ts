/** One stream of a store: a backlog, one request under way at a time, and a client that says when the next may leave. */
import type { StreamDelivery } from '../../src/link/delivery.ts';
import { type Client, clientOf, type StreamShape } from './client.ts';
import type { PmsAnswer } from './pms-model.ts';
import type { Surroundings } from './surroundings.ts';

export interface StreamHooks {
  readonly heartbeatOk: () => boolean;
  readonly onReceipt: () => void;
  readonly onDone: () => void;
}

export class StreamModel {
  readonly #parts: Surroundings;
  readonly #client: Client;
  readonly #hooks: StreamHooks;
  #left: number;
  #inFlight = false;
  /** Counts waits; an alarm clock of an earlier one finds another number and does nothing. */
  #wait = 0;
  #waitingSinceMs: number | null = null;
  #lastAttemptAtMs: number | null = null;
  #lastReceiptAtMs: number | null = null;
  #lastFault: string | null = null;

  constructor(parts: Surroundings, records: number, shape: StreamShape, hooks: StreamHooks) {
    this.#parts = parts;
    this.#client = clientOf(parts.retry, shape, parts.random);
    this.#left = records;
    this.#hooks = hooks;
  }

  get isDone(): boolean {
    return this.#left === 0;
  }

  delivery(stream: string): StreamDelivery {
    return {
      stream,
      waitingSinceMs: this.isDone ? null : this.#waitingSinceMs,
      lastAttemptAtMs: this.#lastAttemptAtMs,
      lastReceiptAtMs: this.#lastReceiptAtMs,
      lastFault: this.#lastFault,
      stopped: false,
    };
  }

  linkRestored(): void {
    this.#client.linkRestored();
    this.step();
  }

  step(): void {
    if (this.#inFlight || this.isDone) return;
    const { events } = this.#parts;
    this.#waitingSinceMs ??= events.nowMs;
    this.#wait += 1;
    const { notBeforeMs, limit } = this.#client.next(events.nowMs);
    if (notBeforeMs > events.nowMs) {
      const wait = this.#wait;
      events.after(notBeforeMs - events.nowMs, () => {
        if (wait === this.#wait) this.step();
      });
      return;
    }
    this.#send(Math.min(limit, this.#left));
  }

  #send(records: number): void {
    const { comebackMs, events, pms, world } = this.#parts;
    this.#inFlight = true;
    this.#lastAttemptAtMs = events.nowMs;
    if (events.nowMs < comebackMs) {
      events.after(world.connectTimeoutMs, () => this.#failed(records, 0, null));
      return;
    }
    let open = true;
    const end = (task: () => void) => {
      if (!open) return;
      open = false;
      task();
    };
    events.after(world.oneWayMs + world.uploadMsPerRecord * records, () => {
      const taken = pms.take(this, records, (answer) => {
        events.after(world.oneWayMs, () => end(() => this.#take(records, answer)));
      });
      if (!taken) events.after(world.connectTimeoutMs, () => end(() => this.#failed(records, 0, null)));
    });
    events.after(world.requestTimeoutMs, () => end(() => this.#failed(records, 0, null)));
  }

  #take(records: number, answer: PmsAnswer): void {
    if (answer.kind === 'busy') {
      this.#failed(records, 503, answer.retryAfter);
      return;
    }
    const { nowMs } = this.#parts.events;
    this.#inFlight = false;
    this.#left -= records;
    this.#waitingSinceMs = nowMs;
    this.#lastReceiptAtMs = nowMs;
    this.#lastFault = null;
    this.#client.answered(this.#round(records));
    this.#hooks.onReceipt();
    if (this.isDone) this.#hooks.onDone();
    else this.step();
  }

  #failed(records: number, status: 0 | 503, retryAfter: string | null): void {
    const { comebackMs, events, onWasted } = this.#parts;
    this.#inFlight = false;
    this.#lastFault = status === 503 ? 'http_503' : 'not_connected';
    if (events.nowMs >= comebackMs) onWasted(records);
    this.#client.failed(this.#round(records), status, retryAfter);
    this.step();
  }

  #round(records: number) {
    const { nowMs } = this.#parts.events;
    const durationMs = nowMs - (this.#lastAttemptAtMs ?? nowMs);
    return { nowMs, records, durationMs, more: this.#left > records, heartbeatOk: this.#hooks.heartbeatOk() };
  }
}
