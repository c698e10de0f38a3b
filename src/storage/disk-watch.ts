/**
 * Watches the disks themselves, once a minute: whether the kernel has made one read-only, how worn it says it is, how much
 * this process writes and how long the disk lasts at that pace, and how warm the box is. What a device does not tell
 * stays null; nothing here is guessed, and nothing of it stops a record.
 */
import { readFileSync, statSync } from 'node:fs';
import type { Clock, Timers } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { emmcWear, mountOf, smartWear, type Wear } from './device.ts';
import { daysLeft, WriteVolume, writtenBytes } from './writes.ts';

const LOOK_EVERY_MS = 60_000;
/** A report that nobody renews says nothing about today's disk. */
const OLDEST_REPORT_MS = 48 * 3_600_000;

export type DiskPlace = 'data' | 'trail';

export interface DiskWatchOptions {
  readonly dataDir: string;
  readonly trailDir: string;
  /** `smartctl --json --all DEVICE` of the data disk, renewed by a timer of the system; null without one. */
  readonly smartFile: string | null;
  /** Bytes the maker rates the disk for; null when nobody has said. */
  readonly ratedBytes: number | null;
}

export interface DiskWatchParts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  /** Of the processor, in °C; null where there is no sensor. */
  readonly temperatureC: () => Promise<number | null>;
  /** Text of /proc/self/mountinfo. */
  readonly mounts?: () => string;
  readonly written?: () => number | null;
}

export interface DiskFacts {
  /** Those the kernel lets nobody write to. */
  readonly readOnly: readonly DiskPlace[];
  /** Of the data disk. */
  readonly wear: Wear | null;
  /** `missing`: a file is named and is not there; `stale`: older than two days; `unreadable`: no report. */
  readonly smartReport: 'ok' | 'none' | 'missing' | 'stale' | 'unreadable';
  /** By this process, at the pace of the last day; null in its first hour. */
  readonly writtenPerDayBytes: number | null;
  /** Until the rated volume is written, at that pace. */
  readonly daysLeft: number | null;
  readonly boxTemperatureC: number | null;
}

const UNKNOWN: DiskFacts = {
  readOnly: [],
  wear: null,
  smartReport: 'none',
  writtenPerDayBytes: null,
  daysLeft: null,
  boxTemperatureC: null,
};

export class DiskWatch {
  readonly #options: DiskWatchOptions;
  readonly #parts: DiskWatchParts;
  readonly #volume = new WriteVolume();
  #facts: DiskFacts = UNKNOWN;
  #cancel: () => void = () => {};
  #isStopped = false;

  constructor(options: DiskWatchOptions, parts: DiskWatchParts) {
    this.#options = options;
    this.#parts = parts;
  }

  start(): void {
    void this.#beat();
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  facts(): DiskFacts {
    return this.#facts;
  }

  async #beat(): Promise<void> {
    await this.look();
    if (!this.#isStopped) this.#cancel = this.#parts.timers.after(LOOK_EVERY_MS, () => void this.#beat());
  }

  /** Never rejects: a disk that cannot be asked is told in the log, and the facts stay as they were. */
  async look(): Promise<void> {
    try {
      const boxTemperatureC = await this.#parts.temperatureC();
      this.#facts = { ...this.#read(), boxTemperatureC };
    } catch (error) {
      this.#parts.log.warn('the disks could not be looked at', { error: messageOf(error) });
    }
  }

  #read(): Omit<DiskFacts, 'boxTemperatureC'> {
    const { dataDir, trailDir, ratedBytes } = this.#options;
    const mountinfo = this.#parts.mounts?.() ?? readFileSync('/proc/self/mountinfo', 'utf8');
    const mounts = { data: mountOf(dataDir, mountinfo), trail: mountOf(trailDir, mountinfo) };
    const [smartReport, smart] = this.#smart();
    const wear = smart ?? (mounts.data === null ? null : emmcWear(mounts.data.device));
    const writtenPerDayBytes = this.#writtenPerDay();
    return {
      readOnly: (['data', 'trail'] as const).filter((place) => mounts[place]?.isReadOnly === true),
      wear,
      smartReport,
      writtenPerDayBytes,
      daysLeft: daysLeft(writtenPerDayBytes, ratedBytes, wear?.usedPercent ?? null),
    };
  }

  #writtenPerDay(): number | null {
    const bytes = this.#parts.written === undefined ? writtenBytes() : this.#parts.written();
    if (bytes === null) return null;
    const nowMs = this.#parts.clock.monotonicMs();
    this.#volume.take(nowMs, bytes);
    return this.#volume.perDay(nowMs, bytes);
  }

  #smart(): [DiskFacts['smartReport'], Wear | null] {
    const { smartFile } = this.#options;
    if (smartFile === null) return ['none', null];
    const state = statSync(smartFile, { throwIfNoEntry: false });
    if (state === undefined) return ['missing', null];
    if (this.#parts.clock.utcMs() - state.mtimeMs > OLDEST_REPORT_MS) return ['stale', null];
    try {
      return ['ok', smartWear(readFileSync(smartFile, 'utf8'))];
    } catch {
      return ['unreadable', null];
    }
  }
}
