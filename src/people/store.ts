/**
 * The file of named users. It is replaced as a whole: written beside, synced, renamed, the folder synced. If the power goes
 * before the rename, the old file is there and perhaps `people.json.new`, which the next change overwrites; after it, the new
 * one. A file that cannot be understood is never replaced: a person puts it right or restores it.
 */
import { hash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CounterfoilError, messageOf } from '../base/errors.ts';
import { NO_PEOPLE, type PeopleFile, peopleFileSchema } from './schema.ts';

const PEOPLE_FILE = 'people.json';

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
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw unusable(`${path} cannot be read: ${messageOf(error)}`);
  }
  try {
    const mode = fstatSync(file).mode & 0o777;
    if ((mode & 0o077) !== 0) {
      const hint = `Run: chmod 600 ${path}; and look who may have read it.`;
      throw new CounterfoilError(
        'people_unusable',
        `${path} is open to others (mode ${mode.toString(8)}): nobody can log in`,
        hint,
      );
    }
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}

/** SHA-256 of the file as it is written, base64: the trail names it, so that a change behind its back shows. */
export function peopleHash(people: PeopleFile): string {
  return hash('sha256', textOf(people), 'base64');
}

/** Resolves once the new file would survive a power cut. @throws CounterfoilError `storage_full`, `storage_io`. */
export async function writePeople(path: string, people: PeopleFile): Promise<void> {
  const fresh = `${path}.new`;
  try {
    const file = await open(fresh, 'w', 0o600);
    try {
      await file.chmod(0o600);
      await file.writeFile(textOf(people));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(fresh, path);
    const folder = await open(dirname(path), 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
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

function unusable(message: string): CounterfoilError {
  const hint =
    'Nobody can log in until it is put right; lanes are served all the same. Restore it from a backup, or move it away and add the users again.';
  return new CounterfoilError('people_unusable', message, hint);
}
