/** Waiting for something to hold, looked at whenever there is news and never by the clock. */
import { LIMIT_MS } from './program.ts';

export class Signal {
  readonly #waiters = new Set<() => void>();

  /** There is news: everybody who waits looks again. */
  ring(): void {
    for (const look of [...this.#waiters]) look();
  }

  /** Resolves when `holds` does; gives up loudly after `limitMs`. A `holds` that throws fails the wait. */
  async until(holds: () => boolean, what: () => string, limitMs = LIMIT_MS): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = () => {
      try {
        if (holds()) resolve();
      } catch (error) {
        reject(error);
      }
    };
    const limit = setTimeout(() => reject(new Error(`${what()} did not happen`)), limitMs);
    this.#waiters.add(look);
    look();
    try {
      await promise;
    } finally {
      clearTimeout(limit);
      this.#waiters.delete(look);
    }
  }
}
