/**
 * Counts a window from the trail alone: one pass over both trails from their beginning, because what was open when the
 * window began was taken in long before. Only entries before the window's end count, so the same window gives the same
 * figures however far the trail has grown since (one later entry tells whether the gateway was still running).
 */
import type { TrailLog } from '../../buffer/api.ts';
import type { Schedule } from '../../record/types.ts';
import type { ReportWindow } from '../api.ts';
import { type Told, toldBy } from './bodies.ts';
import { Tally } from './counter.ts';
import { type DayFigures, Days } from './days.ts';
import { type DoubtFigures, Doubts } from './doubts.ts';
import { type IncidentFigures, Incidents } from './incidents.ts';
import { Listing, type LongList, type RowSink } from './listing.ts';
import { type PlacedEntry, readTrails } from './merged.ts';
import { People, type PeopleFigures } from './people.ts';
import { type ProofFigures, Proofs } from './proofs.ts';
import { Queue, type QueueFigures } from './queue.ts';
import { type OpenRecord, Reconciliation, type ScheduleFigures } from './reconciliation.ts';
import { Running, type RunningFigures } from './running.ts';
import type { ReadingFaults } from './segments.ts';
import { StandingRecords } from './standing-records.ts';
import { Traffic, type TrafficFigures } from './traffic.ts';
import { chartStepMs, localDays } from './window.ts';

/** Everything that is counted from the trail. Times are UTC ms. */
export interface Counted {
  readonly reconciliation: Readonly<Record<Schedule, ScheduleFigures>>;
  /** As every list here: its first rows, see `lists`. */
  readonly open: readonly OpenRecord[];
  readonly days: readonly DayFigures[];
  readonly queue: QueueFigures;
  readonly doubts: DoubtFigures;
  readonly running: RunningFigures;
  readonly traffic: TrafficFigures;
  readonly people: PeopleFigures;
  readonly proofs: ProofFigures;
  readonly incidents: readonly IncidentFigures[];
  readonly security_incidents: number;
  /** Lists that are longer than what stands here, by name; all rows of these are in `lists.jsonl`. */
  readonly lists: Readonly<Record<string, LongList>>;
  readonly reading: {
    /** Entries in the window by kind. */
    readonly kinds: Readonly<Record<string, number>>;
    readonly unreadable: number;
    readonly missing: number;
    /** Entries of kinds this program does not know, or with another body than theirs. */
    readonly not_understood: number;
    /** Steps of records that the trail does not tell the taking of. */
    readonly unknown_steps: number;
    /** Time of the newest entry before the window's end; null without one. */
    readonly newest_ms: number | null;
  };
}

/** Indexes of `intake` entries in the window, as `[first, last]` of each stretch: which records are of the window. */
export type IntakeRanges = Readonly<Record<TrailLog, readonly (readonly [number, number])[]>>;

export interface CountedWindow {
  readonly counted: Counted;
  readonly intakes: IntakeRanges;
}

/** `sink` takes the rows of long lists. @throws CounterfoilError `storage_io` when the trail cannot be read. */
export function countTrail(trailDir: string, window: ReportWindow, sink: RowSink | null = null): CountedWindow {
  const faults: ReadingFaults = { unreadable: 0, missing: 0 };
  const count = new Count(window, sink);
  for (const entry of readTrails(trailDir, faults)) count.see(entry, faults);
  return count.finish();
}

const NO_FAULTS: ReadingFaults = { unreadable: 0, missing: 0 };

class Count {
  readonly #window: ReportWindow;
  readonly #reconciliation = new Reconciliation();
  readonly #queue: Queue;
  readonly #doubts: Doubts;
  readonly #days: Days;
  readonly #standing: StandingRecords;
  readonly #running: Running;
  readonly #traffic = new Traffic();
  readonly #people = new People();
  readonly #proofs = new Proofs();
  readonly #incidents: Incidents;
  readonly #open: Listing<OpenRecord>;
  readonly #kinds = new Tally<string>();
  readonly #intakes: Record<TrailLog, [number, number][]> = { audit: [], schedule_two: [] };
  readonly #isRangeOpen = { audit: false, schedule_two: false };
  #faults: ReadingFaults = NO_FAULTS;
  #hasBegun = false;
  #notUnderstood = 0;
  #newestMs: number | null = null;
  /** First entry behind the window. */
  #next: Told | null = null;

  constructor(window: ReportWindow, sink: RowSink | null) {
    this.#window = window;
    this.#doubts = new Doubts(sink);
    this.#incidents = new Incidents(sink);
    this.#open = new Listing('open', sink);
    this.#queue = new Queue(window, chartStepMs(window));
    this.#days = new Days(localDays(window));
    this.#standing = new StandingRecords([this.#reconciliation, this.#queue, this.#doubts, this.#days]);
    this.#queue.watch(this.#standing);
    this.#running = new Running(window);
  }

  /** `faults`: what could not be read up to here. */
  see(entry: PlacedEntry, faults: ReadingFaults = NO_FAULTS): void {
    const { atMs, kind, log, index } = entry;
    if (atMs >= this.#window.toUtcMs) {
      this.#next ??= toldBy(entry);
      return;
    }
    const isInWindow = atMs >= this.#window.fromUtcMs;
    this.#faults = { ...faults };
    if (isInWindow) this.#begin();
    this.#newestMs = Math.max(this.#newestMs ?? atMs, atMs);
    this.#proofs.size(log, index, isInWindow);
    if (isInWindow) this.#kinds.add(kind);
    const told = toldBy(entry);
    if (told === null) {
      if (isInWindow) this.#notUnderstood += 1;
      return;
    }
    // Held records were taken in the same commit: they never waited for the PMS.
    if (kind !== 'hold') this.#queue.advance(atMs);
    this.#reconciliation.isInWindow = isInWindow;
    this.#doubts.isInWindow = isInWindow;
    this.#days.turn(atMs, isInWindow);
    this.#standing.see(told);
    for (const counter of [this.#doubts, this.#running, this.#traffic, this.#people, this.#proofs, this.#incidents]) {
      counter.see(told, isInWindow);
    }
    if (kind === 'intake') this.#noteIntake(log, index, isInWindow);
  }

  /** How things stand now is how the window begins. */
  #begin(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    this.#reconciliation.begin(this.#standing);
  }

  #noteIntake(log: TrailLog, index: number, isInWindow: boolean): void {
    const ranges = this.#intakes[log];
    const last = this.#isRangeOpen[log] ? ranges.at(-1) : undefined;
    this.#isRangeOpen[log] = isInWindow;
    if (!isInWindow) return;
    if (last === undefined) ranges.push([index, index]);
    else last[1] = index;
  }

  finish(): CountedWindow {
    this.#begin();
    this.#running.endBefore(this.#next);
    this.#queue.end();
    this.#running.end();
    const queue = this.#queue.figures();
    this.#reconciliation.list(this.#standing, this.#window.toUtcMs, this.#open);
    const { fromUtcMs } = this.#window;
    const counted: Counted = {
      reconciliation: this.#reconciliation.figures(this.#standing),
      open: this.#open.first,
      days: this.#days.figures(queue, this.#running.linkStretches(), fromUtcMs),
      queue,
      doubts: this.#doubts.figures(),
      running: this.#running.figures(),
      traffic: this.#traffic.figures(),
      people: this.#people.figures(),
      proofs: this.#proofs.figures(),
      incidents: this.#incidents.figures(),
      security_incidents: this.#incidents.security,
      lists: this.#longLists(),
      reading: {
        kinds: this.#kinds.figures,
        unreadable: this.#faults.unreadable,
        missing: this.#faults.missing,
        not_understood: this.#notUnderstood,
        unknown_steps: this.#standing.unknownSteps,
        newest_ms: this.#newestMs,
      },
    };
    return { counted, intakes: this.#intakes };
  }

  #longLists(): Record<string, LongList> {
    const all: [string, LongList | null][] = [
      ['open', this.#open.end()],
      ['incidents', this.#incidents.longList()],
      ...this.#doubts.longLists(),
    ];
    return Object.fromEntries(all.flatMap(([name, list]) => (list === null ? [] : [[name, list]])));
  }
}
