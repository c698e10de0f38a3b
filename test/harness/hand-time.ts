/** Time that moves only when a test says so; promises that wait for it are carried on in between. */
import type { Clock, Timers } from '../../src/base/clock.ts';

interface Task {
  readonly dueMs: number;
  readonly run: () => void;
}

export class HandTime implements Clock, Timers {
  #nowMs = 0;
  #tasks: Task[] = [];

  utcMs(): number {
    return Date.UTC(2026, 10, 22, 9, 0, 0) + this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void): () => void {
    const task = { dueMs: this.#nowMs + delayMs, run };
    this.#tasks.push(task);
    return () => {
      this.#tasks = this.#tasks.filter((each) => each !== task);
    };
  }

  /** Moves on by `byMs`; what falls due runs in order, and so does what that starts. */
  async pass(byMs: number): Promise<void> {
    const untilMs = this.#nowMs + byMs;
    await settle();
    for (let task = this.#next(untilMs); task !== undefined; task = this.#next(untilMs)) {
      this.#nowMs = Math.max(this.#nowMs, task.dueMs);
      const due = task;
      this.#tasks = this.#tasks.filter((each) => each !== due);
      due.run();
      await settle();
    }
    this.#nowMs = untilMs;
  }

  #next(untilMs: number): Task | undefined {
    return this.#tasks.filter(({ dueMs }) => dueMs <= untilMs).sort((a, b) => a.dueMs - b.dueMs)[0];
  }
}

/** Lets every promise that can go on do so. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
