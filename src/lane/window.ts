/**
 * What one stream of a till has on the wire: at most `size` publishes without a PUBACK, in order of sale.
 *
 *   open ──no PUBACK for the oldest in 5 to 60 s──> open, everything on the wire counts as unsent again
 *   open ──deferred──> paused ──5 to 60 s──> open
 *
 * Going back to the oldest (instead of repeating only it) keeps the order at the gateway; what it had already taken is
 * answered `duplicate`. Schedule II has a window of its own, so it never waits behind standard records that are stuck.
 */
import type { Random, Timers } from '../base/clock.ts';

/** Republish after this long without PUBACK: anywhere in between (full jitter), so that tills do not fall into step. */
const REPUBLISH_MIN_MS = 5_000;
const REPUBLISH_MAX_MS = 60_000;
/** Rounds without any PUBACK after which the connection itself is taken to be the trouble. */
const SILENT_ROUNDS_BEFORE_DROP = 2;

export interface WindowOptions {
  readonly size: number;
  readonly timers: Timers;
  readonly random: Random;
  /** Time to publish again from the oldest; with `isSilent` a new connection should be tried first. */
  readonly onRepublish: (isSilent: boolean) => void;
}

export class StreamWindow {
  readonly #options: WindowOptions;
  /** Positions on the wire. A Set keeps them in the order they were sent. */
  readonly #onWire = new Set<number>();
  #isPaused = false;
  #silentRounds = 0;
  #cancelRepublish: (() => void) | null = null;

  constructor(options: WindowOptions) {
    this.#options = options;
  }

  /** How many more may be published now. */
  get room(): number {
    return this.#isPaused ? 0 : this.#options.size - this.#onWire.size;
  }

  get onWire(): number {
    return this.#onWire.size;
  }

  has(position: number): boolean {
    return this.#onWire.has(position);
  }

  sent(position: number): void {
    this.#onWire.add(position);
    if (this.#cancelRepublish === null) this.#scheduleRepublish();
  }

  /** A PUBACK or a receipt came: progress. The next oldest gets its own full time. */
  acknowledged(position: number): void {
    const [oldest] = this.#onWire;
    this.#silentRounds = 0;
    if (!this.#onWire.delete(position) || position !== oldest) return;
    this.#cancel();
    if (this.#onWire.size > 0) this.#scheduleRepublish();
  }

  /** The gateway has not taken this one: hold the stream, so that nothing overtakes it, and try again later. */
  deferred(position: number): void {
    if (!this.#onWire.has(position)) return;
    this.#onWire.clear();
    this.#isPaused = true;
    this.#cancel();
    this.#scheduleRepublish();
  }

  /** Forgets the wire: the connection is gone, or what was sent went to another buffer. */
  reset(): void {
    this.#cancel();
    this.#onWire.clear();
    this.#isPaused = false;
    this.#silentRounds = 0;
  }

  #scheduleRepublish(): void {
    const { timers, random } = this.#options;
    const delayMs = REPUBLISH_MIN_MS + random() * (REPUBLISH_MAX_MS - REPUBLISH_MIN_MS);
    this.#cancelRepublish = timers.after(delayMs, () => this.#republish());
  }

  #republish(): void {
    this.#cancelRepublish = null;
    this.#onWire.clear();
    this.#isPaused = false;
    this.#silentRounds += 1;
    this.#options.onRepublish(this.#silentRounds >= SILENT_ROUNDS_BEFORE_DROP);
  }

  #cancel(): void {
    this.#cancelRepublish?.();
    this.#cancelRepublish = null;
  }
}
