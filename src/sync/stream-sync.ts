/**
 * One stream's way to the PMS: a loop that takes one step at a time. A step reads the next entries, quarantines what is
 * damaged, and makes one round trip with a batch. All it remembers is a `StreamState`; how an answer changes it is decided
 * there, purely.
 *
 * Waiting happens in one place. News (`wake`) ends an idle wait but never a back-off; a link that is back ends a back-off
 * the PMS did not ask for; only a person (`resume`) or time ends the wait of a stream that stopped with an alarm.
 */

import { messageOf } from '../base/errors.ts';
import type { PendingPage } from '../buffer/api.ts';
import type { Stream } from '../record/types.ts';
import { breakerOf, cutShort, READY } from './backoff.ts';
import { type Batch, buildBatch } from './batch.ts';
import type { Exchange } from './exchange.ts';
import { Pause } from './pause.ts';
import { logOf, type SyncAlarm, type SyncParts } from './ports.ts';
import { exhausted, type Source, sourceOf } from './position.ts';
import { RoundTrip } from './round-trip.ts';
import {
  afterFailure,
  entryLimit,
  isStopped,
  type StateOptions,
  type StreamState,
  startState,
} from './stream-state.ts';
import { type StreamStatus, Tally } from './tally.ts';
import type { Token } from './token.ts';

export interface LoopOptions extends StateOptions {
  readonly lingerMs: number;
  readonly idlePollMs: number;
}

export class StreamSync {
  readonly stream: Stream;
  readonly #options: LoopOptions;
  readonly #parts: SyncParts;
  readonly #exchange: Exchange;
  readonly #roundTrip: RoundTrip;
  readonly #pause: Pause;
  /** Deaf to news: what it waits for is more of it. */
  readonly #linger: Pause;
  readonly #tally: Tally;
  #state: StreamState;
  #running: Promise<void> | null = null;
  #stopping = false;
  /** Set by `wake`, cleared before each read, so that no news between a read and a wait is missed. */
  #news = false;
  /** Who wants the next wait to be short. Kept for the next step, because a round trip may be under way that will fail. */
  #shorten: 'link' | 'person' | null = null;
  #quarantinedFirst: number | null = null;

  constructor(stream: Stream, options: LoopOptions, parts: SyncParts, exchange: Exchange, token: Token) {
    this.stream = stream;
    this.#options = options;
    this.#parts = parts;
    this.#exchange = exchange;
    this.#pause = new Pause(parts.timers);
    this.#linger = new Pause(parts.timers);
    this.#tally = new Tally(stream, parts.clock);
    this.#roundTrip = new RoundTrip(stream, options, parts, exchange, token, this.#tally);
    this.#state = startState(options);
  }

  start(): void {
    this.#stopping = false;
    this.#running ??= this.#run();
  }

  /** Resolves when the step under way has ended; breaking off its request is the owner's choice. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#pause.end();
    this.#linger.end();
    await this.#running;
    this.#running = null;
  }

  /** There may be something new to send. */
  wake(): void {
    this.#news = true;
    this.#pause.end();
  }

  /** The link is back: a back-off that the PMS did not ask for is over. */
  linkRestored(): void {
    this.#shorten ??= 'link';
    this.#pause.end();
  }

  /** A person has mended something: try now, whatever the reason for the wait. */
  resume(): void {
    this.#shorten = 'person';
    this.#pause.end();
  }

  status(): StreamStatus {
    const nowMs = this.#parts.clock.monotonicMs();
    const breaker = breakerOf(this.#state.retry, nowMs, this.#options);
    return this.#tally.status(this.#state, isStopped(this.#state), breaker);
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      const waitMs = await this.#safeStep();
      if (waitMs > 0 && !this.#stopping) await this.#pause.wait(waitMs);
    }
  }

  /** A step that fails (the buffer could not write) leaves everything as it was; try again later. */
  async #safeStep(): Promise<number> {
    try {
      return await this.#step();
    } catch (error) {
      this.#parts.log.error('a sync step failed', { stream: this.stream, error: messageOf(error) });
      this.#tally.fault('buffer');
      this.#quarantinedFirst = null;
      this.#state = afterFailure(this.#state, this.#timing());
      return 0;
    }
  }

  #timing() {
    return { nowMs: this.#parts.clock.monotonicMs(), options: this.#options, random: this.#parts.random };
  }

  /** Returns how long to wait before the next step, in ms; 0: go on at once. */
  async #step(): Promise<number> {
    const nowMs = this.#parts.clock.monotonicMs();
    this.#shortenWait(nowMs);
    const backOffMs = this.#state.retry.notBeforeMs - nowMs;
    if (backOffMs > 0) return backOffMs;
    this.#news = false;
    const source = sourceOf(this.#state.position, nowMs);
    const page = this.#read(source, entryLimit(this.#state, nowMs, this.#options));
    if (page.damaged.length > 0) await this.#quarantine(page.damaged);
    const batch = this.#batchOf(page, source, nowMs);
    if (batch !== null) {
      this.#tally.waiting();
      await this.#change(await this.#roundTrip.run(this.#state, batch, source));
      return 0;
    }
    if (page.damaged.length === 0) await this.#idle(source, nowMs);
    return 0;
  }

  #shortenWait(nowMs: number): void {
    const { retry } = this.#state;
    if (this.#shorten === 'link') this.#state = { ...this.#state, retry: cutShort(retry, nowMs) };
    if (this.#shorten === 'person') this.#state = { ...this.#state, retry: READY };
    this.#shorten = null;
  }

  #read(source: Source, limit: number): PendingPage {
    const { buffer } = this.#parts;
    const { byteLimit } = this.#state.window;
    if (source.read === 'from') return buffer.readFrom(this.stream, source.at, limit, byteLimit);
    return buffer.readPending(this.stream, limit, byteLimit);
  }

  async #quarantine(sequences: readonly number[]): Promise<void> {
    for (const sequence of sequences) {
      this.#parts.log.error('stored bytes no longer match their hash', { stream: this.stream, sequence });
    }
    // The same one again: the buffer did not do it, and asking without a pause would only burn processor time.
    if (sequences[0] === this.#quarantinedFirst) throw new Error('a record is still in the line after its quarantine');
    this.#quarantinedFirst = sequences[0] ?? null;
    await this.#parts.buffer.quarantine(this.stream, sequences);
  }

  #batchOf(page: PendingPage, source: Source, nowMs: number): Batch | null {
    const { buffer, checkpoint } = this.#parts;
    const below = source.read === 'pending' ? source.below : null;
    const entries = below === null ? page.entries : page.entries.filter((entry) => entry.streamSequence < below);
    const head = {
      gatewayId: buffer.gatewayId,
      epoch: buffer.epoch,
      stream: this.stream,
      checkpoint: checkpoint(logOf(this.stream)),
    };
    const limit = entryLimit(this.#state, nowMs, this.#options);
    return buildBatch(head, entries, limit, this.#state.window.byteLimit);
  }

  async #idle(source: Source, nowMs: number): Promise<void> {
    const before = this.#state.position;
    const position = exhausted(before, source);
    this.#state = { ...this.#state, position };
    if (position.cursor !== before.cursor || position.behind !== before.behind) return;
    if (position.behind === null) this.#tally.nothingWaits();
    else this.#tally.waiting();
    const untilBehindMs = position.behind === null ? Number.POSITIVE_INFINITY : position.behind.dueMs - nowMs;
    const idleMs = Math.max(0, Math.min(this.#options.idlePollMs, untilBehindMs));
    if (!this.#news && !this.#stopping) await this.#pause.wait(idleMs);
    // After idling, one record seldom comes alone: a short wait makes one batch and one commit of several.
    if (this.#news && !this.#stopping && this.#options.lingerMs > 0) await this.#linger.wait(this.#options.lingerMs);
  }

  /** The new state, with word of an alarm that began or ended. */
  async #change(next: StreamState): Promise<void> {
    const before = this.#state.alarm;
    this.#state = next;
    if (before === next.alarm) return;
    if (before !== null) await this.#tell(before, false);
    if (next.alarm !== null) await this.#tell(next.alarm, true);
  }

  async #tell(alarm: SyncAlarm, active: boolean): Promise<void> {
    const { log, events } = this.#parts;
    if (active) log.error('sync alarm', { stream: this.stream, code: alarm });
    else log.info('sync alarm over', { stream: this.stream, code: alarm });
    events.onAlarm?.(this.stream, alarm, active);
    await this.#exchange.note('sync_alarm', { stream: this.stream, alarm, active });
  }
}
