/**
 * Secrets come from files, never from the configuration itself: `*_file` keys, or the directory systemd fills for
 * `LoadCredential=` (`$CREDENTIALS_DIRECTORY`, systemd.exec(5)).
 */
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CounterfoilError, messageOf } from '../errors.ts';

const OTHERS_MODE = 0o007;
const MAX_SECRET_BYTES = 64 * 1024;

/**
 * Reads a small secret and drops the line end that editors leave behind.
 * @throws CounterfoilError `config_unreadable` when it is missing, empty, larger than 64 KiB or open to every user.
 */
export function readSecretFile(path: string): string {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    throw unreadable(
      `cannot open ${path}: ${messageOf(error)}`,
      'check the path and that this user may read it',
      error,
    );
  }
  try {
    // Mode and content are taken from the same open file, so nobody can swap it in between.
    const { mode, size } = fstatSync(file);
    if ((mode & OTHERS_MODE) !== 0) {
      throw unreadable(`${path} is open to every user of this machine`, `run: chmod 0600 ${path}`);
    }
    if (size > MAX_SECRET_BYTES) throw unreadable(`${path} is larger than 64 KiB`, 'check that it is the right file');
    const secret = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
    if (secret === '') throw unreadable(`${path} is empty`, 'write the secret into it');
    return secret;
  } catch (error) {
    if (error instanceof CounterfoilError) throw error;
    throw unreadable(`cannot read ${path}: ${messageOf(error)}`, 'check that it is a file', error);
  } finally {
    closeSync(file);
  }
}

/**
 * The secret of a `*_file` key: the file the key names, else the credential called `credential` where systemd provides
 * one, else null.
 * @throws CounterfoilError `config_unreadable` as `readSecretFile`; a missing credential is no error.
 */
export function readSecret(path: string | null, credential: string, env: NodeJS.ProcessEnv): string | null {
  if (path !== null) return readSecretFile(path);
  const directory = env.CREDENTIALS_DIRECTORY;
  if (directory === undefined || directory === '') return null;
  try {
    return readSecretFile(join(directory, credential));
  } catch (error) {
    if (error instanceof CounterfoilError && isMissing(error.cause)) return null;
    throw error;
  }
}

function isMissing(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
}

function unreadable(message: string, hint: string, cause?: unknown): CounterfoilError {
  return new CounterfoilError('config_unreadable', message, hint, cause);
}
