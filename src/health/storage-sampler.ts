/** Measures the space of the data directories from time to time, so that no request has to ask the disk. */
import { statfs } from 'node:fs/promises';
import type { Clock, Timers } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { StorageFacts } from './sources.ts';

/** A trend over less than a minute is noise; over more than ten, news comes late. */
const TREND_FROM_MS = 60_000;
const TREND_OVER_MS = 600_000;

/** Bytes of one filesystem as an unprivileged process sees them. */
export interface SpaceReading {
  readonly usedBytes: number;
  readonly freeBytes: number;
}

export interface StorageSamplerOptions {
  /** Directories whose filesystems count, at least one. */
  readonly directories: readonly string[];
  readonly intervalMs: number;
}

export interface StorageSamplerParts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  /** `readSpace`, or a test's own. */
  readonly read: (directory: string) => Promise<SpaceReading>;
}

export class StorageSampler {
  readonly #options: StorageSamplerOptions;
  readonly #parts: StorageSamplerParts;
  #history: { readonly atMs: number; readonly usedBytes: number }[] = [];
  #facts: StorageFacts | null = null;
  #cancel: () => void = () => {};
  #running = false;
  #latest: Promise<void> = Promise.resolve();

  constructor(options: StorageSamplerOptions, parts: StorageSamplerParts) {
    this.#options = options;
    this.#parts = parts;
  }

  /** Resolves after the first measurement, successful or not. */
  async start(): Promise<void> {
    this.#running = true;
    await this.#beat();
  }

  async stop(): Promise<void> {
    this.#running = false;
    this.#cancel();
    await this.#latest;
  }

  /** The latest measurement; null when there is none, or the latest one failed. */
  facts(): StorageFacts | null {
    return this.#facts;
  }

  #beat(): Promise<void> {
    this.#latest = this.#measure().then(() => {
      if (!this.#running) return;
      this.#cancel = this.#parts.timers.after(this.#options.intervalMs, () => void this.#beat());
    });
    return this.#latest;
  }

  async #measure(): Promise<void> {
    try {
      const readings = await Promise.all(this.#options.directories.map((directory) => this.#parts.read(directory)));
      const fuller = readings.reduce((a, b) => (shareOf(b) > shareOf(a) ? b : a));
      this.#facts = {
        utilisation: shareOf(fuller),
        freeBytes: fuller.freeBytes,
        totalBytes: fuller.usedBytes + fuller.freeBytes,
        fullInMs: this.#forecast(fuller),
      };
    } catch (error) {
      this.#facts = null;
      this.#parts.log.warn('the space on disk cannot be measured', { error: messageOf(error) });
    }
  }

  #forecast({ freeBytes, usedBytes }: SpaceReading): number | null {
    const atMs = this.#parts.clock.monotonicMs();
    this.#history = [...this.#history.filter((sample) => atMs - sample.atMs <= TREND_OVER_MS), { atMs, usedBytes }];
    const first = this.#history[0];
    if (first === undefined || atMs - first.atMs < TREND_FROM_MS || usedBytes <= first.usedBytes) return null;
    return (freeBytes * (atMs - first.atMs)) / (usedBytes - first.usedBytes);
  }
}

function shareOf({ freeBytes, usedBytes }: SpaceReading): number {
  const total = usedBytes + freeBytes;
  return total === 0 ? 1 : usedBytes / total;
}

/** As df(1) reckons: space reserved for root is neither used nor free. */
export async function readSpace(directory: string): Promise<SpaceReading> {
  const { bavail, bfree, blocks, bsize } = await statfs(directory);
  return { usedBytes: (blocks - bfree) * bsize, freeBytes: bavail * bsize };
}
