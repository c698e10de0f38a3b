/** What an operator wants to know about a stream: figures and times, no record data. */
import type { Clock } from '../base/clock.ts';
import type { Stream } from '../record/types.ts';
import type { BreakerPosition } from './backoff.ts';
import type { SyncAlarm } from './ports.ts';
import type { StreamState } from './stream-state.ts';

export interface StreamStatus {
  readonly stream: Stream;
  /** Stopped: only single trials go out until the alarm ends. */
  readonly stopped: boolean;
  readonly alarm: SyncAlarm | null;
  readonly breaker: BreakerPosition;
  readonly failuresInRow: number;
  /** Monotonic times, null when it never happened. */
  readonly lastAttemptAtMs: number | null;
  readonly lastReceiptAtMs: number | null;
  /** Since when something waits without any receipt; null when nothing does. */
  readonly waitingSinceMs: number | null;
  readonly nextAttemptAtMs: number;
  /** Short code of the latest failure; null after a success. */
  readonly lastFault: string | null;
  readonly attemptsTotal: number;
  /** Entries with a checked verdict, markers and repeats included. */
  readonly receiptsTotal: number;
  /** Changes of state. */
  readonly settledTotal: number;
  /** Those settled on an answer that names neither key nor hash. */
  readonly unprovedTotal: number;
}

export class Tally {
  readonly #stream: Stream;
  readonly #clock: Clock;
  #lastAttemptAtMs: number | null = null;
  #lastReceiptAtMs: number | null = null;
  #waitingSinceMs: number | null = null;
  #lastFault: string | null = null;
  #attemptsTotal = 0;
  #receiptsTotal = 0;
  #settledTotal = 0;
  #unprovedTotal = 0;

  constructor(stream: Stream, clock: Clock) {
    this.#stream = stream;
    this.#clock = clock;
  }

  waiting(): void {
    this.#waitingSinceMs ??= this.#clock.monotonicMs();
  }

  nothingWaits(): void {
    this.#waitingSinceMs = null;
  }

  get isQuiet(): boolean {
    return this.#waitingSinceMs === null;
  }

  attempt(): void {
    this.#attemptsTotal += 1;
    this.#lastAttemptAtMs = this.#clock.monotonicMs();
  }

  receipt(count: number): void {
    this.#receiptsTotal += count;
    this.#lastReceiptAtMs = this.#clock.monotonicMs();
    this.#waitingSinceMs = null;
    this.#lastFault = null;
  }

  settled(count: number, unprovedCount: number): void {
    this.#settledTotal += count;
    this.#unprovedTotal += unprovedCount;
  }

  /** Whether it is another failure than the one before: only then it is worth a line in the log. */
  fault(code: string): boolean {
    const another = this.#lastFault !== code;
    this.#lastFault = code;
    return another;
  }

  status(state: StreamState, stopped: boolean, breaker: BreakerPosition): StreamStatus {
    return {
      stream: this.#stream,
      stopped,
      alarm: state.alarm,
      breaker,
      failuresInRow: state.retry.failures,
      lastAttemptAtMs: this.#lastAttemptAtMs,
      lastReceiptAtMs: this.#lastReceiptAtMs,
      waitingSinceMs: this.#waitingSinceMs,
      nextAttemptAtMs: state.retry.notBeforeMs,
      lastFault: this.#lastFault,
      attemptsTotal: this.#attemptsTotal,
      receiptsTotal: this.#receiptsTotal,
      settledTotal: this.#settledTotal,
      unprovedTotal: this.#unprovedTotal,
    };
  }
}
