/** What is said when a backup cannot be read or written. */
import { CounterfoilError, messageOf } from '../base/errors.ts';

/** The file is not as it was written. */
export function damaged(what: string, cause?: unknown): CounterfoilError {
  return new CounterfoilError(
    'backup_damaged',
    `the backup is damaged: ${what}`,
    'Use another copy of it, or an older backup; nothing was restored from this one.',
    cause,
  );
}

/** The file is whole as far as one can see, and this key does not open it. */
export function wrongKey(what: string, hint: string): CounterfoilError {
  return new CounterfoilError('backup_key_wrong', what, hint);
}

const FULL = new Set(['ENOSPC', 'EDQUOT', 'SQLITE_FULL']);

/** `error` in words about `place`, when it is the disk's; anything else comes back as it is. */
export function diskFault(error: unknown, place: string, left: string): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (error instanceof CounterfoilError || code === '') return error;
  const isFull = FULL.has(code);
  return new CounterfoilError(
    isFull ? 'storage_full' : 'storage_io',
    isFull ? `the disk that holds ${place} is full; ${left}` : `${place}: ${messageOf(error)}; ${left}`,
    isFull ? 'Make room there, or name a place on another disk.' : 'Check the path, its permissions and the disk.',
    error,
  );
}
