/**
 * One gateway per data_dir. The lock is an exclusive SQLite transaction on a file of its own, held as long as the
 * process lives: the kernel drops it at any death, so no stale lock can keep a store closed.
 */
import Database from 'better-sqlite3';
import { CounterfoilError } from '../base/errors.ts';
import { storageError } from './storage-error.ts';

/** Takes the lock or throws `buffer_locked` (`storage_full`, `storage_io` when the disk is); the returned function gives it back. */
export function lockDataDir(dataDir: string): () => void {
  const db = new Database(`${dataDir}/gateway.lock`, { timeout: 0 });
  try {
    db.pragma('journal_mode = DELETE');
    db.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    db.close();
    const busy = error instanceof Error && 'code' in error && error.code === 'SQLITE_BUSY';
    if (!busy) throw storageError(error);
    throw new CounterfoilError(
      'buffer_locked',
      `another gateway is running on ${dataDir}`,
      'Stop it first, or give this one a data_dir of its own.',
      error,
    );
  }
  return () => db.close();
}
