/** What needs a person, by code: told once when it begins, shown until it is over. */
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { TrailLog } from '../buffer/api.ts';
import type { TrailTrouble } from './api.ts';

export interface TroubleTexts {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

export class Troubles {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #open = new Map<string, TrailTrouble>();

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  /** Begins, or goes on with other words. */
  raise(about: TrailLog, { code, message, hint }: TroubleTexts): void {
    const key = `${about} ${code}`;
    const open = this.#open.get(key);
    const text = `trail ${about}: ${message}`;
    this.#open.set(key, { code, message: text, hint, sinceMs: open?.sinceMs ?? this.#clock.utcMs() });
    if (open === undefined) this.#log.error(text, { code, hint });
  }

  /** Is over; fine when it never began. */
  clear(about: TrailLog, codes: Iterable<string>): void {
    for (const code of codes) {
      if (this.#open.delete(`${about} ${code}`)) this.#log.info(`trail ${about}: over`, { code });
    }
  }

  /** Newest last. */
  all(): readonly TrailTrouble[] {
    return [...this.#open.values()].sort((a, b) => a.sinceMs - b.sinceMs);
  }
}
