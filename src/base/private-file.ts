/** Files that are nobody else's to read. */
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { type CounterfoilError, messageOf } from './errors.ts';

/** Text of a file; null when there is none. @throws what `unusable` makes, when it cannot be read or others may read it. */
export function readPrivate(
  path: string,
  unusable: (message: string, hint?: string) => CounterfoilError,
): string | null {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw unusable(`${path} cannot be read: ${messageOf(error)}`);
  }
  try {
    const mode = fstatSync(file).mode & 0o777;
    if ((mode & 0o077) === 0) return readFileSync(file, 'utf8');
    throw unusable(
      `${path} is open to others (mode ${mode.toString(8)})`,
      `Run: chmod 600 ${path}; and look who may have read it.`,
    );
  } finally {
    closeSync(file);
  }
}
