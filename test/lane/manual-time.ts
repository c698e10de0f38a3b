/** Time that moves only when a test says so. */
import type { Clock, Timers } from '../../src/base/clock.ts';

const START_UTC_MS = Date.UTC(2026, 10, 22, 9, 0, 0);

export class ManualTime implements Clock, Timers {
  #nowMs = 0;
  #tasks: { readonly dueMs: number; readonly task: () => void }[] = [];

  utcMs(): number {
    return START_UTC_MS + this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, task: () => void): () => void {
    const entry = { dueMs: this.#nowMs + delayMs, task };
    this.#tasks.push(entry);
    return () => {
      this.#tasks = this.#tasks.filter((each) => each !== entry);
    };
  }

  /** Moves time on; runs what is due, in order, also what those tasks start in turn. */
  advance(byMs: number): void {
    const untilMs = this.#nowMs + byMs;
    for (let next = this.#next(untilMs); next !== undefined; next = this.#next(untilMs)) {
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      this.#tasks = this.#tasks.filter((each) => each !== next);
      next.task();
    }
    this.#nowMs = untilMs;
  }

  /** Time passes while the process does not run: what falls due is late when it wakes up. */
  sleep(forMs: number): void {
    this.#nowMs += forMs;
  }

  /** Delays in ms after which the waiting tasks are due, shortest first. */
  get waiting(): number[] {
    return this.#tasks.map(({ dueMs }) => dueMs - this.#nowMs).sort((a, b) => a - b);
  }

  #next(untilMs: number) {
    const [first] = this.#tasks.filter(({ dueMs }) => dueMs <= untilMs).sort((a, b) => a.dueMs - b.dueMs);
    return first;
  }
}
