/**
 * The history of figures: looks every few seconds, keeps a row a minute for a day and one per half hour for a month.
 * `{data_dir}/history/` has one file for each, 192 KiB together; two small writes a minute.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Timers } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { Ring } from './ring.ts';
import { type Figures, merge } from './row.ts';

export const MINUTE_MS = 60_000;
export const HALF_HOUR_MS = 30 * MINUTE_MS;
/** An hour more than a day, and a day more than 31: a chart's first figure is not overwritten while it is read. */
const MINUTES = { periodMs: MINUTE_MS, places: 25 * 60 } as const;
const HALF_HOURS = { periodMs: HALF_HOUR_MS, places: 32 * 48 } as const;
const LOOK_EVERY_MS = 5000;
const MINUTES_PER_HALF_HOUR = HALF_HOUR_MS / MINUTE_MS;

export interface HistoryParts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  /** Figures of the moment; `seconds` is how long ago the last look was. */
  readonly look: (seconds: number) => Figures;
}

export class History {
  readonly #parts: HistoryParts;
  readonly #minutes = new Ring(MINUTES);
  readonly #halfHours = new Ring(HALF_HOURS);
  #now: { readonly minute: number; readonly figures: Figures } | null = null;
  #lookedAtMs: number | null = null;
  #cancel: () => void = () => {};
  #writing: Promise<void> = Promise.resolve();
  #failing = false;

  constructor(parts: HistoryParts) {
    this.#parts = parts;
  }

  /** Reads what earlier processes left, then begins to look. A disk that refuses is told once in the log; never rejects. */
  async start(folder: string): Promise<void> {
    await this.#try(async () => {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await this.#minutes.open(join(folder, 'minutes.ring'));
      await this.#halfHours.open(join(folder, 'half-hours.ring'));
    });
    this.#turn();
  }

  /** Writes what the present minute has so far. */
  async stop(): Promise<void> {
    this.#cancel();
    this.#flush();
    await this.#writing;
    await this.#minutes.close();
    await this.#halfHours.close();
  }

  /** Figures of each period from `fromPeriod` on, `count` of them, of a ring; the minute under way counts too. */
  read(periodMs: typeof MINUTE_MS | typeof HALF_HOUR_MS, fromPeriod: number, count: number): (Figures | null)[] {
    const ring = periodMs === MINUTE_MS ? this.#minutes : this.#halfHours;
    return Array.from({ length: count }, (_, index) => this.#figuresAt(ring, fromPeriod + index));
  }

  #figuresAt(ring: Ring, period: number): Figures | null {
    const now = this.#now;
    if (ring === this.#minutes && now?.minute === period) {
      return merge([...(stored(ring, period) ?? []), now.figures]);
    }
    return ring.get(period)?.figures ?? null;
  }

  /** One look; public for tests, which move time by hand. */
  lookNow(): void {
    const { clock, look } = this.#parts;
    const monotonicMs = clock.monotonicMs();
    const seconds = this.#lookedAtMs === null ? 0 : (monotonicMs - this.#lookedAtMs) / 1000;
    this.#lookedAtMs = monotonicMs;
    const figures = look(seconds);
    const minute = Math.floor(clock.utcMs() / MINUTE_MS);
    if (this.#now !== null && this.#now.minute !== minute) this.#flush();
    this.#now = { minute, figures: merge([...(this.#now === null ? [] : [this.#now.figures]), figures]) ?? figures };
  }

  #turn(): void {
    this.lookNow();
    this.#cancel = this.#parts.timers.after(LOOK_EVERY_MS, () => this.#turn());
  }

  #flush(): void {
    const now = this.#now;
    this.#now = null;
    if (now === null) return;
    // A restart within the minute adds to what the process before has seen of it.
    const figures = merge([...(stored(this.#minutes, now.minute) ?? []), now.figures]) ?? now.figures;
    this.#writing = this.#writing.then(() =>
      this.#try(async () => {
        await this.#minutes.put({ period: now.minute, figures });
        await this.#sumUp(Math.floor(now.minute / MINUTES_PER_HALF_HOUR));
      }),
    );
  }

  /** The half hour is made anew from its minutes each time, so nothing of it has to outlive the process. */
  async #sumUp(halfHour: number): Promise<void> {
    const first = halfHour * MINUTES_PER_HALF_HOUR;
    const parts = Array.from({ length: MINUTES_PER_HALF_HOUR }, (_, index) => this.#minutes.get(first + index));
    const figures = merge(parts.flatMap((row) => (row === null ? [] : [row.figures])));
    if (figures !== null) await this.#halfHours.put({ period: halfHour, figures });
  }

  async #try(task: () => Promise<void>): Promise<void> {
    try {
      await task();
      this.#failing = false;
    } catch (error) {
      const fault = { error: messageOf(error) };
      if (!this.#failing) this.#parts.log.warn('the charts’ history cannot be kept on disk', fault);
      this.#failing = true;
    }
  }
}

function stored(ring: Ring, period: number): [Figures] | null {
  const row = ring.get(period);
  return row === null ? null : [row.figures];
}
