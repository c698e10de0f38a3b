/**
 * Records whose number the PMS has used up though it does not know them: an answer was lost at the wrong moment, or its
 * books are not what it says. They can never be delivered, because a number is given once. One or two of them, unknown
 * at every look-up for a while, are set aside for a person; three or more at once say something about the PMS and
 * nothing about the records, and then the alarm stays until somebody has looked. In memory only: a restart counts anew.
 */

interface Stray {
  times: number;
  readonly sinceMs: number;
}

/** As often as a failure must be seen before it counts as proof elsewhere (`suspect.ts`). */
const TIMES = 6;
const MOST_AT_ONCE = 2;

export class Strays {
  readonly #afterMs: number;
  readonly #seen = new Map<number, Stray>();

  /** `afterMs`: how long a record must have been unknown. */
  constructor(afterMs: number) {
    this.#afterMs = afterMs;
  }

  /** The PMS was asked and does not know these; gives those that are given up now. */
  unknown(sequences: readonly number[], nowMs: number): number[] {
    for (const sequence of [...this.#seen.keys()]) if (!sequences.includes(sequence)) this.#seen.delete(sequence);
    for (const sequence of sequences) {
      const stray = this.#seen.get(sequence);
      if (stray === undefined) this.#seen.set(sequence, { times: 1, sinceMs: nowMs });
      else stray.times += 1;
    }
    if (sequences.length > MOST_AT_ONCE) return [];
    return sequences.filter((sequence) => {
      const stray = this.#seen.get(sequence);
      return stray !== undefined && stray.times >= TIMES && nowMs - stray.sinceMs >= this.#afterMs;
    });
  }
}
