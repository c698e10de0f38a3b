/**
 * The young end of the key and fill indexes, kept in memory.
 *
 * Writing an index row with every record would dirty a random page per commit: on flash that doubles the bytes
 * written. So new keys wait here (the record rows themselves are the durable copy) and are merged into the index
 * tables in slices, in key order, inside later commits. After a crash the rows above `index_merge.record_id` are read
 * back into the tail; merging a slice twice is harmless.
 */

/** Value of a fill that has been undone (its sale was voided): the index row is to be removed. */
export const UNDONE = 0;

/**
 * A generation is frozen at `generationKeys` keys and merged at least `sliceKeys` at a time; more where commits bring more,
 * because a merge that falls behind grows without bound: in memory now, and at the next start, which reads all of it.
 */
export interface TailLimits {
  readonly generationKeys: number;
  readonly sliceKeys: number;
}

/** One generation of unmerged look-ups: 16-character latin1 hash → record_id. */
export interface Generation {
  readonly keys: Map<string, number>;
  readonly fills: Map<string, number>;
  /** Largest record_id in this generation. */
  through: number;
}

export interface MergeSlice {
  readonly keys: readonly (readonly [string, number])[];
  readonly fills: readonly (readonly [string, number])[];
  /** When set, this slice completes its generation: the index now reaches this record_id. */
  readonly reaches: number | null;
}

/** For each key a commit brought, so many are merged in the next. */
const KEYS_PER_NEW_KEY = 2;
/** Bounds what one commit has to write for the index, also after a start with a long tail. */
const MAX_SLICE_KEYS = 8192;

const newGeneration = (): Generation => ({ keys: new Map(), fills: new Map(), through: 0 });

/** Two generations: one takes new keys, one is being merged. */
export class KeyTail {
  readonly #limits: TailLimits;
  #active = newGeneration();
  #frozen: Generation | null = null;
  #frozenKeys: (readonly [string, number])[] = [];
  #frozenFills: (readonly [string, number])[] = [];
  #taken = 0;
  /** Keys that came since the last slice was merged. */
  #arrived = 0;
  #width = 0;

  constructor(limits: TailLimits) {
    this.#limits = limits;
  }

  key(hash: string): number | undefined {
    return this.#active.keys.get(hash) ?? this.#frozen?.keys.get(hash);
  }

  /** `UNDONE` when the tail knows that the fill was undone. */
  fill(hash: string): number | undefined {
    return this.#active.fills.get(hash) ?? this.#frozen?.fills.get(hash);
  }

  addKey(hash: string, recordId: number): void {
    this.#active.keys.set(hash, recordId);
    this.#active.through = Math.max(this.#active.through, recordId);
    this.#arrived += 1;
  }

  setFill(hash: string, recordId: number): void {
    this.#active.fills.set(hash, recordId);
  }

  get size(): number {
    return this.#active.keys.size + (this.#frozen?.keys.size ?? 0);
  }

  /** The next slice to merge in the coming commit, or null when none is due. Call `merged` once it is durable. */
  nextSlice(): MergeSlice | null {
    if (this.#frozen === null) {
      if (this.#active.keys.size < this.#limits.generationKeys) return null;
      this.#freeze();
    }
    const from = this.#taken;
    const keepingUp = Math.min(MAX_SLICE_KEYS, KEYS_PER_NEW_KEY * this.#arrived);
    this.#width = Math.max(this.#limits.sliceKeys, keepingUp);
    const to = from + this.#width;
    const last = to >= Math.max(this.#frozenKeys.length, this.#frozenFills.length);
    return {
      keys: this.#frozenKeys.slice(from, to),
      fills: this.#frozenFills.slice(from, to),
      reaches: last ? (this.#frozen?.through ?? 0) : null,
    };
  }

  /**
   * Freezes what there is, though it is little, so that the coming commits merge it: records are about to leave, and the
   * index must know them first. Does nothing while a generation is being merged.
   */
  freezeNow(): void {
    if (this.#frozen === null && this.#active.keys.size > 0) this.#freeze();
  }

  /** The slice last handed out has been committed. */
  merged(slice: MergeSlice): void {
    this.#taken += this.#width;
    this.#arrived = 0;
    if (slice.reaches === null) return;
    this.#frozen = null;
    this.#frozenKeys = [];
    this.#frozenFills = [];
  }

  #freeze(): void {
    const byHash = (a: readonly [string, number], b: readonly [string, number]) => (a[0] < b[0] ? -1 : 1);
    this.#frozen = this.#active;
    this.#frozenKeys = [...this.#active.keys].sort(byHash);
    this.#frozenFills = [...this.#active.fills].sort(byHash);
    this.#taken = 0;
    this.#active = newGeneration();
  }
}
