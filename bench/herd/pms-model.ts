/**
 * A PMS of finite strength: a front that reads requests at a certain rate, workers behind a queue, `503` when the queue is
 * full. A request that was accepted is worked on even when its sender has given up by then: it cannot know.
 */
import type { Events } from './events.ts';
import type { PmsOptions, RoomPolicy } from './model.ts';

export type PmsAnswer =
  | { readonly kind: 'ok' }
  /** `Retry-After` in whole seconds, as a header's text; null without one. */
  | { readonly kind: 'busy'; readonly retryAfter: string | null };

interface Waiting {
  readonly stream: object;
  readonly workMs: number;
  readonly answer: (answer: PmsAnswer) => void;
}

export class PmsModel {
  readonly #options: PmsOptions;
  readonly #room: RoomPolicy;
  readonly #events: Events;
  /** Moment of the come-back: seconds are counted from here. */
  readonly #zeroMs: number;
  readonly offered: number[] = [];
  readonly offeredWorkMs: number[] = [];
  readonly served: number[] = [];
  #queue: Waiting[] = [];
  #head = 0;
  #queuedWorkMs = 0;
  #busy = 0;
  /** Time the refusals have taken and no worker has given yet. */
  #refusedWorkMs = 0;
  #frontFreeAtMs = 0;
  /** Moment up to which the workers' time has been promised to those who were sent away. */
  #promisedUntilMs = 0;
  /** Streams that got through at least once, and the work done for them: what one visit costs, as far as is known. */
  readonly #known = new Set<object>();
  #servedWorkMs = 0;

  constructor(options: PmsOptions, room: RoomPolicy, events: Events, zeroMs: number) {
    this.#options = options;
    this.#room = room;
    this.#events = events;
    this.#zeroMs = zeroMs;
  }

  /** A request has arrived. False: it was not even accepted, and nobody will answer. */
  take(stream: object, records: number, answer: (answer: PmsAnswer) => void): boolean {
    const workMs = this.#options.requestMs + this.#options.recordMs * records;
    this.#count(this.offered, 1);
    this.#count(this.offeredWorkMs, workMs);
    return this.#atFront(() => this.#admit({ stream, workMs, answer }));
  }

  /** A heartbeat costs the front only. */
  ping(answer: () => void): boolean {
    return this.#atFront(answer);
  }

  #atFront(task: () => void): boolean {
    const { frontPerSecond, frontLimit } = this.#options;
    const eachMs = 1000 / frontPerSecond;
    const startMs = Math.max(this.#frontFreeAtMs, this.#events.nowMs);
    if (startMs - this.#events.nowMs > frontLimit * eachMs) return false;
    this.#frontFreeAtMs = startMs + eachMs;
    this.#events.after(this.#frontFreeAtMs - this.#events.nowMs, task);
    return true;
  }

  #admit(request: Waiting): void {
    if (this.#busy < this.#options.workers) {
      this.#work(request);
    } else if (this.#queue.length - this.#head < this.#options.queueLimit) {
      this.#queue.push(request);
      this.#queuedWorkMs += request.workMs;
    } else {
      this.#refusedWorkMs += this.#options.refusalMs;
      request.answer({ kind: 'busy', retryAfter: this.#retryAfter(request) });
    }
  }

  #work(request: Waiting): void {
    this.#busy += 1;
    // Refusals since the last request share the workers with it.
    const takenMs = Math.min(this.#refusedWorkMs, request.workMs);
    this.#refusedWorkMs -= takenMs;
    this.#events.after(request.workMs + takenMs, () => {
      this.#busy -= 1;
      this.#count(this.served, 1);
      this.#known.add(request.stream);
      this.#servedWorkMs += request.workMs;
      request.answer({ kind: 'ok' });
      const next = this.#queue[this.#head];
      if (next === undefined) return;
      this.#head += 1;
      this.#queuedWorkMs -= next.workMs;
      if (this.#head > 10_000) {
        this.#queue = this.#queue.slice(this.#head);
        this.#head = 0;
      }
      this.#work(next);
    });
  }

  /**
   * Under `rate` everybody gets a slot behind what is queued and behind everybody who got one before. A slot is as long as
   * the streams it knows have needed on average: whoever gets in goes on until it has nothing left.
   */
  #retryAfter({ workMs }: Waiting): string | null {
    if (this.#room === 'bare') return null;
    if (this.#room === 'fixed') return String(this.#options.fixedRetrySeconds);
    const { workers } = this.#options;
    const visitMs = Math.max(workMs, this.#servedWorkMs / Math.max(1, this.#known.size));
    const queueEndMs = this.#events.nowMs + this.#queuedWorkMs / workers;
    this.#promisedUntilMs = Math.max(this.#promisedUntilMs, queueEndMs) + visitMs / workers;
    return String(Math.ceil((this.#promisedUntilMs - this.#events.nowMs) / 1000));
  }

  #count(bins: number[], amount: number): void {
    const second = Math.floor((this.#events.nowMs - this.#zeroMs) / 1000);
    while (bins.length <= second) bins.push(0);
    bins[second] = (bins[second] ?? 0) + amount;
  }
}
