/**
 * How far a till's clock is from ours, by the times of its records. A record comes some time after its sale, so one alone
 * says only that the clock is ahead by at least so much; the largest of the latest ones is the one that waited least. Exact
 * to the second in which tills write their times, and wrong as long as a till sends nothing but what it had kept.
 */
const MOST_KEPT = 32;

export class LaneClock {
  readonly #ahead: number[] = [];
  #next = 0;

  /** A record came whose time of sale was ahead of our clock by so much (negative: behind). */
  take(aheadMs: number): void {
    this.#ahead[this.#next] = aheadMs;
    this.#next = (this.#next + 1) % MOST_KEPT;
  }

  /** Positive: the till is ahead. Null before the first record. */
  get offsetMs(): number | null {
    return this.#ahead.length === 0 ? null : Math.max(...this.#ahead);
  }
}
