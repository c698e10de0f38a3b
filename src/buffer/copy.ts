/**
 * A consistent copy of a buffer, made beside a running gateway. `VACUUM INTO` reads one snapshot of the WAL
 * (sqlite.org/lang_vacuum.html) and never waits for the writer; while it runs, the WAL cannot be folded back and grows.
 */
import { existsSync, rmSync, statfsSync, statSync } from 'node:fs';
import type { Database } from 'better-sqlite3';
import { CounterfoilError } from '../base/errors.ts';
import { type BufferPaths, FORMAT, openForReading, openForWriting, openingError } from './files.ts';

/** The copy must not be what fills the disk: this share of it stays free. */
const FREE_AFTERWARDS = 0.05;

/**
 * Copies the buffer as it is at this moment to `into`, a path on a disk with room for it. The copy is not synced, and is of
 * this program's format: a backup before the first start after an update is made by the newer program.
 * @throws CounterfoilError `storage_full` before anything is written where the disk is too full; what opening a buffer throws.
 */
export function copyBuffer({ db: path }: BufferPaths, into: string, folder: string): void {
  const db = openForReading(path);
  try {
    const wal = `${path}-wal`;
    const needed = statSync(path).size + (existsSync(wal) ? statSync(wal).size : 0);
    refuseToFill(folder, needed);
    // A reading connection may write elsewhere, but not while it is told to write nowhere.
    db.pragma('query_only = OFF');
    db.prepare('VACUUM INTO ?').run(into);
    bringUpToDate(into);
  } catch (error) {
    rmSync(into, { force: true });
    throw openingError(path, error);
  } finally {
    db.close();
  }
}

/**
 * Makes a copy of an older format one of this format, as a gateway does when it first opens its buffer; the file alone is the
 * copy then. Throws what opening a buffer throws.
 */
export function bringUpToDate(path: string): void {
  const format = withCopy(path, (db) => Number(db.pragma('user_version', { simple: true })));
  if (format === FORMAT) return;
  foldLog(path);
}

/** Folds the write-ahead log of a copied buffer in, so that the file alone is the buffer, of this program's format. */
export function foldLog(path: string): void {
  const db = openForWriting(path);
  try {
    db.pragma('journal_mode = DELETE');
  } finally {
    db.close();
  }
}

function refuseToFill(folder: string, neededBytes: number): void {
  const { bavail, blocks, bsize } = statfsSync(folder);
  if (bavail * bsize - neededBytes >= blocks * bsize * FREE_AFTERWARDS) return;
  throw new CounterfoilError(
    'storage_full',
    `${folder} has no room for a copy of the buffer (${neededBytes} bytes) beside what must stay free`,
    'Name another place for it with --scratch (a local disk; the copy is removed at the end), or make room.',
  );
}

/** Opens a copy for reading as long as `work` takes. Throws what opening a buffer throws. */
export function withCopy<T>(path: string, work: (db: Database) => T): T {
  let db: Database | null = null;
  try {
    db = openForReading(path);
    return work(db);
  } catch (error) {
    throw error instanceof CounterfoilError ? error : openingError(path, error);
  } finally {
    db?.close();
  }
}
