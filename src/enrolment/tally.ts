/** Counts what may come in floods, and says when one of them is worth an entry: the 1st, 2nd, 4th, 8th … */
export class Tally<K extends string> {
  readonly #counts = new Map<K, number>();

  /** One more of `key`; its count when it is to be told, else null. Keys come from closed lists, or are bounded by whoever calls. */
  add(key: K): number | null {
    const count = this.of(key) + 1;
    this.#counts.set(key, count);
    return Number.isInteger(Math.log2(count)) ? count : null;
  }

  of(key: K): number {
    return this.#counts.get(key) ?? 0;
  }
}
