/** Reads a roster from its file. */
import { hash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { CounterfoilError, messageOf } from '../base/errors.ts';
import { type Roster, readRoster } from '../record/roster.ts';

const OTHERS_WRITE_MODE = 0o002;

export interface RosterFile {
  readonly roster: Roster;
  /** SHA-256 of the file, 32 bytes: says in the trail by which roster was judged. */
  readonly hash: Buffer;
}

/**
 * @throws CounterfoilError `config_unreadable` when it cannot be read or every user of the machine may write it,
 *   `config_invalid` with every problem on a line.
 */
export function readRosterFile(path: string): RosterFile {
  const bytes = readBytes(path);
  return { roster: readRoster(bytes.toString('utf8'), path), hash: hash('sha256', bytes, 'buffer') };
}

function readBytes(path: string): Buffer {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    throw unreadable(
      `cannot open the roster ${path}: ${messageOf(error)}`,
      'check the path and its permissions',
      error,
    );
  }
  try {
    // Whoever can write the roster can sign for everybody. Mode and content are taken from the same open file.
    if ((fstatSync(file).mode & OTHERS_WRITE_MODE) !== 0) {
      throw unreadable(`the roster ${path} can be written by every user of this machine`, `run: chmod o-w ${path}`);
    }
    return readFileSync(file);
  } catch (error) {
    if (error instanceof CounterfoilError) throw error;
    throw unreadable(`cannot read the roster ${path}: ${messageOf(error)}`, 'check that it is a file', error);
  } finally {
    closeSync(file);
  }
}

function unreadable(message: string, hint: string, cause?: unknown): CounterfoilError {
  return new CounterfoilError('config_unreadable', message, hint, cause);
}
