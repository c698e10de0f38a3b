/**
 * How many records waited for the PMS, and for how long the oldest one, over time. Depth is the most in each step. The
 * oldest age is the most in each step too: it grows until that record leaves, so it is looked at just before each one
 * leaves and at the step's end.
 */
import type { State } from '../../record/types.ts';
import type { Bounds } from './counter.ts';
import type { RecordListener, StandingRecord, StandingRecords } from './standing-records.ts';

export interface QueueFigures {
  readonly step_ms: number;
  /** Most PENDING records in each step from the window's beginning on. */
  readonly standard: readonly number[];
  readonly schedule_two: readonly number[];
  /** Most age of the oldest PENDING record, whole seconds. */
  readonly oldest_seconds: readonly number[];
}

export class Queue implements RecordListener {
  readonly #bounds: Bounds;
  readonly #stepMs: number;
  readonly #standard: number[];
  readonly #two: number[];
  readonly #oldestMs: number[];
  #depth = { standard: 0, two: 0 };
  #standing: StandingRecords | null = null;
  /** Steps below this one are done. */
  #step = 0;

  constructor(bounds: Bounds, stepMs: number) {
    const steps = Math.ceil((bounds.toUtcMs - bounds.fromUtcMs) / stepMs);
    this.#bounds = bounds;
    this.#stepMs = stepMs;
    this.#standard = new Array<number>(steps).fill(0);
    this.#two = new Array<number>(steps).fill(0);
    this.#oldestMs = new Array<number>(steps).fill(0);
  }

  /** Whose records it looks at. */
  watch(standing: StandingRecords): void {
    this.#standing = standing;
  }

  /** Time has come to `atMs`, and nothing has been told yet of what happened then. Of a time before the window only depth counts. */
  advance(atMs: number): void {
    const { fromUtcMs, toUtcMs } = this.#bounds;
    if (atMs < fromUtcMs) return;
    const oldest = this.#standing?.oldestPendingMs() ?? null;
    while (this.#step < this.#standard.length) {
      const endMs = Math.min(fromUtcMs + (this.#step + 1) * this.#stepMs, toUtcMs);
      this.#note(oldest, Math.min(atMs, endMs));
      if (atMs < endMs) return;
      this.#step += 1;
    }
  }

  end(): void {
    this.advance(this.#bounds.toUtcMs);
  }

  #note(oldestMs: number | null, atMs: number): void {
    const at = this.#step;
    this.#standard[at] = Math.max(this.#standard[at] ?? 0, this.#depth.standard);
    this.#two[at] = Math.max(this.#two[at] ?? 0, this.#depth.two);
    if (oldestMs !== null) this.#oldestMs[at] = Math.max(this.#oldestMs[at] ?? 0, atMs - oldestMs);
  }

  taken(record: StandingRecord): void {
    this.#change(record, 1);
  }

  moves(record: StandingRecord, to: State): void {
    if (record.state === 'PENDING') this.#change(record, -1);
    if (to === 'PENDING') this.#change(record, 1);
  }

  #change({ schedule }: StandingRecord, by: 1 | -1): void {
    if (schedule === 'II') this.#depth.two += by;
    else this.#depth.standard += by;
  }

  figures(): QueueFigures {
    return {
      step_ms: this.#stepMs,
      standard: this.#standard,
      schedule_two: this.#two,
      oldest_seconds: this.#oldestMs.map((ms) => Math.floor(ms / 1000)),
    };
  }
}
