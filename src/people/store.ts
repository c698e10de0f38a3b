/**
 * The file of named users. It is replaced as a whole: written beside, synced, renamed, the folder synced. If the power goes
 * before the rename, the old file is there and perhaps `people.json.new`, which the next change overwrites; after it, the new
 * one. A file that cannot be understood is never replaced: a person puts it right or restores it.
 */

import { hash } from 'node:crypto';
import { join } from 'node:path';
import { replaceDurably } from '../base/durable-async.ts';
import { CounterfoilError, messageOf } from '../base/errors.ts';
import { readPrivate } from '../base/private-file.ts';
import { NO_PEOPLE, type PeopleFile, peopleFileSchema } from './schema.ts';

const PEOPLE_FILE = 'people.json';
const PUT_RIGHT =
  'Nobody can log in until it is put right; lanes are served all the same. Restore it from a backup, or move it away and add the users again.';

export function peoplePath(dataDir: string): string {
  return join(dataDir, PEOPLE_FILE);
}

/**
 * What the file says; nobody when there is none.
 * @throws CounterfoilError `people_unusable` when others may read it, or it is not in its form.
 */
export function readPeople(path: string): PeopleFile {
  const text = readOwn(path);
  if (text === null) return NO_PEOPLE;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw unusable(`${path} is no JSON`);
  }
  const read = peopleFileSchema.safeParse(value);
  if (!read.success) {
    // Only where, never what: beside it stand names and verifiers.
    const where = [...new Set(read.error.issues.map((issue) => issue.path.join('.')))].slice(0, 5).join(', ');
    throw unusable(`${path} is not in its form: ${where}`);
  }
  const names = new Set(read.data.users.map(({ name }) => name));
  if (names.size < read.data.users.length) throw unusable(`${path} names a user twice`);
  return read.data;
}

function readOwn(path: string): string | null {
  return readPrivate(path, unusable);
}

/** SHA-256 of the file as it is written, base64: the trail names it, so that a change behind its back shows. */
export function peopleHash(people: PeopleFile): string {
  return hash('sha256', textOf(people), 'base64');
}

/** Resolves once the new file would survive a power cut. @throws CounterfoilError `storage_full`, `storage_io`. */
export async function writePeople(path: string, people: PeopleFile): Promise<void> {
  try {
    await replaceDurably(path, textOf(people));
  } catch (error) {
    const isFull = error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
    const message = `${path} cannot be written: ${messageOf(error)}`;
    const hint = 'The users are as they were. Make room or mend the disk, then do it again.';
    throw new CounterfoilError(isFull ? 'storage_full' : 'storage_io', message, hint, error);
  }
}

function textOf(people: PeopleFile): string {
  return `${JSON.stringify(people, null, 1)}\n`;
}

function unusable(message: string, hint = PUT_RIGHT): CounterfoilError {
  return new CounterfoilError('people_unusable', message, hint);
}
