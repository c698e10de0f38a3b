/**
 * What the gateway was like over the window: running or not, how the link, the mode, the storage and the clock stood. While
 * the gateway does not run, nothing of these is known, and the figures say `down` and not the word of before.
 */
import type { Told } from './bodies.ts';
import { type Bounds, type Counter, Tally } from './counter.ts';
import { type Stretch, Timeline } from './timeline.ts';

/** `[value, from_ms, to_ms]` */
export type StretchFigures = readonly [string, number, number];

export interface StateFigures {
  /** Milliseconds of the window by value. */
  readonly ms: Readonly<Record<string, number>>;
  /** How often a value began in the window. */
  readonly changes: number;
  readonly stretches: readonly StretchFigures[];
}

export interface RunningFigures {
  readonly gateway: StateFigures;
  readonly link: StateFigures;
  readonly mode: StateFigures;
  readonly storage: StateFigures;
  readonly clock: StateFigures;
  readonly starts: number;
  readonly unclean_ends: number;
  readonly boots: number;
  /** Most of the space that was in use when the breaker changed its level, in thousandths; null without a change. */
  readonly storage_peak_permille: number | null;
  /** Publishes that were not taken for want of room. */
  readonly deferred: Readonly<Record<'schedule_two' | 'controlled' | 'other', number>>;
  /** `[at_ms, by_ms]`: somebody set the wall clock. */
  readonly clock_steps: readonly (readonly [number, number])[];
  /** Largest measured distance to official time, ms; null when none was told. */
  readonly clock_offset_max_ms: number | null;
  /** Records captured, by what the clock was worth then. */
  readonly records_by_clock: Readonly<Record<string, number>>;
}

const CLOCKS = ['unknown', 'synchronised', 'unsynchronised'] as const;

export class Running implements Counter {
  readonly #gateway: Timeline<string>;
  readonly #link: Timeline<string>;
  readonly #mode: Timeline<string>;
  readonly #storage: Timeline<string>;
  readonly #clock: Timeline<string>;
  #lastMs = Number.NEGATIVE_INFINITY;
  #isUp = false;
  #starts = 0;
  #uncleanEnds = 0;
  #boots = 0;
  #peak: number | null = null;
  readonly #deferred = { schedule_two: 0, controlled: 0, other: 0 };
  readonly #steps: [number, number][] = [];
  #offsetMax: number | null = null;
  readonly #clocks = new Tally<string>();

  constructor(bounds: Bounds) {
    this.#gateway = new Timeline(bounds, 'down');
    this.#link = new Timeline(bounds, 'down');
    this.#mode = new Timeline(bounds, 'down');
    this.#storage = new Timeline(bounds, 'down');
    this.#clock = new Timeline(bounds, 'down');
  }

  see(entry: Told, isInWindow: boolean): void {
    if (entry.log === 'audit') this.#seeLife(entry, isInWindow);
    this.#seeState(entry, isInWindow);
    this.#lastMs = Math.max(entry.atMs, this.#lastMs);
  }

  /** A start, or what is written just before it, ends what was before with the last entry of that life. */
  #seeLife({ kind, atMs }: Told, isInWindow: boolean): void {
    const begins = BEGINNINGS.has(kind);
    if (begins && this.#isUp) this.#down(this.#lastMs);
    if (kind === 'stop') this.#down(atMs);
    else if (kind === 'start' || (!this.#isUp && !begins)) this.#up(atMs);
    if (!isInWindow) return;
    if (kind === 'start') this.#starts += 1;
    if (kind === 'boot') this.#boots += 1;
    if (kind === 'unclean_end') this.#uncleanEnds += 1;
  }

  #down(atMs: number): void {
    if (atMs === Number.NEGATIVE_INFINITY) return;
    this.#isUp = false;
    for (const timeline of this.#all()) timeline.set(atMs, 'down');
  }

  #up(atMs: number): void {
    this.#isUp = true;
    this.#gateway.set(atMs, 'running');
    // What a gateway assumes before it has looked.
    this.#link.set(atMs, 'DEGRADED');
    this.#mode.set(atMs, 'NORMAL');
    this.#storage.set(atMs, 'CLOSED');
    this.#clock.set(atMs, 'unknown');
  }

  #seeState(entry: Told, isInWindow: boolean): void {
    const { atMs } = entry;
    switch (entry.kind) {
      case 'link':
        this.#link.set(atMs, entry.body.to);
        return;
      case 'mode':
        this.#mode.set(atMs, entry.body.to);
        return;
      case 'breaker':
        this.#storage.set(atMs, entry.body.to);
        if (isInWindow) this.#peak = Math.max(this.#peak ?? 0, entry.body.share_permille);
        return;
      case 'deferred':
        if (isInWindow) this.#addDeferred(entry.body);
        return;
      case 'clock':
        this.#clock.set(atMs, entry.body.to);
        if (isInWindow && entry.body.offset_ms !== undefined) {
          this.#offsetMax = Math.max(this.#offsetMax ?? 0, Math.abs(entry.body.offset_ms));
        }
        return;
      case 'clock_step':
        if (isInWindow) this.#steps.push([atMs, entry.body.by_ms]);
        return;
      case 'intake':
        if (isInWindow) for (const record of entry.body.records) this.#clocks.add(CLOCKS[record[6]] ?? 'unknown');
        return;
      default:
    }
  }

  #addDeferred(told: Readonly<Record<'schedule_two' | 'controlled' | 'other', number>>): void {
    this.#deferred.schedule_two += told.schedule_two;
    this.#deferred.controlled += told.controlled;
    this.#deferred.other += told.other;
  }

  /**
   * The first entry behind the window's end: it alone can tell whether the gateway was still running then.
   * Null when there is none.
   */
  endBefore(next: Told | null): void {
    if (this.#isUp && (next === null || BEGINNINGS.has(next.kind))) this.#down(this.#lastMs);
  }

  end(): void {
    for (const timeline of this.#all()) timeline.end();
  }

  #all(): Timeline<string>[] {
    return [this.#gateway, this.#link, this.#mode, this.#storage, this.#clock];
  }

  /** When the link was not OFFLINE or the gateway was down; for charts. `end` first. */
  linkStretches(): readonly Stretch<string>[] {
    return this.#link.stretches;
  }

  figures(): RunningFigures {
    return {
      gateway: stateFigures(this.#gateway),
      link: stateFigures(this.#link),
      mode: stateFigures(this.#mode),
      storage: stateFigures(this.#storage),
      clock: stateFigures(this.#clock),
      starts: this.#starts,
      unclean_ends: this.#uncleanEnds,
      boots: this.#boots,
      storage_peak_permille: this.#peak,
      deferred: this.#deferred,
      clock_steps: this.#steps,
      clock_offset_max_ms: this.#offsetMax,
      records_by_clock: this.#clocks.figures,
    };
  }
}

/** What a start writes before and with `start`, see `noteStart` of the buffer. */
const BEGINNINGS: ReadonlySet<string> = new Set(['unclean_end', 'boot', 'update', 'configuration', 'start']);

function stateFigures(timeline: Timeline<string>): StateFigures {
  const { stretches } = timeline;
  const values = [...new Set(stretches.map(({ value }) => value))].sort();
  return {
    ms: Object.fromEntries(values.map((value) => [value, timeline.total(value)])),
    changes: Math.max(0, stretches.length - 1),
    stretches: stretches.map(({ value, fromMs, toMs }): StretchFigures => [value, fromMs, toMs]),
  };
}
