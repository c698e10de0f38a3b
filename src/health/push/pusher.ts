/**
 * Posts a summary of health now and then, outward, because a store sits behind a router that lets nobody in. While nobody takes
 * them they are kept, hour by hour, and go out when the line is back: the present hour first, then the missed ones from the
 * oldest on. What was taken may arrive twice (the answer can be lost): gateway and time name it.
 */
import type { Clock, Random, Timers } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { type PostResult, PUSH_FAULTS, type PushFault } from './post.ts';
import type { Spool } from './spool.ts';
import type { PushBody, Summary } from './summary.ts';

export interface PushOptions {
  /** Null: nothing is pushed. */
  readonly url: string | null;
  readonly everyMs: number;
  readonly keepHours: number;
}

export interface PusherParts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  readonly spool: Spool;
  readonly about: Omit<PushBody, 'samples'>;
  readonly summary: () => Summary;
  /** Sends a body to where the settings of this moment say. */
  readonly send: (body: string, signal: AbortSignal) => Promise<PostResult>;
}

export interface PushFacts {
  readonly url: string;
  /** UTC of the last summary that was taken; null before. */
  readonly lastTakenMs: number | null;
  /** Null while summaries are taken. */
  readonly fault: { readonly code: PushFault; readonly detail: string; readonly sinceMs: number } | null;
  readonly waitingHours: number;
}

/** Each wait is off by up to so much, so that stores that lost the same line do not come back in step. */
const JITTER = 0.1;

export class Pusher {
  readonly #options: PushOptions;
  readonly #parts: PusherParts;
  #cancel: () => void = () => {};
  #turn: Promise<void> = Promise.resolve();
  readonly #stopped = new AbortController();
  #lastTakenMs: number | null = null;
  #fault: PushFacts['fault'] = null;

  constructor(options: PushOptions, parts: PusherParts) {
    this.#options = options;
    this.#parts = parts;
  }

  start(): void {
    const { random, timers } = this.#parts;
    const look = () => {
      this.#turn = this.#turn.then(() => this.#look()).catch((error: unknown) => this.#failed(error));
      const waitMs = this.#options.everyMs * (1 - JITTER + 2 * JITTER * random());
      this.#cancel = timers.after(waitMs, look);
    };
    look();
  }

  /** Resolves when the look that is under way has ended. */
  async settled(): Promise<void> {
    await this.#turn;
  }

  async stop(): Promise<void> {
    this.#cancel();
    this.#stopped.abort();
    await this.#turn;
  }

  /** Null where nothing is pushed. */
  facts(): PushFacts | null {
    const { url } = this.#options;
    if (url === null) return null;
    const waitingHours = this.#fault === null ? 0 : this.#parts.spool.hours().length;
    return { url, lastTakenMs: this.#lastTakenMs, fault: this.#fault, waitingHours };
  }

  /** The disk under what is kept: nothing that a gateway ends for. */
  #failed(error: unknown): void {
    this.#parts.log.warn('summaries of health cannot be brought out', { error: messageOf(error) });
  }

  async #look(): Promise<void> {
    if (this.#options.url === null || this.#stopped.signal.aborted) return;
    const { log, spool, summary } = this.#parts;
    const now = summary();
    try {
      spool.add(now);
      const left = spool.trim(this.#options.keepHours);
      if (left > 0) log.warn('summaries of health that nobody took are forgotten', { count: left });
    } catch (error) {
      // A full disk: what is known now still goes out.
      log.warn('a summary of health could not be kept', { error: messageOf(error) });
      await this.#send([now]);
      return;
    }
    await this.#sendAll();
  }

  async #sendAll(): Promise<void> {
    const { spool } = this.#parts;
    const hours = spool.hours();
    // The newest first: what the store needs now matters more than what it needed.
    const order = [...hours.slice(-1), ...hours.slice(0, -1)];
    for (const hour of order) {
      if (this.#stopped.signal.aborted) return;
      const samples = spool.read(hour);
      if (samples.length > 0 && !(await this.#send(samples))) return;
      spool.remove(hour);
    }
  }

  async #send(samples: readonly Summary[]): Promise<boolean> {
    const { about, clock, log, send } = this.#parts;
    const result = await send(JSON.stringify({ ...about, samples }), this.#stopped.signal);
    if (this.#stopped.signal.aborted && !result.taken) return false;
    if (result.taken) {
      if (this.#fault !== null) log.info('summaries of health are taken again', { reason: this.#fault.code });
      this.#fault = null;
      this.#lastTakenMs = clock.utcMs();
      return true;
    }
    const { code, detail } = result;
    if (this.#fault?.code !== code)
      log.warn('summaries of health are not taken', { code, error: detail, hint: PUSH_FAULTS[code] });
    this.#fault = { code, detail, sinceMs: this.#fault?.sinceMs ?? clock.utcMs() };
    return false;
  }
}
