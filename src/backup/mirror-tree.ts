/**
 * What a copy of the buffer needs beside it on the second medium: the trail's segments and the archive's files, which only
 * grow, and the small files of users, lanes and keys, which are replaced as a whole. So the medium reads like a dead box's disk.
 *
 * If the power goes here, a growing file ends anywhere, in a part the copied buffer does not count on; a small one is the old or
 * the new. What the source has lost stays here; only what was destroyed by an act of expiry goes.
 */

import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { syncDirectory } from '../base/durable-async.ts';

const LOGS = ['audit', 'schedule_two'] as const;
const SEGMENT_NAME = /^s\d{8}\.log$/;
const ARCHIVE_DEPTH = 3;
const PIECE_BYTES = 256 * 1024;
/** So much of the end of a file must be the same, or all of it is copied anew. */
const COMPARED_BYTES = 4096;

export interface MirrorTreeParts {
  readonly dataDir: string;
  readonly trailDir: string;
  /** The medium's directory. */
  readonly to: string;
}

export class MirrorTree {
  readonly #parts: MirrorTreeParts;
  /** Bytes on the medium of each growing file; of a small file its time and length. */
  readonly #grown = new Map<string, number>();
  readonly #small = new Map<string, string>();

  constructor(parts: MirrorTreeParts) {
    this.#parts = parts;
  }

  /** Brings everything over; on the medium when this resolves. `isAnew`: nothing is taken for known. Throws what the medium throws. */
  async sync(isAnew: boolean): Promise<void> {
    if (isAnew) {
      this.#grown.clear();
      this.#small.clear();
    }
    const { dataDir, trailDir, to } = this.#parts;
    for (const log of LOGS) {
      for (const name of segmentsOf(join(trailDir, log))) {
        await this.#grow(join(trailDir, log, name), join(to, 'trail', log, name));
      }
    }
    for (const name of filesBelow(join(trailDir, 'archive'), '', ARCHIVE_DEPTH)) {
      await this.#grow(join(trailDir, 'archive', name), join(to, 'trail', 'archive', name));
    }
    for (const name of ['people.json', 'box.key.recovery', ...filesBelow(join(dataDir, 'lanes'), 'lanes', 1)]) {
      await this.#replace(join(dataDir, name), join(to, name));
    }
  }

  /** Removes files of the archive that an act of expiry has destroyed, by their names below `archive`. Throws as `sync`. */
  async expire(names: readonly string[]): Promise<void> {
    for (const name of names) await rm(join(this.#parts.to, 'trail', 'archive', name), { force: true });
  }

  async #grow(from: string, to: string): Promise<void> {
    const size = sizeOf(from);
    const known = this.#grown.get(to);
    if (size === null || size === known) return;
    const there = known ?? (await this.#lookAt(from, to, size));
    if (there === 0) await this.#makeFolder(dirname(to));
    if (there < size) await append(from, to, there, size);
    if (there === 0) await syncDirectory(dirname(to));
    this.#grown.set(to, size);
  }

  /** How much of the file on the medium is good: all of it when it is a beginning of the source's, else nothing. */
  async #lookAt(from: string, to: string, size: number): Promise<number> {
    const there = sizeOf(to) ?? 0;
    if (there > 0 && there <= size && sameEnd(from, to, there)) return there;
    if (there > 0) await rm(to);
    return 0;
  }

  async #replace(from: string, to: string): Promise<void> {
    const stat = statSync(from, { throwIfNoEntry: false });
    if (stat === undefined || !stat.isFile()) return;
    const mark = `${stat.mtimeMs} ${stat.size} ${stat.ino}`;
    if (this.#small.get(to) === mark) return;
    await this.#makeFolder(dirname(to));
    const file = await open(`${to}.new`, 'w', 0o600);
    try {
      await file.writeFile(readFileSync(from));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${to}.new`, to);
    await syncDirectory(dirname(to));
    this.#small.set(to, mark);
  }

  /** Names of folders are on the medium too when this resolves. */
  async #makeFolder(path: string): Promise<void> {
    if (existsSync(path)) return;
    await mkdir(path, { recursive: true, mode: 0o700 });
    for (let at = path; at !== this.#parts.to; at = dirname(at)) await syncDirectory(dirname(at));
  }
}

/** A partition that is not there now takes nothing away from the copy. */
function segmentsOf(directory: string): string[] {
  return namesIn(directory).filter((name) => SEGMENT_NAME.test(name));
}

function filesBelow(directory: string, prefix: string, depth: number): string[] {
  if (depth === 0 || !existsSync(directory)) return [];
  return namesIn(directory).flatMap((name) => {
    const stat = statSync(join(directory, name), { throwIfNoEntry: false });
    if (stat?.isDirectory() === true) return filesBelow(join(directory, name), join(prefix, name), depth - 1);
    return stat?.isFile() === true && !basename(name).endsWith('.new') ? [join(prefix, name)] : [];
  });
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return []; // not there, or not to be read: the trail's own health says so
  }
}

function sizeOf(path: string): number | null {
  return statSync(path, { throwIfNoEntry: false })?.size ?? null;
}

function sameEnd(from: string, to: string, bytes: number): boolean {
  return endOf(from, bytes).equals(endOf(to, bytes));
}

function endOf(path: string, bytes: number): Buffer {
  const end = Buffer.alloc(Math.min(COMPARED_BYTES, bytes));
  const file = openSync(path, 'r');
  try {
    readSync(file, end, 0, end.length, bytes - end.length);
    return end;
  } finally {
    closeSync(file);
  }
}

/** Bytes `from` to `until` of the source, which may have grown since. */
async function append(source: string, target: string, from: number, until: number): Promise<void> {
  const input = await open(source, 'r');
  let output: FileHandle | null = null;
  try {
    output = await open(target, from === 0 ? 'w' : 'r+', 0o600);
    const piece = Buffer.alloc(Math.min(PIECE_BYTES, until - from));
    for (let at = from; at < until; ) {
      const { bytesRead } = await input.read(piece, 0, Math.min(piece.length, until - at), at);
      if (bytesRead === 0) break;
      let done = 0;
      while (done < bytesRead) done += (await output.write(piece, done, bytesRead - done, at + done)).bytesWritten;
      at += bytesRead;
    }
    await output.datasync();
  } finally {
    await output?.close();
    await input.close();
  }
}
