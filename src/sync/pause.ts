import type { Timers } from '../base/clock.ts';

/** One waiter that a timer or a call ends, whichever comes first. */
export class Pause {
  readonly #timers: Timers;
  #end: (() => void) | null = null;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Resolves after `delayMs` or when `end` is called. */
  wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#timers.after(delayMs, () => this.end());
      this.#end = () => {
        cancel();
        resolve();
      };
    });
  }

  /** Ends the wait that is under way; without one it does nothing. */
  end(): void {
    const end = this.#end;
    this.#end = null;
    end?.();
  }
}
