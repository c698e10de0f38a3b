/**
 * Disk trouble under the buffer as our errors, whether SQLite met it or we did ourselves. After `storage_full`
 * and `storage_busy` the file's content is known; `storage_io` ends the process (see `writer.ts`).
 */
import { CounterfoilError } from '../base/errors.ts';

const FULL = new Set(['SQLITE_FULL', 'ENOSPC', 'EDQUOT']);
const FAILED = /^(SQLITE_(IOERR|CORRUPT|READONLY|CANTOPEN|NOTADB)|EIO$|EROFS$|ENXIO$)/;

/** `error` as `storage_full` or `storage_io` where it is one of the disk; anything else comes back as it is. */
export function storageError(error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (FULL.has(code)) {
    return new CounterfoilError(
      'storage_full',
      'the disk that holds data_dir is full; nothing that was not acknowledged before was stored',
      'Free space on it. Lanes keep their records and send them again.',
      error,
    );
  }
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    return new CounterfoilError(
      'storage_busy',
      'another program holds the write lock of buffer.db; nothing of this request was stored',
      'End the program that writes to buffer.db (only read from it, and with short transactions).',
      error,
    );
  }
  return FAILED.test(code) ? storageLost(error, code) : error;
}

/** What is on disk is unknown from here on. */
export function storageLost(cause: unknown, code = 'unknown state'): CounterfoilError {
  return new CounterfoilError(
    'storage_io',
    `the disk that holds data_dir failed (${code}); nothing more was acknowledged`,
    'The gateway stops and reads the file again at the next start. If it happens again, replace the disk.',
    cause,
  );
}
