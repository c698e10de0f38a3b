/**
 * Where the records of each schedule came from and went: open when the window began, captured in it, ended in it, open
 * when it ended. What began and was captured is what ended and is open: nothing goes missing between two reports.
 */
import { SCHEDULES, type Schedule, type State } from '../../record/types.ts';
import type { Told } from './bodies.ts';
import { Tally } from './counter.ts';
import { type DurationFigures, Durations } from './durations.ts';
import type { Listing } from './listing.ts';
import type { RecordListener, StandingRecord, StandingRecords } from './standing-records.ts';

export interface ScheduleFigures {
  readonly open_before: number;
  readonly captured: number;
  /** How often a record came to that state in the window; a record may come to several. */
  readonly moved_to: Readonly<Record<string, number>>;
  /** Of those SYNCED: settled by an answer that named neither key nor hash. */
  readonly unproved: number;
  readonly open_after: Readonly<Record<string, number>>;
  /** Age of the oldest open record at the window's end; null when none is open. */
  readonly oldest_open_ms: number | null;
  /** From being on disk here to the PMS's checked receipt, of those SYNCED in the window. */
  readonly latency_ms: DurationFigures | null;
}

/** `[sequence, schedule, state, lane, received_ms, age_ms, payload_hash]`, in the order in which they were taken. */
export type OpenRecord = readonly [number, Schedule, State, string, number, number, string];

class ScheduleCount {
  openBefore = 0;
  captured = 0;
  readonly movedTo = new Tally<State>();
  unproved = 0;
  readonly latency = new Durations();
  oldestOpenMs: number | null = null;
}

export class Reconciliation implements RecordListener {
  readonly #counts = new Map<Schedule, ScheduleCount>(SCHEDULES.map((schedule) => [schedule, new ScheduleCount()]));
  /** Whether the entry that is being told lies in the window; set by whoever drives. */
  isInWindow = false;

  /** What is open now is what the window begins with. */
  begin(standing: StandingRecords): void {
    for (const { schedule } of standing.all()) this.#of(schedule).openBefore += 1;
  }

  taken(record: StandingRecord): void {
    if (this.isInWindow) this.#of(record.schedule).captured += 1;
  }

  moves(record: StandingRecord, to: State, { isUnproved }: { readonly isUnproved: boolean }, entry: Told): void {
    if (!this.isInWindow) return;
    const count = this.#of(record.schedule);
    count.movedTo.add(to);
    if (isUnproved) count.unproved += 1;
    if (to === 'SYNCED') count.latency.add(latencyMs(record, entry));
  }

  #of(schedule: Schedule): ScheduleCount {
    const count = this.#counts.get(schedule) ?? new ScheduleCount();
    this.#counts.set(schedule, count);
    return count;
  }

  /** Every record that is not settled, with its age at the window's end. Before `figures`. */
  list(standing: StandingRecords, atMs: number, open: Listing<OpenRecord>): void {
    for (const { sequence, schedule, state, lane, receivedMs, hash } of standing.all()) {
      const ageMs = Math.max(0, atMs - receivedMs);
      const count = this.#of(schedule);
      count.oldestOpenMs = Math.max(count.oldestOpenMs ?? 0, ageMs);
      open.add([sequence, schedule, state, lane, receivedMs, ageMs, hash]);
    }
  }

  figures(standing: StandingRecords): Record<Schedule, ScheduleFigures> {
    const open = standing.counts();
    const entries = SCHEDULES.map((schedule): [Schedule, ScheduleFigures] => {
      const { openBefore, captured, movedTo, unproved, oldestOpenMs, latency } = this.#of(schedule);
      const states = [...(open.get(schedule) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
      const figures = {
        open_before: openBefore,
        captured,
        moved_to: movedTo.figures,
        unproved,
        open_after: Object.fromEntries(states),
        oldest_open_ms: oldestOpenMs,
        latency_ms: latency.figures(),
      };
      return [schedule, figures];
    });
    return Object.fromEntries(entries) as Record<Schedule, ScheduleFigures>;
  }
}

/** On the monotonic clock within one boot; otherwise by the wall clock, and never below 0. */
function latencyMs(record: StandingRecord, entry: Told): number {
  if (record.boot === entry.boot) return Math.max(0, entry.monotonicMs - record.monotonicMs);
  return Math.max(0, entry.atMs - record.atMs);
}
