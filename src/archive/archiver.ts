/**
 * Moves settled records into the archive, a frame at a time, at the lowest priority: each step is short, between two steps
 * lanes and sync have their turn, and while lanes are sending it waits longer. Nothing depends on when it is done.
 *
 * The order of durable steps is told in `src/buffer/archive/archive-group.ts`; here: a frame is synced in its file, then
 * noted, then its rows go. A run begins with what an earlier one left: rows on their way out, files of an act of expiry. If
 * the power goes anywhere, the next run goes on.
 */
import type { Clock, Timers } from '../base/clock.ts';
import { toUtcText } from '../base/clock.ts';
import { CounterfoilError, messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { ArchiveFileName, ArchiveTotals, BufferArchive, KeptRecord } from '../buffer/api.ts';
import { STREAMS, type Stream } from '../record/types.ts';
import type { ArchiveKeeper } from './keeper.ts';
import type { ArchiverOptions } from './options.ts';
import { PartWriter } from './part-writer.ts';

export interface ArchiverParts {
  readonly archive: BufferArchive;
  readonly keeper: ArchiveKeeper;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  /** Lanes are sending: their records come first. */
  readonly isBusy: () => boolean;
}

export interface ArchiverTrouble {
  readonly code: 'archive_write' | 'archive_damaged';
  readonly message: string;
  /** UTC. */
  readonly sinceMs: number;
}

export interface ArchiverFacts extends ArchiveTotals {
  /** UTC of the end of the last run without a fault; null before. */
  readonly lastRunMs: number | null;
  readonly archivedTotal: number;
  readonly isRunning: boolean;
  readonly trouble: ArchiverTrouble | null;
}

const EMPTY: ArchiveTotals = { records: 0, bytes: 0, files: 0, fromMs: null, toMs: null, oldestSettledMs: null };

/** `off`: at their time; `early`: as soon as they are settled; `fast`: the same, whoever is sending; `stopped`: not at all. */
export type ArchivePace = 'off' | 'early' | 'fast' | 'stopped';

/** Between two runs while room is needed. */
const EARLY_EVERY_MS = 10_000;

/** Thrown by a pause when the archiver is being stopped, or the disk too full: the run ends between two steps. */
class Stopped extends Error {}

export class Archiver {
  readonly #options: ArchiverOptions;
  readonly #parts: ArchiverParts;
  readonly #writer: PartWriter;
  #cancel: () => void = () => {};
  #endPause: (() => void) | null = null;
  #run: Promise<void> | null = null;
  #stopped = false;
  #pace: ArchivePace = 'off';
  #totals = EMPTY;
  #lastRunMs: number | null = null;
  #archivedTotal = 0;
  #hasDamage = false;
  #trouble: ArchiverTrouble | null = null;

  constructor(options: ArchiverOptions, parts: ArchiverParts) {
    this.#options = options;
    this.#parts = parts;
    this.#writer = new PartWriter(parts.archive, parts.keeper);
  }

  start(): void {
    this.#totals = this.#parts.archive.totals();
    this.#next(this.#options.startMs);
  }

  /** Ends between two steps; what was begun is gone on with at the next start. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    this.#endPause?.();
    await this.#run;
  }

  /** The disk fills up, or no longer: settled records leave sooner, or stay where they are. */
  setPace(pace: ArchivePace): void {
    this.#pace = pace;
    if (this.#isEarly && this.#run === null) void this.runSoon();
  }

  #mustEnd(): boolean {
    return this.#stopped || this.#pace === 'stopped';
  }

  get #isEarly(): boolean {
    return this.#pace === 'early' || this.#pace === 'fast';
  }

  facts(): ArchiverFacts {
    return {
      ...this.#totals,
      lastRunMs: this.#lastRunMs,
      archivedTotal: this.#archivedTotal,
      isRunning: this.#run !== null,
      trouble: this.#trouble,
    };
  }

  /** Looks now, after the run that is under way if there is one. */
  async runSoon(): Promise<void> {
    while (this.#run !== null) await this.#run;
    this.#cancel();
    await this.#begin();
  }

  #next(delayMs: number): void {
    if (this.#stopped) return;
    this.#cancel = this.#parts.timers.after(delayMs, () => void this.#begin());
  }

  async #begin(): Promise<void> {
    if (this.#stopped || this.#run !== null) return;
    this.#run = this.#once();
    await this.#run;
    this.#run = null;
    const { everyMs } = this.#options;
    this.#next(this.#isEarly ? Math.min(everyMs, EARLY_EVERY_MS) : everyMs);
  }

  async #once(): Promise<void> {
    const { archive, clock } = this.#parts;
    try {
      await this.#removeRows();
      const notEnded = await this.#expire();
      this.#hasDamage = false;
      await archive.begin();
      for (const stream of STREAMS) await this.#archiveStream(stream);
      await this.#sealClosed();
      if (notEnded !== null) throw notEnded;
      this.#lastRunMs = clock.utcMs();
      this.#settleTrouble();
    } catch (error) {
      if (!(error instanceof Stopped)) this.#fail(error);
    }
    if (!this.#stopped) this.#totals = archive.totals();
  }

  #settleTrouble(): void {
    if (!this.#hasDamage) this.#trouble = null;
    else this.#setTrouble('archive_damaged', 'some settled records cannot be opened any more; they stay in the buffer');
  }

  #fail(error: unknown): void {
    this.#setTrouble('archive_write', messageOf(error));
    const hint =
      error instanceof CounterfoilError ? error.hint : 'Check the disk of trail_dir; nothing is lost meanwhile.';
    this.#parts.log.error('settled records could not be archived', { error: messageOf(error), hint });
  }

  #setTrouble(code: ArchiverTrouble['code'], message: string): void {
    const sinceMs = this.#trouble?.code === code ? this.#trouble.sinceMs : this.#parts.clock.utcMs();
    this.#trouble = { code, message, sinceMs };
  }

  async #archiveStream(stream: Stream): Promise<void> {
    const { bufferMs, spanMs } = this.#options;
    const nowMs = this.#parts.clock.utcMs();
    const beforeMs = this.#isEarly ? nowMs : Math.floor((nowMs - bufferMs) / spanMs) * spanMs;
    for (let after = 0; ; ) {
      const { records, month, scannedTo, isEnd } = await this.#gather(stream, beforeMs, after);
      after = scannedTo;
      if (month !== null && records.length > 0) await this.#archive(stream, month, records);
      if (isEnd) return;
    }
  }

  /** Records of one frame, read a few at a time. */
  async #gather(stream: Stream, beforeMs: number, from: number) {
    const { frameRecords, gatherRecords } = this.#options;
    const records: KeptRecord[] = [];
    let month: string | null = null;
    for (let after = from; ; ) {
      await this.#pause();
      const limit = Math.min(gatherRecords, frameRecords - records.length);
      const found = this.#parts.archive.gather({ stream, beforeMs, after, limit, month });
      this.#hasDamage ||= found.damagedPacks > 0;
      records.push(...found.records);
      month = found.month;
      after = found.scannedTo;
      // Nothing found though not at the end: the next pack is of another month.
      const isCut = !found.isEnd && found.records.length === 0 && records.length > 0;
      if (found.isEnd || isCut || records.length >= frameRecords) {
        return { records, month, scannedTo: after, isEnd: found.isEnd };
      }
    }
  }

  async #archive(stream: Stream, month: string, records: readonly KeptRecord[]): Promise<void> {
    const { archive, clock, log } = this.#parts;
    const frame = await this.#writer.write(stream, month, records, Math.trunc(clock.utcMs()));
    await archive.noteFrame(frame);
    this.#archivedTotal += records.length;
    log.info('records archived', { stream, count: records.length, bytes: frame.bytes });
    await this.#removeRows();
  }

  async #removeRows(): Promise<void> {
    for (let more = true; more; ) {
      await this.#pause();
      ({ more } = await this.#parts.archive.removeRows(this.#options.removeRows));
    }
  }

  /** Parts of months that are over, with nothing of them left to archive for now; a late record begins another part. */
  async #sealClosed(): Promise<void> {
    const { archive, clock, keeper } = this.#parts;
    const open = toUtcText(clock.utcMs() - this.#options.bufferMs - this.#options.spanMs).slice(0, 7);
    for (const name of archive.openParts()) {
      if (name.month >= open) continue;
      await this.#pause();
      await keeper.seal(name);
      await archive.noteSealed(name);
    }
  }

  /** Goes on with an act of expiry. What keeps a file from going (a sealer whose clock says no) does not keep records from being archived. */
  async #expire(): Promise<unknown> {
    let failure: unknown = null;
    for (const name of this.#parts.archive.expiredFiles()) {
      try {
        await this.#destroy(name);
      } catch (error) {
        if (error instanceof Stopped) throw error;
        failure = error;
      }
    }
    return failure;
  }

  /** First the keys, which only the file names, then the file. */
  async #destroy(name: ArchiveFileName): Promise<void> {
    const { archive, keeper } = this.#parts;
    for (let more = true; more; ) {
      await this.#pause();
      ({ more } = await archive.forget(name));
    }
    await keeper.remove(name);
    await archive.noteGone(name);
  }

  /** Lets everybody else have a turn, and lanes as long as they need it. Throws `Stopped`. */
  async #pause(): Promise<void> {
    const { pauseMs, busyPauseMs, busyPauses } = this.#options;
    await this.#wait(pauseMs);
    for (let pauses = 0; this.#pace !== 'fast' && this.#parts.isBusy() && pauses < busyPauses; pauses++)
      await this.#wait(busyPauseMs);
  }

  async #wait(delayMs: number): Promise<void> {
    if (this.#mustEnd()) throw new Stopped();
    await new Promise<void>((resolve) => {
      const cancel = this.#parts.timers.after(delayMs, resolve);
      this.#endPause = () => {
        cancel();
        resolve();
      };
    });
    this.#endPause = null;
    if (this.#mustEnd()) throw new Stopped();
  }
}
