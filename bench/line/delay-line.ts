/** So many done tasks are kept before the list is cut: cutting at each would copy it at each. */
const FORGET_AT = 1000;

/** Tasks that fall due in the order they were put in: one timer for all of them, because a line has thousands a second. */
export class DelayLine {
  #waiting: { readonly atMs: number; readonly task: () => void }[] = [];
  #head = 0;
  #timer: NodeJS.Timeout | null = null;

  /** Runs `task` at `atMs` (of `performance.now()`), or as soon after it as timers allow; never earlier than the one before. */
  push(atMs: number, task: () => void): void {
    this.#waiting.push({ atMs, task });
    if (this.#timer === null) this.#arm();
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#waiting = [];
    this.#head = 0;
  }

  #arm(): void {
    const next = this.#waiting[this.#head];
    this.#timer = next === undefined ? null : setTimeout(() => this.#run(), Math.max(0, next.atMs - performance.now()));
  }

  #run(): void {
    const nowMs = performance.now();
    for (;;) {
      const next = this.#waiting[this.#head];
      if (next === undefined || next.atMs > nowMs) break;
      this.#head += 1;
      next.task();
    }
    if (this.#head === this.#waiting.length || this.#head > FORGET_AT) {
      this.#waiting.splice(0, this.#head);
      this.#head = 0;
    }
    this.#arm();
  }
}
