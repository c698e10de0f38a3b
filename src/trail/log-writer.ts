/**
 * The writer of one trail: takes what the buffer has fixed, a group at a time, into the segments, and tells the buffer how
 * far it has come. What arrives while a sync is under way is the next group. Between two groups there is a pause, so that
 * flash is not worn by a sync for each sale; an entry that comes after a quiet time does not wait.
 *
 * States: *idle* (nothing to do), *gathering* (until the pause is over), *writing*, *waiting* (after a fault, longer each
 * time), *halted* (its files and the buffer do not fit together; a person has to look), *ended*.
 */
import type { Clock, Timers } from '../base/clock.ts';
import type { FixedEntry, TrailLog, TrailOutbox } from '../buffer/api.ts';
import { WaitingAge } from './age.ts';
import { type Begun, type SegmentAppender, SegmentFault } from './appender.ts';
import { EntryQueue } from './entry-queue.ts';
import type { LineGroup } from './line-group.ts';

/** Waits after faults in a row; the last one stands for all further ones. */
const FAULT_WAITS_MS: readonly number[] = [100, 1_000, 5_000, 15_000, 60_000];

export interface LogWriterParts {
  readonly log: TrailLog;
  readonly outbox: TrailOutbox;
  readonly appender: SegmentAppender;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Shortest time from one group to the next. */
  readonly gatherMs: number;
  /** Entries are on disk; in order. Called before the buffer is told. */
  readonly onStored: (group: LineGroup, begun: Begun | null) => void;
  /** A segment was abandoned; `inARow` counts faults since the last success. */
  readonly onFault: (fault: SegmentFault, inARow: number) => void;
  /** Entries do not continue what is in the segments. */
  readonly onMisfit: (index: number) => void;
}

export class LogWriter {
  readonly #parts: LogWriterParts;
  readonly #queue: EntryQueue;
  readonly #age = new WaitingAge();
  #stored: number;
  #fixed: number;
  #lastLeaf: string;
  /** What could not be written: its bytes are the same at the next try. */
  #unwritten: LineGroup | null = null;
  #faults = 0;
  #lastBeganMs = Number.NEGATIVE_INFINITY;
  #halted = false;
  #ending = false;
  /** No more pauses: the process is about to end. */
  #hurried = false;
  #wake: () => void = () => {};
  #running: Promise<void> | null = null;
  #waiters: { readonly size: number; readonly resolve: (reached: boolean) => void }[] = [];

  /** `stored` entries are in the segments, the last with leaf `lastLeaf` (base64); `fixed` are in the buffer. */
  constructor(
    parts: LogWriterParts,
    at: { readonly stored: number; readonly lastLeaf: string; readonly fixed: number },
  ) {
    this.#parts = parts;
    this.#queue = new EntryQueue(parts.outbox, parts.log);
    this.#stored = at.stored;
    this.#lastLeaf = at.lastLeaf;
    this.#fixed = Math.max(at.fixed, at.stored);
    if (this.#fixed > this.#stored) this.#age.fixed(this.#fixed, parts.clock.monotonicMs());
  }

  get stored(): number {
    return this.#stored;
  }

  get fixed(): number {
    return this.#fixed;
  }

  get segment(): number | null {
    return this.#parts.appender.segment;
  }

  get halted(): boolean {
    return this.#halted;
  }

  lagMs(): number {
    return this.#age.ageMs(this.#parts.clock.monotonicMs());
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Its files and the buffer do not fit together: nothing is appended any more, and the rows stay in the buffer. */
  halt(): void {
    this.#halted = true;
    this.#settle(true);
    this.#wake();
  }

  /** The buffer has fixed these. */
  take(entries: readonly FixedEntry[]): void {
    const last = entries.at(-1);
    if (last === undefined) return;
    this.#queue.push(entries);
    this.expect(last.index + 1);
  }

  /** So many entries are fixed, whether they have been told or not: the rows have them. */
  expect(size: number): void {
    if (size <= this.#fixed) return;
    this.#fixed = size;
    this.#age.fixed(size, this.#parts.clock.monotonicMs());
    this.#wake();
  }

  /** From here on groups follow each other without a pause, also after a fault. */
  hurry(): void {
    this.#hurried = true;
    this.#wake();
  }

  /** Resolves when the first `size` entries are synced: true; false when the writer failed, was halted or ended before. */
  reached(size: number): Promise<boolean> {
    if (this.#stored >= size) return Promise.resolve(true);
    if (this.#halted || this.#ending) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.#waiters.push({ size, resolve });
      this.#wake();
    });
  }

  /** Resolves when all fixed so far are synced, however long that takes; at once when halted. */
  async drained(): Promise<void> {
    const size = this.#fixed;
    while (!(await this.reached(size)) && !this.#halted && !this.#ending);
  }

  /** Writes what there is, as far as the disk lets it at the first try, and closes. */
  async stop(): Promise<void> {
    this.hurry();
    await this.reached(this.#fixed);
    this.#ending = true;
    this.#wake();
    await this.#running;
    await this.#parts.appender.close();
    this.#settle(true);
  }

  async #run(): Promise<void> {
    while (!this.#ending) {
      if (this.#halted || this.#stored >= this.#fixed) await this.#woken(null);
      else if (this.#pauseMs() > 0) await this.#woken(this.#pauseMs());
      else await this.#turn();
    }
  }

  /** How long until the next group may begin. */
  #pauseMs(): number {
    if (this.#hurried) return 0;
    const sinceMs = this.#parts.clock.monotonicMs() - this.#lastBeganMs;
    if (this.#faults === 0) return this.#parts.gatherMs - sinceMs;
    const waitMs = FAULT_WAITS_MS[Math.min(this.#faults, FAULT_WAITS_MS.length) - 1] ?? 0;
    return waitMs - sinceMs;
  }

  /** Until something has changed, or that much time has passed. */
  #woken(limitMs: number | null): Promise<void> {
    return new Promise((resolve) => {
      let cancel: () => void = () => {};
      const done = () => {
        this.#wake = () => {};
        cancel();
        resolve();
      };
      // While gathering, more entries change nothing: only the end or a halt cuts it short.
      this.#wake = limitMs === null ? done : () => (this.#ending || this.#halted || this.#hurried ? done() : undefined);
      if (limitMs !== null) cancel = this.#parts.timers.after(Math.ceil(limitMs), done);
    });
  }

  async #turn(): Promise<void> {
    this.#lastBeganMs = this.#parts.clock.monotonicMs();
    try {
      const group = this.#unwritten ?? this.#queue.next(this.#stored, this.#lastLeaf);
      if (group === null) return this.#misfit();
      this.#unwritten = group;
      const begun = await this.#parts.appender.append(group.bytes);
      this.#unwritten = null;
      this.#done(group, begun);
    } catch (error) {
      this.#faults += 1;
      this.#parts.onFault(error instanceof SegmentFault ? error : new SegmentFault(-1, 'open', error), this.#faults);
      this.#settle(true);
    }
  }

  #done(group: LineGroup, begun: Begun | null): void {
    this.#faults = 0;
    this.#stored = group.end;
    this.#lastLeaf = group.lastLeaf;
    this.#age.stored(this.#stored);
    this.#parts.onStored(group, begun);
    this.#queue.done(group);
    this.#parts.outbox.markStored(this.#parts.log, this.#stored);
    this.#settle(false);
  }

  /** What comes next does not continue the chain: nothing is ever written behind it. */
  #misfit(): void {
    this.halt();
    this.#parts.onMisfit(this.#stored);
  }

  #settle(failed: boolean): void {
    const waiters = this.#waiters;
    this.#waiters = waiters.filter(({ size }) => size > this.#stored && !failed);
    for (const { size, resolve } of waiters) if (size <= this.#stored || failed) resolve(size <= this.#stored);
  }
}
