/** What had which value from when to when, cut to a window. */

export interface Stretch<T> {
  readonly value: T;
  readonly fromMs: number;
  readonly toMs: number;
}

export class Timeline<T extends string> {
  readonly #fromMs: number;
  readonly #toMs: number;
  readonly #totals = new Map<T, number>();
  readonly #stretches: Stretch<T>[] = [];
  #value: T;
  #sinceMs: number;

  /** `initial` holds from the beginning of all time until the first `set`. */
  constructor(window: { readonly fromUtcMs: number; readonly toUtcMs: number }, initial: T) {
    this.#fromMs = window.fromUtcMs;
    this.#toMs = window.toUtcMs;
    this.#value = initial;
    this.#sinceMs = window.fromUtcMs;
  }

  get value(): T {
    return this.#value;
  }

  /** From then on. A time before the last one (the clock was set back) counts as that one. */
  set(atMs: number, value: T): void {
    if (value === this.#value) return;
    this.#close(atMs);
    this.#value = value;
  }

  /** Closes the last stretch at the window's end. */
  end(): void {
    this.#close(this.#toMs);
  }

  #close(atMs: number): void {
    const toMs = Math.min(Math.max(atMs, this.#sinceMs), this.#toMs);
    const fromMs = Math.max(this.#sinceMs, this.#fromMs);
    if (toMs > fromMs) {
      this.#totals.set(this.#value, (this.#totals.get(this.#value) ?? 0) + toMs - fromMs);
      const last = this.#stretches.at(-1);
      if (last?.value === this.#value && last.toMs === fromMs) {
        this.#stretches[this.#stretches.length - 1] = { ...last, toMs };
      } else this.#stretches.push({ value: this.#value, fromMs, toMs });
    }
    this.#sinceMs = Math.max(toMs, this.#sinceMs);
  }

  /** Milliseconds in the window with that value. */
  total(value: T): number {
    return this.#totals.get(value) ?? 0;
  }

  /** All stretches in the window, in order; `end` first. */
  get stretches(): readonly Stretch<T>[] {
    return this.#stretches;
  }
}
