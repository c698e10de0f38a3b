/**
 * How much this process makes the disk write, and what that means for the disk's life. `write_bytes` of /proc/self/io counts what
 * it caused to be sent to the storage layer (proc_pid_io(5)); what the device writes inside itself is more.
 */
import { readFileSync } from 'node:fs';

const HOUR_MS = 3_600_000;
const HOURS = 24;

/** Bytes this process has caused to be written since its start; null where the kernel does not count. */
export function writtenBytes(path = '/proc/self/io'): number | null {
  try {
    const match = /^write_bytes: (\d+)$/m.exec(readFileSync(path, 'utf8'));
    return match === null ? null : Number(match[1]);
  } catch {
    return null;
  }
}

interface Sample {
  readonly atMs: number;
  readonly bytes: number;
}

export class WriteVolume {
  #samples: Sample[] = [];

  /** A reading of the counter, on the monotonic clock. One sample an hour is kept. */
  take(atMs: number, bytes: number): void {
    const newest = this.#samples.at(-1);
    if (newest !== undefined && atMs - newest.atMs < HOUR_MS) return;
    this.#samples = [...this.#samples, { atMs, bytes }].slice(-(HOURS + 1));
  }

  /** Bytes a day at the pace of the last day; null before an hour has been seen. */
  perDay(atMs: number, bytes: number): number | null {
    const [first] = this.#samples;
    if (first === undefined || atMs - first.atMs < HOUR_MS) return null;
    return ((bytes - first.bytes) * HOURS * HOUR_MS) / (atMs - first.atMs);
  }
}

/**
 * Days until the rated volume is written, at this pace, for a device that has used `usedPercent` of it; null where one of
 * them is not known or nothing is written.
 */
export function daysLeft(perDay: number | null, ratedBytes: number | null, usedPercent: number | null): number | null {
  if (perDay === null || perDay <= 0 || ratedBytes === null) return null;
  const left = ratedBytes * (1 - Math.min(100, usedPercent ?? 0) / 100);
  return left / perDay;
}
