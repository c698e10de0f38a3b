/**
 * The sealer's folders. What it promises rests on who may change a folder: a name in it can be given to another file by
 * whoever may write to the folder, or to any folder above it. So all of them must belong to the sealer or to root.
 */
import { closeSync, constants, fsyncSync, lstatSync, mkdirSync, openSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';
import { CounterfoilError, messageOf } from '../base/errors.ts';

const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;

/**
 * Throws `trail_unfit` unless `folder` and everything above it are real folders (no symbolic links) that only this user
 * or root can change. A folder in which everybody may only remove their own (sticky, such as /tmp) is let pass above it.
 */
export function requireGuarded(folder: string): void {
  requireOwn(folder, folder);
  for (let above = dirname(folder); ; above = dirname(above)) {
    requireOwn(above, folder, true);
    if (above === dirname(above)) return;
  }
}

function requireOwn(path: string, folder: string, mayBeSticky = false): void {
  const found = look(path, folder);
  if (!found.isDirectory()) {
    throw unfit(`${path} is no folder`, `Give the real path of ${folder}, without symbolic links.`);
  }
  const isOpen = (found.mode & WRITABLE_BY_OTHERS) !== 0 && !(mayBeSticky && (found.mode & STICKY) !== 0);
  if (isOpen || (found.uid !== 0 && found.uid !== process.geteuid?.())) {
    throw unfit(
      `${path} can be changed by others than the sealer and root, so what is in ${folder} cannot be relied on`,
      `Give it to the sealer's user or to root, and run: chmod go-w ${path}`,
    );
  }
}

function look(path: string, folder: string): Stats {
  try {
    return lstatSync(path);
  } catch (error) {
    const hint = `Make ${folder}, owned by the sealer's user; docs/OPERATIONS.md has the commands.`;
    throw unfit(`${path} cannot be looked at: ${messageOf(error)}`, hint, error);
  }
}

/** Makes a folder of this mode unless it is there. Throws `trail_unfit` when it cannot. */
export function makeFolder(path: string, mode: number): void {
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) return;
  try {
    mkdirSync(path, { mode });
    syncFolder(dirname(path));
  } catch (error) {
    const hint = `The folder above it must belong to the sealer's user; docs/OPERATIONS.md has the commands.`;
    throw unfit(`${path} cannot be made: ${messageOf(error)}`, hint, error);
  }
}

/** Opens an own regular file without following a symbolic link. Throws `trail_unfit` for anything else under that name. */
export function openOwn(path: string, flags: number): number {
  const found = lstatSync(path);
  if (!found.isFile() || found.nlink !== 1 || found.uid !== process.geteuid?.()) {
    throw unfit(`${path} is not a plain file of the sealer's`, 'Look who put it there, and move it away.');
  }
  return openSync(path, flags | constants.O_NOFOLLOW | constants.O_NONBLOCK);
}

/** Names that were made, moved or removed in a folder are on disk when this returns. */
export function syncFolder(path: string): void {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** A file's bytes, length and attributes are on disk when this returns. */
export function syncFile(path: string): void {
  const fd = openOwn(path, constants.O_RDONLY);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

export function unfit(message: string, hint: string, cause?: unknown): CounterfoilError {
  return new CounterfoilError('trail_unfit', message, hint, cause);
}
