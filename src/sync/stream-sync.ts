/**
 * One stream's way to the PMS: a loop that takes one step at a time. A step reads the next entries, quarantines what is
 * damaged, and makes one round trip with a batch. All it remembers is a `StreamState`; how an answer changes it is decided
 * there, purely.
 *
 * Waiting happens in one place. News (`wake`) ends an idle wait but never a back-off; a link that is back ends a back-off
 * the PMS did not ask for; only a person (`resume`) or time ends the wait of a stream that stopped with an alarm.
 */

import { messageOf } from '../base/errors.ts';
import type { Stream } from '../record/types.ts';
import { breakerOf, cutShort, READY } from './backoff.ts';
import type { Exchange } from './exchange.ts';
import { Pause } from './pause.ts';
import type { SyncAlarm, SyncParts } from './ports.ts';
import { AT_OLDEST, exhausted, type Source, sourceOf } from './position.ts';
import { Preparation } from './prepare.ts';
import { type Ahead, ReadAhead } from './read-ahead.ts';
import { type RoundOptions, RoundTrip } from './round-trip.ts';
import { Settler } from './settler.ts';
import { afterFailure, entryLimit, isStopped, onTrial, type StreamState, startState } from './stream-state.ts';
import { type StreamStatus, Tally } from './tally.ts';
import type { Token } from './token.ts';
import type { Turn } from './turn.ts';
import type { Witness } from './witness.ts';

export interface LoopOptions extends RoundOptions {
  readonly lingerMs: number;
  readonly idlePollMs: number;
  readonly startSpreadMs: number;
  readonly overlapFromBytes: number;
}

export class StreamSync {
  readonly stream: Stream;
  readonly #options: LoopOptions;
  readonly #parts: SyncParts;
  readonly #exchange: Exchange;
  readonly #turn: Turn;
  readonly #preparation: Preparation;
  readonly #ahead: ReadAhead;
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
  /** Stream number from which everything is to be sent again. */
  #goBackTo: number | null = null;

  constructor(
    stream: Stream,
    options: LoopOptions,
    parts: SyncParts,
    exchange: Exchange,
    token: Token,
    turn: Turn,
    witness: Witness,
  ) {
    this.stream = stream;
    this.#options = options;
    this.#parts = parts;
    this.#exchange = exchange;
    this.#turn = turn;
    this.#preparation = new Preparation(stream, parts, options.profile, turn, witness);
    this.#ahead = new ReadAhead(this.#preparation, exchange, parts.log, options.overlapFromBytes);
    this.#pause = new Pause(parts.timers);
    this.#linger = new Pause(parts.timers);
    this.#tally = new Tally(stream, parts.clock);
    const settler = new Settler(stream, parts, this.#tally, turn);
    this.#roundTrip = new RoundTrip({
      stream,
      options,
      sync: parts,
      exchange,
      token,
      tally: this.#tally,
      settler,
      turn,
      witness,
    });
    this.#state = startState(options);
  }

  start(): void {
    this.#stopping = false;
    if (this.#running !== null) return;
    this.#spreadStart();
    this.#running = this.#run();
  }

  /**
   * A start with a backlog waits a random while first: when a region gets its power back, thousands of stores start with
   * one. Good news of the link does not shorten it, because all of them have that at the same time too.
   */
  #spreadStart(): void {
    const { entries } = this.#parts.buffer.readPending(this.stream, 1, 1);
    const spreadMs = entries.length === 0 ? 0 : this.#parts.random() * this.#options.startSpreadMs;
    if (spreadMs === 0) return;
    const { retry } = this.#state;
    const notBeforeMs = Math.max(retry.notBeforeMs, this.#parts.clock.monotonicMs() + spreadMs);
    this.#state = { ...this.#state, retry: { ...retry, notBeforeMs, asked: true } };
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

  /** Nothing waits to be sent and no alarm is on. */
  isIdle(): boolean {
    return this.#tally.isQuiet && this.#state.alarm === null && this.#state.position.cursor === null;
  }

  /** The PMS has forgotten what it had from here on. */
  goBackTo(streamSequence: number): void {
    this.#goBackTo = streamSequence;
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
      // Who asked for a shorter wait while the step was ending finds no wait to end.
      if (waitMs > 0 && !this.#stopping && this.#shorten === null) await this.#pause.wait(waitMs);
    }
    await this.#ahead.end();
    await this.#roundTrip.booked().catch((error: unknown) => this.#complain(error));
  }

  /** A step that fails (the buffer could not write) leaves the stream where a start begins; try again later. */
  async #safeStep(): Promise<number> {
    this.#turn.enter();
    try {
      return await this.#step();
    } catch (error) {
      this.#complain(error);
      this.#quarantinedFirst = null;
      this.#ahead.drop();
      this.#state = { ...afterFailure(this.#state, this.#timing()), position: AT_OLDEST };
      return 0;
    } finally {
      this.#turn.leave();
    }
  }

  #complain(error: unknown): void {
    this.#parts.log.error('a sync step failed', { stream: this.stream, error: messageOf(error) });
    this.#tally.fault('buffer');
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
    if (this.#goBackTo !== null) {
      this.#state = { ...this.#state, position: { cursor: this.#goBackTo, behind: null } };
      this.#goBackTo = null;
      this.#ahead.drop();
    }
    const source = sourceOf(this.#state.position, nowMs);
    const { prepared, begun } = await this.#prepare(source, nowMs);
    if (prepared.damaged.length > 0) await this.#quarantine(prepared.damaged);
    if (prepared.unspeakable !== null) await this.#parts.buffer.noteGaps(this.stream, [prepared.unspeakable]);
    const { batch, more } = prepared;
    if (batch !== null) {
      this.#tally.waiting();
      if (more && batch.trial === null && this.#isCalm(nowMs)) this.#ahead.begin(batch.last + 1, this.#limits(nowMs));
      await this.#change(await this.#roundTrip.run(this.#state, { ...prepared, batch }, { source, more }, begun));
      // Nothing may stay held back over a wait.
      if (this.#state.retry.notBeforeMs > nowMs || isStopped(this.#state)) this.#ahead.drop();
      return 0;
    }
    if (prepared.damaged.length === 0 && prepared.unspeakable === null) await this.#idle(source, nowMs);
    return 0;
  }

  async #prepare(source: Source, nowMs: number): Promise<Ahead> {
    // What is pending is known only once the verdicts so far are on disk; the cursor goes by numbers.
    if (source.read === 'pending') await this.#roundTrip.booked();
    const limits = this.#limits(nowMs);
    const ahead = await this.#ahead.take(source, limits);
    if (ahead !== null) return ahead;
    const wanted = { ...limits, source, onTrial: onTrial(this.#state, nowMs, this.#options) };
    return { prepared: await this.#preparation.make(wanted), begun: null };
  }

  #limits(nowMs: number) {
    const { window, coding } = this.#state;
    return { limit: entryLimit(this.#state, nowMs, this.#options), byteLimit: window.byteLimit, coding };
  }

  /** Only then the next batch will most likely start where this one ends. */
  #isCalm(nowMs: number): boolean {
    const { window, retry, position } = this.#state;
    const searching = window.suspectUpTo !== null || position.behind !== null;
    return !searching && !isStopped(this.#state) && breakerOf(retry, nowMs, this.#options) === 'closed';
  }

  #shortenWait(nowMs: number): void {
    const { retry } = this.#state;
    if (this.#shorten === 'link') this.#state = { ...this.#state, retry: cutShort(retry, nowMs) };
    if (this.#shorten === 'person') this.#state = { ...this.#state, retry: READY };
    this.#shorten = null;
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

  async #idle(source: Source, nowMs: number): Promise<void> {
    const before = this.#state.position;
    const position = exhausted(before, source);
    this.#state = { ...this.#state, position };
    if (position.cursor !== before.cursor || position.behind !== before.behind) return;
    if (position.behind === null) this.#tally.nothingWaits();
    else this.#tally.waiting();
    const untilBehindMs = position.behind === null ? Number.POSITIVE_INFINITY : position.behind.dueMs - nowMs;
    const idleMs = Math.max(0, Math.min(this.#options.idlePollMs, untilBehindMs));
    this.#turn.leave();
    if (!this.#news && !this.#stopping) await this.#pause.wait(idleMs);
    this.#turn.enter();
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
