/** Every commit of intake: a full disk is told to the breaker, a success too, and the last failure is kept for health. */

import type { Clock } from '../base/clock.ts';
import { CounterfoilError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { IntakeItem, IntakeResult, RecordBuffer } from '../buffer/api.ts';
import type { Storage } from '../storage/storage.ts';

export class Commits {
  readonly #clock: Clock;
  readonly #log: Log;
  #failure: { error: CounterfoilError; atMs: number } | null = null;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  /** The failure of the last commit; null when it succeeded. */
  get failure(): { error: CounterfoilError; atMs: number } | null {
    return this.#failure;
  }

  /** @throws what {@link RecordBuffer.intake} throws; nothing of the group is kept then, but for `storage_io`. */
  async commit(buffer: RecordBuffer, storage: Storage, items: readonly IntakeItem[]): Promise<readonly IntakeResult[]> {
    try {
      const results = await buffer.intake(items);
      this.#failure = null;
      storage.committed();
      return results;
    } catch (error) {
      if (error instanceof CounterfoilError) {
        if (error.code === 'storage_full') storage.noRoom();
        this.#failure = { error, atMs: this.#clock.utcMs() };
        this.#log.error(error.message, { code: error.code, hint: error.hint });
      }
      throw error;
    }
  }
}
