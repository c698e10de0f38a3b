/**
 * Tells the trail how many publishes were answered `duplicate`: nothing else would, because a duplicate changes nothing. By
 * lane, each hour and at the end; if the power goes, what was counted since is gone.
 */
import type { Timers } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { IntakeItem, IntakeResult, RecordBuffer } from '../buffer/api.ts';

const EVERY_MS = 3_600_000;
/** Lanes beyond are told together. */
const MOST_LANES = 255;
const OTHERS = '(others)';

export class DuplicateTally {
  readonly #buffer: Pick<RecordBuffer, 'note'>;
  readonly #timers: Timers;
  readonly #log: Log;
  #lanes = new Map<string, number>();
  #cancel: () => void = () => {};

  constructor(parts: { readonly buffer: Pick<RecordBuffer, 'note'>; readonly timers: Timers; readonly log: Log }) {
    this.#buffer = parts.buffer;
    this.#timers = parts.timers;
    this.#log = parts.log;
  }

  start(): void {
    this.#cancel = this.#timers.after(EVERY_MS, () => {
      void this.#tell();
      this.start();
    });
  }

  /** What became of a group. */
  see(items: readonly IntakeItem[], results: readonly IntakeResult[]): void {
    results.forEach((result, at) => {
      if (result.status !== 'duplicate') return;
      const lane = items[at]?.lane ?? OTHERS;
      const name = this.#lanes.has(lane) || this.#lanes.size < MOST_LANES ? lane : OTHERS;
      this.#lanes.set(name, (this.#lanes.get(name) ?? 0) + 1);
    });
  }

  async stop(): Promise<void> {
    this.#cancel();
    await this.#tell();
  }

  async #tell(): Promise<void> {
    if (this.#lanes.size === 0) return;
    const lanes = [...this.#lanes].sort(([a], [b]) => (a < b ? -1 : 1));
    this.#lanes = new Map();
    try {
      await this.#buffer.note('audit', 'duplicates', { lanes });
    } catch (error) {
      this.#log.error('a trail entry could not be written', { error: messageOf(error) });
    }
  }
}
