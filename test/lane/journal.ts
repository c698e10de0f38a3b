/** Collects what happens and lets a test wait for the n-th of it; fails loudly when it never comes. */
const LIMIT_MS = 20_000;

export class Journal<T> {
  readonly #all: T[] = [];
  readonly #what: string;
  #onAdd: (() => void)[] = [];

  constructor(what: string) {
    this.#what = what;
  }

  get all(): readonly T[] {
    return this.#all;
  }

  readonly add = (item: T): void => {
    this.#all.push(item);
    for (const tell of this.#onAdd) tell();
  };

  /** Everything so far, once there are at least `count`. */
  async count(count: number): Promise<readonly T[]> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const tell = () => this.#all.length >= count && resolve();
    this.#onAdd.push(tell);
    tell();
    const limit = setTimeout(() => reject(new Error(`${this.#all.length} of ${count} ${this.#what} came`)), LIMIT_MS);
    try {
      await promise;
    } finally {
      clearTimeout(limit);
      this.#onAdd = this.#onAdd.filter((each) => each !== tell);
    }
    return [...this.#all];
  }

  /** The `count`-th (from 1), once it has come. */
  async nth(count: number): Promise<T> {
    const item = (await this.count(count))[count - 1];
    if (item === undefined) throw new Error(`no ${this.#what} number ${count}`);
    return item;
  }
}
