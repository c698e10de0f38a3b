/** The window by local days. */
import type { Schedule, State } from '../../record/types.ts';
import type { QueueFigures } from './queue.ts';
import type { RecordListener, StandingRecord } from './standing-records.ts';
import type { Stretch } from './timeline.ts';
import type { LocalDay } from './window.ts';

export interface DayFigures {
  readonly day: string;
  /** 23 or 25 where the clock is changed; less where the window cuts the day. */
  readonly hours: number;
  readonly captured: Readonly<Partial<Record<Schedule, number>>>;
  readonly synced: number;
  readonly offline_ms: number;
  readonly down_ms: number;
  /** Most records that waited, and most age of the oldest, from the steps that begin in the day. */
  readonly depth: number;
  readonly oldest_seconds: number;
}

export class Days implements RecordListener {
  readonly #days: readonly LocalDay[];
  readonly #captured: Partial<Record<Schedule, number>>[];
  readonly #synced: number[];
  #at = 0;
  #isInWindow = false;

  constructor(days: readonly LocalDay[]) {
    this.#days = days;
    this.#captured = days.map(() => ({}));
    this.#synced = days.map(() => 0);
  }

  /** Which day what is told now belongs to. */
  turn(atMs: number, isInWindow: boolean): void {
    this.#isInWindow = isInWindow;
    if (!isInWindow) return;
    // The clock may have been set back: then it is another day again.
    while (this.#at > 0 && atMs < (this.#days[this.#at]?.fromUtcMs ?? 0)) this.#at -= 1;
    while (this.#at + 1 < this.#days.length && atMs >= (this.#days[this.#at]?.toUtcMs ?? 0)) this.#at += 1;
  }

  taken({ schedule }: StandingRecord): void {
    const captured = this.#captured[this.#at];
    if (this.#isInWindow && captured !== undefined) captured[schedule] = (captured[schedule] ?? 0) + 1;
  }

  moves(_: StandingRecord, to: State): void {
    if (this.#isInWindow && to === 'SYNCED') this.#synced[this.#at] = (this.#synced[this.#at] ?? 0) + 1;
  }

  figures(queue: QueueFigures, link: readonly Stretch<string>[], fromUtcMs: number): DayFigures[] {
    return this.#days.map((day, at) => {
      const isIn = (_: number, step: number) => {
        const begins = fromUtcMs + step * queue.step_ms;
        return begins >= day.fromUtcMs && begins < day.toUtcMs;
      };
      const depths = queue.standard.map((depth, step) => depth + (queue.schedule_two[step] ?? 0));
      return {
        day: day.day,
        hours: (day.toUtcMs - day.fromUtcMs) / 3_600_000,
        captured: this.#captured[at] ?? {},
        synced: this.#synced[at] ?? 0,
        offline_ms: overlap(link, 'OFFLINE', day),
        down_ms: overlap(link, 'down', day),
        depth: Math.max(0, ...depths.filter(isIn)),
        oldest_seconds: Math.max(0, ...queue.oldest_seconds.filter(isIn)),
      };
    });
  }
}

function overlap(stretches: readonly Stretch<string>[], value: string, day: LocalDay): number {
  return stretches
    .filter((stretch) => stretch.value === value)
    .reduce(
      (sum, { fromMs, toMs }) => sum + Math.max(0, Math.min(toMs, day.toUtcMs) - Math.max(fromMs, day.fromUtcMs)),
      0,
    );
}
