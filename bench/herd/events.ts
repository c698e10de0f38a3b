/** Simulated time: tasks run in order of their moment, those of one moment in the order they were put in. */
interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly task: () => void;
}

export class Events {
  /** A binary heap, earliest event first. */
  readonly #heap: Event[] = [];
  #nowMs = 0;
  #order = 0;

  get nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, task: () => void): void {
    this.#order += 1;
    this.#heap.push({ atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order, task });
    this.#up(this.#heap.length - 1);
  }

  /** Runs until nothing is left, `untilMs` is reached, or `isOver` says so. */
  run(untilMs: number, isOver: () => boolean): void {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined || first.atMs > untilMs || isOver()) return;
      this.#removeFirst();
      this.#nowMs = first.atMs;
      first.task();
    }
  }

  #removeFirst(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    let at = 0;
    for (;;) {
      let least = at;
      if (this.#isBefore(2 * at + 1, least)) least = 2 * at + 1;
      if (this.#isBefore(2 * at + 2, least)) least = 2 * at + 2;
      if (least === at) return;
      this.#swap(at, least);
      at = least;
    }
  }

  #up(from: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #isBefore(a: number, b: number): boolean {
    const [one, other] = [this.#heap[a], this.#heap[b]];
    if (one === undefined || other === undefined) return false;
    return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
  }

  #swap(a: number, b: number): void {
    const [one, other] = [this.#heap[a], this.#heap[b]];
    if (one === undefined || other === undefined) return;
    this.#heap[a] = other;
    this.#heap[b] = one;
  }
}
