/**
 * Reads a dead box's disk, mounted on another machine, and lays what a gateway needs into the folders of a restore. The
 * disk itself is only read, so a failing one is asked for each byte once, and one mounted read-only is enough.
 */

import { constants, copyFileSync, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { syncFile } from '../base/durable.ts';
import { CounterfoilError } from '../base/errors.ts';
import { diskFault } from './faults.ts';

/** Where a data_dir lies on the disks this product is delivered on, and in a folder somebody has copied. */
const DATA_DIRS = ['', 'data', 'var/lib/counterfoil', 'lib/counterfoil', 'counterfoil'];
const TRAIL_DIRS = ['trail', '', 'worm'];
const LOGS = ['audit', 'schedule_two'] as const;

export interface DeadBox {
  readonly dataDir: string;
  /** Null when no trail was found: its segments are lost or on another disk. */
  readonly trailDir: string | null;
}

/** Finds the directories. @throws CounterfoilError `usage` when there is no buffer. */
export function findDeadBox(disk: string, trailDisk: string | null): DeadBox {
  const dataDir = DATA_DIRS.map((name) => join(disk, name)).find((path) => existsSync(join(path, 'buffer.db')));
  if (dataDir === undefined) {
    throw new CounterfoilError(
      'usage',
      `there is no buffer.db on ${disk}`,
      'Mount the data partition of the dead box read-only and name the directory in which buffer.db lies.',
    );
  }
  const roots = trailDisk === null ? [dataDir] : [trailDisk];
  const trailDir = roots
    .flatMap((root) => TRAIL_DIRS.map((name) => join(root, name)))
    .find((path) => LOGS.some((log) => existsSync(join(path, log))));
  return { dataDir, trailDir: trailDir ?? null };
}

export interface DeadCopyTask extends DeadBox {
  /** Gets `buffer.db` and its log. */
  readonly data: string;
  /** Gets `trail/` and `archive/`. */
  readonly trail: string;
  readonly onProgress: (doneBytes: number, totalBytes: number) => void;
}

/** Copies; what it wrote is synced. @throws CounterfoilError `storage_full`, `storage_io`. */
export function copyDeadBox({ dataDir, trailDir, data, trail, onProgress }: DeadCopyTask): void {
  const files = [
    ...bufferFiles(dataDir, data),
    ...whoFiles(dataDir, data),
    ...(trailDir === null ? [] : trailFiles(trailDir, trail)),
  ];
  const total = files.reduce((sum, { from }) => sum + statSync(from).size, 0);
  let done = 0;
  for (const { from, to } of files) {
    try {
      mkdirSync(join(to, '..'), { recursive: true, mode: 0o700 });
      copyFileSync(from, to, constants.COPYFILE_EXCL);
      syncFile(to);
    } catch (error) {
      throw diskFault(error, from, 'nothing was rescued');
    }
    done += statSync(from).size;
    onProgress(done, total);
  }
}

interface FileCopy {
  readonly from: string;
  readonly to: string;
}

/** The write-ahead log holds the newest commits of a box that did not end; without it they would be lost. */
function bufferFiles(dataDir: string, data: string): FileCopy[] {
  return ['buffer.db', 'buffer.db-wal']
    .filter((name) => existsSync(join(dataDir, name)))
    .map((name) => ({ from: join(dataDir, name), to: join(data, name) }));
}

/** Users and lanes: verifiers and what is sealed under passwords or the box key. The rescued gateway knows them at once. */
function whoFiles(dataDir: string, data: string): FileCopy[] {
  const people = { from: join(dataDir, 'people.json'), to: join(data, 'config', 'people.json') };
  const lanes = below(join(dataDir, 'lanes'), join(data, 'config', 'lanes'));
  return [...(existsSync(people.from) ? [people] : []), ...lanes];
}

function trailFiles(trailDir: string, trail: string): FileCopy[] {
  const segments = LOGS.flatMap((log) => below(join(trailDir, log), join(trail, 'trail', log)));
  return [...segments, ...below(join(trailDir, 'archive'), join(trail, 'archive'))];
}

function below(from: string, to: string): FileCopy[] {
  if (!existsSync(from)) return [];
  return readdirSync(from, { withFileTypes: true }).flatMap((entry) => {
    const each = { from: join(from, entry.name), to: join(to, entry.name) };
    return entry.isDirectory() ? below(each.from, each.to) : [each];
  });
}
