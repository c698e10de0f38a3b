/** Many durations in little memory, and what they come to. */

export interface DurationFigures {
  readonly count: number;
  /** The one in the middle, and the one that 95 of 100 are not above (nearest rank). */
  readonly median: number;
  readonly p95: number;
  readonly max: number;
}

const FIRST_ROOM = 1024;

export class Durations {
  /** Whole milliseconds. */
  #values = new Float64Array(FIRST_ROOM);
  #count = 0;

  add(ms: number): void {
    if (this.#count === this.#values.length) {
      const larger = new Float64Array(2 * this.#values.length);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#count] = Math.round(ms);
    this.#count += 1;
  }

  /** Null when there are none. */
  figures(): DurationFigures | null {
    if (this.#count === 0) return null;
    const sorted = this.#values.subarray(0, this.#count).sort();
    const rank = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
    return { count: sorted.length, median: rank(0.5), p95: rank(0.95), max: rank(1) };
  }
}
