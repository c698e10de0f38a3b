/**
 * What the disk gives one writer: 4 KiB written, then fdatasync(2), again and again, with nothing else running. An
 * appending file pays for its growing metadata as well; overwriting within a file that is there already is the least
 * any durable commit can cost.
 */
import { closeSync, fdatasyncSync, fsyncSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { RawSync } from './model.ts';
import { median, quantile } from './stats.ts';

const BLOCK_BYTES = 4096;
const OVERWRITE_BLOCKS = 1024;

/** Runs both ways for `seconds` each in `directory`; takes this thread for that long. */
export function measureRawSync(directory: string, seconds: number): RawSync {
  const append = timeSyncs(directory, seconds, () => null);
  let block = 0;
  const overwrite = timeSyncs(directory, seconds, () => (block++ % OVERWRITE_BLOCKS) * BLOCK_BYTES);
  return {
    appendP50Ms: quantile(append, 0.5),
    appendP99Ms: quantile(append, 0.99),
    overwriteP50Ms: quantile(overwrite, 0.5),
    overwriteP99Ms: quantile(overwrite, 0.99),
  };
}

/** The medians of several measurements. */
export function medianRawSync(rounds: readonly RawSync[]): RawSync {
  const of = (pick: (raw: RawSync) => number): number => median(rounds.map(pick));
  return {
    appendP50Ms: of((raw) => raw.appendP50Ms),
    appendP99Ms: of((raw) => raw.appendP99Ms),
    overwriteP50Ms: of((raw) => raw.overwriteP50Ms),
    overwriteP99Ms: of((raw) => raw.overwriteP99Ms),
  };
}

/** Sorted times in ms of write and sync together. `place` answers the next offset, null for the end of the file. */
function timeSyncs(directory: string, seconds: number, place: () => number | null): Float64Array {
  const file = join(directory, 'raw-sync');
  const fd = openSync(file, 'w');
  const block = Buffer.alloc(BLOCK_BYTES, 0x5a);
  const timesMs: number[] = [];
  try {
    const fills = place() === null ? 0 : OVERWRITE_BLOCKS;
    for (let i = 0; i < fills; i += 1) writeSync(fd, block);
    fsyncSync(fd);
    const endMs = performance.now() + seconds * 1000;
    for (let startMs = performance.now(); startMs < endMs; startMs = performance.now()) {
      writeSync(fd, block, 0, BLOCK_BYTES, place());
      fdatasyncSync(fd);
      timesMs.push(performance.now() - startMs);
    }
  } finally {
    closeSync(fd);
    unlinkSync(file);
  }
  return Float64Array.from(timesMs).sort();
}
