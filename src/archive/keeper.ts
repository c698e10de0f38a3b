/**
 * Who makes and keeps the archive's files. `ArchiveKeeper` is what a sealer can do for it (append-only from the first byte,
 * sealed when closed); without one the files are plain, for the gateway's own user only.
 */

import { closeSync, constants, existsSync, mkdirSync, openSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { syncDirectory } from '../base/durable.ts';
import { type ArchiveFileName, archivePath } from '../buffer/api.ts';

export interface PreparedFile {
  readonly path: string;
  /** Length as it was found, bytes; 0 for a new one. */
  readonly bytes: number;
  /** Nothing can be appended any more. */
  readonly isSealed: boolean;
}

/** Every call may be repeated. Throws what the file system says, or a `CounterfoilError`. */
export interface ArchiveKeeper {
  /** The file exists, as it was left or empty, its name is durable, and appends to it are allowed when this returns. */
  prepare(name: ArchiveFileName): Promise<PreparedFile>;
  /** Nothing more will be appended. */
  seal(name: ArchiveFileName): Promise<void>;
  /** The file goes for good, by an act of expiry; no error when it is gone. */
  remove(name: ArchiveFileName): Promise<void>;
}

/** Files of mode 0600 in folders of mode 0700 below `directory`. */
export function plainKeeper(directory: string): ArchiveKeeper {
  const pathOf = (name: ArchiveFileName) => join(directory, archivePath(name));
  return {
    async prepare(name) {
      const path = pathOf(name);
      const made = mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      closeSync(openSync(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT, 0o600));
      // A name is durable only once its folder is synced, and a folder's once its parent is. Also where they are there: an
      // earlier life may have made them and ended before that, and rows leave the buffer on the strength of this file.
      syncDirectory(dirname(path));
      syncUpwards(dirname(path), made === undefined ? dirname(directory) : dirname(made));
      return { path, bytes: statSync(path).size, isSealed: false };
    },
    async seal() {},
    async remove(name) {
      const path = pathOf(name);
      if (!existsSync(path)) return;
      rmSync(path);
      syncDirectory(dirname(path));
    },
  };
}

function syncUpwards(from: string, top: string): void {
  for (let at = from; at !== top && at !== dirname(at); at = dirname(at)) syncDirectory(dirname(at));
}
