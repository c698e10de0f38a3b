/**
 * Disk trouble under the buffer as our errors, whether SQLite met it or we did ourselves. Only `storage_full` leaves the
 * file's content known; every other one ends the process (see `writer.ts`).
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
  if (FAILED.test(code)) {
    return new CounterfoilError(
      'storage_io',
      `the disk that holds data_dir failed (${code}); nothing more was acknowledged`,
      'The gateway stops and reads the file again at the next start. If it happens again, replace the disk.',
      error,
    );
  }
  return error;
}
