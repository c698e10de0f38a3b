/**
 * Small files and names that survive a power cut once the call has returned. `durable-async.ts` has the same for those who
 * must not hold up the event loop. The sealer has its own: it shares no code with what it guards.
 */
import { closeSync, fchmodSync, fsyncSync, openSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Writes a file (mode 0600) and syncs it; its name is on disk only after {@link syncDirectory}. `w` empties a file that is
 * there, `wx` throws EEXIST, `a` appends. If the power goes here, any part of the content may be there. Throws what the disk throws.
 */
export function writeDurably(path: string, content: string | Uint8Array, flag: 'w' | 'wx' | 'a' = 'w'): void {
  const file = openSync(path, flag, 0o600);
  try {
    fchmodSync(file, 0o600);
    // On a descriptor this writes at the file's place, until all of it is written.
    writeFileSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/**
 * Replaces the whole content of a file (mode 0600): if the power goes here it is the old or the new one, and perhaps there is a
 * `.new`, which the next call overwrites. Throws what the disk throws; then the file is as it was, or already the new one.
 */
export function replaceDurably(path: string, content: string | Uint8Array): void {
  writeDurably(`${path}.new`, content);
  renameSync(`${path}.new`, path);
  syncDirectory(dirname(path));
}

/** Names made, changed or removed in it are on disk when this returns. */
export function syncDirectory(path: string): void {
  syncFile(path);
}

/** What any process has written to the file is on disk when this returns (fsync(2) is of the file, not of the descriptor). */
export function syncFile(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
