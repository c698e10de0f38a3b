/**
 * Puts an unpacked backup where a gateway looks for it. Everything is written and synced in `restoring` folders first; then
 * the names are given, the buffer's last. If the power goes before, `{data_dir}/restoring` is there without a buffer: a
 * gateway refuses to start on that, and the next restore clears it away and begins again.
 */

import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { replaceDurably, syncDirectory, writeDurably } from '../base/durable.ts';
import { CounterfoilError } from '../base/errors.ts';
import { diskFault } from './faults.ts';

/** What a gateway refuses to start beside while there is no buffer. */
const RESTORING = 'restoring';
const TRAIL_PARTS = ['audit', 'schedule_two', 'archive'] as const;

export interface Places {
  readonly dataDir: string;
  readonly trailDir: string;
}

/** Folders to unpack into, on the disks on which the files will stay. */
export interface Stage {
  /** Gets `buffer.db`, `config/` and `keys/`. */
  readonly data: string;
  /** Gets `trail/` and `archive/`. */
  readonly trail: string;
}

/**
 * Makes the folders. `dataDir` exists.
 * @throws CounterfoilError `usage` where there is a buffer or a trail already, `storage_io`.
 */
export function openStage({ dataDir, trailDir }: Places): Stage {
  for (const name of ['buffer.db', 'buffer.db-wal']) {
    if (existsSync(join(dataDir, name))) {
      throw taken(
        `${dataDir} holds a buffer`,
        'Name an empty directory. A buffer is never replaced by a restore; to set it aside, move the whole directory.',
      );
    }
  }
  const stage = { data: join(dataDir, RESTORING), trail: join(trailDir, RESTORING) };
  try {
    mkdirSync(trailDir, { recursive: true, mode: 0o700 });
    const isAgain = existsSync(stage.data) && existsSync(stage.trail);
    for (const part of TRAIL_PARTS) {
      const path = join(trailDir, part);
      if (!existsSync(path)) continue;
      // The restore before this one was cut short, and it began only where there was no trail: these are its own.
      if (isAgain) rmSync(path, { recursive: true });
      else if (readdirSync(path).length > 0) {
        throw taken(
          `${trailDir} holds a trail`,
          'Name an empty directory with --trail, or move what is there aside as it is: it may know more than the backup, so keep it.',
        );
      }
    }
    for (const path of [stage.trail, stage.data]) {
      rmSync(path, { recursive: true, force: true });
      mkdirSync(path, { mode: 0o700 });
    }
    for (const path of [dataDir, trailDir]) syncDirectory(path);
    return stage;
  } catch (error) {
    throw diskFault(error, dataDir, 'nothing was restored');
  }
}

/** Removes the folders of a restore that is not to be. */
export function dropStage({ data, trail }: Stage): void {
  for (const path of [data, trail]) rmSync(path, { recursive: true, force: true });
}

/** Gives the names. @throws CounterfoilError `usage` where there is another box key, `storage_full`, `storage_io`. */
export function placeStage({ dataDir, trailDir }: Places, stage: Stage, boxKey: Uint8Array): void {
  try {
    refuseOtherKey(join(dataDir, 'box.key'), boxKey);
    for (const part of TRAIL_PARTS) {
      const from = join(stage.trail, part === 'archive' ? part : join('trail', part));
      if (!existsSync(from)) continue;
      syncTree(from);
      const to = join(trailDir, part);
      rmSync(to, { recursive: true, force: true });
      renameSync(from, to);
    }
    syncDirectory(trailDir);
    for (const part of ['config', 'keys']) {
      const from = join(stage.data, part);
      if (!existsSync(from)) continue;
      mkdirSync(join(dataDir, 'restored'), { recursive: true, mode: 0o700 });
      rmSync(join(dataDir, 'restored', part), { recursive: true, force: true });
      syncTree(from);
      renameSync(from, join(dataDir, 'restored', part));
    }
    placePeople(dataDir);
    placeLanes(dataDir);
    writeDurably(join(stage.data, 'box.key'), boxKey);
    renameSync(join(stage.data, 'box.key'), join(dataDir, 'box.key'));
    syncDirectory(dataDir);
    renameSync(join(stage.data, 'buffer.db'), join(dataDir, 'buffer.db'));
    syncDirectory(dataDir);
    dropStage(stage);
  } catch (error) {
    throw diskFault(error, dataDir, 'the restore is not complete and no gateway starts on it: run it again');
  }
}

/** Named users log in to the restored gateway as before. Users who are here already were made for it: they stay. */
function placePeople(dataDir: string): void {
  const from = join(dataDir, 'restored', 'config', 'people.json');
  const to = join(dataDir, 'people.json');
  if (!existsSync(from) || existsSync(to)) return;
  replaceDurably(to, readFileSync(from));
}

/** Its lanes are known by the certificates they have. Lanes that are here already were enrolled for it: they stay. */
function placeLanes(dataDir: string): void {
  const from = join(dataDir, 'restored', 'config', 'lanes');
  const to = join(dataDir, 'lanes');
  if (!existsSync(from) || existsSync(to)) return;
  rmSync(`${to}.new`, { recursive: true, force: true });
  mkdirSync(`${to}.new`, { mode: 0o700 });
  for (const name of readdirSync(from)) writeDurably(join(`${to}.new`, name), readFileSync(join(from, name)));
  syncDirectory(`${to}.new`);
  renameSync(`${to}.new`, to);
}

/** The key of a buffer that is gone from here may open what was copied away from it. */
function refuseOtherKey(path: string, boxKey: Uint8Array): void {
  if (!existsSync(path) || readFileSync(path).equals(boxKey)) return;
  throw taken(`${path} is another key`, 'Name an empty directory: a box key is never replaced.');
}

function syncTree(path: string): void {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.isDirectory()) syncTree(join(path, entry.name));
  }
  syncDirectory(path);
}

function taken(message: string, hint: string): CounterfoilError {
  return new CounterfoilError('usage', message, `${hint} Nothing was restored.`);
}
