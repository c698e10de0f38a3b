/**
 * Follows the write-ahead log of the running buffer, from outside, by reading its file: no lock, nothing the writer could
 * notice. What it gives is whole by the log's own checksums, or it says that it has lost the thread.
 *
 * The log is restarted when all of it has been folded into the buffer: the writer begins again at the file's start, under new
 * salts. What stood behind stays in the file until it is written over. So after a restart the end of the life before is read
 * where we are, and counts only if the new life, read after it, has not come that far. Then no frame can have been missed.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import {
  type Checksum,
  frameBytes,
  parseWalHeader,
  readRun,
  WAL_HEADER_BYTES,
  type WalHeader,
  type WalRun,
} from './wal-format.ts';

/** Where a reader of the log stands: everything before `at` is taken. */
export interface LogPlace {
  readonly header: WalHeader;
  readonly at: number;
  readonly sum: Checksum;
}

/** Pages that were changed by commits, in the newest form. */
export interface Changes {
  readonly pages: ReadonlyMap<number, Buffer>;
  /** Pages of the database after them. */
  readonly databasePages: number;
}

/** More of the log than this is not followed but read anew from the buffer itself: memory is bounded. */
const MOST_BYTES = 64 * 1024 * 1024;

/** `lost`: frames may have been missed; the buffer itself has to be compared. */
export type Followed = { readonly changes: Changes | null; readonly place: LogPlace } | 'lost';

/** What was committed since `place`. `limitBytes` is the size to which the writer cuts a long log when it restarts it. */
export function follow(path: string, place: LogPlace, limitBytes: number): Followed {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    if (isAbsent(error)) return 'lost';
    throw error;
  }
  try {
    const rest = readFrom(file, place.at);
    if (rest === null) return 'lost';
    const run = readRun(rest, place.header, place.sum);
    const moved = { header: place.header, at: place.at + run.committedBytes, sum: run.sum };
    const head = readSome(file, 0, WAL_HEADER_BYTES);
    const header = parseWalHeader(head);
    // Cut to nothing, or seen while it is being written: then the next look tells.
    if (header === null) return head.length < WAL_HEADER_BYTES ? 'lost' : { changes: changesOf([run]), place: moved };
    if (isSame(header, place.header)) return { changes: changesOf([run]), place: moved };
    return afterRestart(file, { header, before: place, run, limitBytes });
  } finally {
    closeSync(file);
  }
}

interface Restarted {
  readonly header: WalHeader;
  readonly before: LogPlace;
  /** What was read of the life before. */
  readonly run: WalRun;
  readonly limitBytes: number;
}

function afterRestart(file: number, { header, before, run, limitBytes }: Restarted): Followed {
  const isNext =
    header.salt1 === (before.header.salt1 + 1) >>> 0 && header.restarts === (before.header.restarts + 1) >>> 0;
  const size = fstatSync(file).size;
  const fresh = readFrom(file, WAL_HEADER_BYTES);
  // A file that was cut, to nothing or to the limit, may have ended with frames nobody has read.
  const isCut = size < before.at + run.wholeBytes || size === limitBytes;
  if (!isNext || fresh === null || isCut) return 'lost';
  const young = readRun(fresh, header, header.sum);
  // One frame more may be under way.
  const reached = WAL_HEADER_BYTES + young.wholeBytes + frameBytes(header.pageBytes);
  if (reached > before.at + run.wholeBytes) return 'lost';
  const place = { header, at: WAL_HEADER_BYTES + young.committedBytes, sum: young.sum };
  return { changes: changesOf([run, young]), place };
}

/** The whole log as it is now; null when there is none. For whoever holds the buffer's pages still meanwhile. */
export function readLog(path: string): { readonly run: WalRun; readonly place: LogPlace } | 'too_long' | null {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
  try {
    const header = parseWalHeader(readSome(file, 0, WAL_HEADER_BYTES));
    if (header === null) return null;
    const rest = readFrom(file, WAL_HEADER_BYTES);
    if (rest === null) return 'too_long';
    const run = readRun(rest, header, header.sum);
    return { run, place: { header, at: WAL_HEADER_BYTES + run.committedBytes, sum: run.sum } };
  } finally {
    closeSync(file);
  }
}

function changesOf(runs: readonly WalRun[]): Changes | null {
  const last = runs.findLast(({ databasePages }) => databasePages > 0);
  if (last === undefined) return null;
  const pages = new Map(runs.flatMap((run) => [...run.pages]));
  return { pages, databasePages: last.databasePages };
}

const isSame = (a: WalHeader, b: WalHeader): boolean =>
  a.salt1 === b.salt1 && a.salt2 === b.salt2 && a.restarts === b.restarts && a.pageBytes === b.pageBytes;

/** From `at` to the end; null when that is more than is read at once. */
function readFrom(file: number, at: number): Buffer | null {
  const left = Math.max(0, fstatSync(file).size - at);
  return left > MOST_BYTES ? null : readSome(file, at, left);
}

function readSome(file: number, at: number, bytes: number): Buffer {
  const piece = Buffer.alloc(bytes);
  let got = 0;
  for (let read = -1; got < bytes && read !== 0; got += read) read = readSync(file, piece, got, bytes - got, at + got);
  return piece.subarray(0, got);
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
