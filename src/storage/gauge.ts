/**
 * Measures what is used and free. `statfs` of the two filesystems is asked directly: systeminformation reads the mount table
 * and starts `df`, which takes some ten milliseconds and a process, too dear before each group of records.
 */
import { statfsSync, statSync } from 'node:fs';
import type { Ballast } from './ballast.ts';
import type { Space, StorageReading } from './level.ts';

export interface GaugeParts {
  readonly dataDir: string;
  readonly trailDir: string;
  /** The buffer's database; its write-ahead log lies beside it. */
  readonly bufferPath: string;
  readonly ballast: Pick<Ballast, 'bytes'>;
  /** Bytes of free pages inside the database. */
  readonly reusableBytes: () => number;
  readonly records: () => number;
}

/** Throws when the buffer's filesystem cannot be asked. */
export function readStorage(parts: GaugeParts): StorageReading {
  return {
    bufferDisk: spaceOf(parts.dataDir),
    trailDisk: spaceOrNull(parts.trailDir),
    bufferBytes: sizeOf(parts.bufferPath) + sizeOf(`${parts.bufferPath}-wal`),
    reusableBytes: parts.reusableBytes(),
    records: parts.records(),
    ballastBytes: parts.ballast.bytes(),
  };
}

/** As df(1) reckons: space reserved for root is neither used nor free. */
export function spaceOf(directory: string): Space {
  const { bavail, bfree, blocks, bsize } = statfsSync(directory);
  return { usedBytes: (blocks - bfree) * bsize, freeBytes: bavail * bsize };
}

function spaceOrNull(directory: string): Space | null {
  try {
    return spaceOf(directory);
  } catch {
    return null;
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
