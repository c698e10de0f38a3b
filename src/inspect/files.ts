/** Files as the verifier reads them: synchronously, in large pieces, with one error an operator understands. */
import { closeSync, openSync, readSync } from 'node:fs';
import { CounterfoilError, messageOf } from '../base/errors.ts';
import { MAX_LINE_BYTES } from './entry-line.ts';

/** Large enough that system calls do not count, and many times the longest line. */
const PIECE_BYTES = 1024 * 1024;
const LINE_END = 10;

/** Runs `task` on an open file. @throws CounterfoilError `storage_io` when the file cannot be opened or read. */
function withFile<T>(path: string, task: (descriptor: number) => T): T {
  const descriptor = attempt(path, () => openSync(path, 'r'));
  try {
    return task(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** What a file system call gives, or `storage_io` with the file's name. */
export function attempt<T>(path: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw new CounterfoilError(
      'storage_io',
      `${path} cannot be read: ${messageOf(error)}`,
      'Check that the path is right and that you may read it; if the disk is failing, copy it first and verify the copy.',
      error,
    );
  }
}

/** Bytes `from` to `to` of a file in pieces; ends early where the file does. */
export function* pieces(path: string, from: number, to: number): Generator<Buffer> {
  const descriptor = attempt(path, () => openSync(path, 'r'));
  try {
    const piece = Buffer.allocUnsafe(Math.max(1, Math.min(PIECE_BYTES, to - from)));
    for (let at = from; at < to; ) {
      const length = attempt(path, () => readSync(descriptor, piece, 0, Math.min(piece.length, to - at), at));
      if (length === 0) return;
      yield piece.subarray(0, length);
      at += length;
    }
  } finally {
    closeSync(descriptor);
  }
}

/** A line: `bytes` from..to without its line end, at `offset` in the file. False ends the scan. */
export type OnLine = (bytes: Buffer, from: number, to: number, offset: number) => boolean;

export interface LineScanner {
  /**
   * Calls `onLine` for every complete line between two offsets; gives the offset behind the last of them. A line longer than
   * any of ours is handed over cut short. The byte before `from` belongs to nobody and may be written.
   */
  scan(path: string, from: number, to: number, onLine: OnLine): number;
}

/** A scanner with one buffer for all files; `onBytes` hears of every piece read. */
export function lineScanner(onBytes: (bytes: number) => void = () => undefined): LineScanner {
  const buffer = Buffer.allocUnsafe(1 + PIECE_BYTES + MAX_LINE_BYTES);
  return {
    scan: (path, from, to, onLine) =>
      withFile(path, (descriptor) => scanFile(descriptor, path, buffer, from, to, onLine, onBytes)),
  };
}

function scanFile(
  descriptor: number,
  path: string,
  buffer: Buffer,
  from: number,
  to: number,
  onLine: OnLine,
  onBytes: (bytes: number) => void,
): number {
  let filled = 1;
  let position = from;
  let lineEnd = from;
  let isTooLong = false;
  while (position < to) {
    const wanted = Math.min(PIECE_BYTES, to - position, buffer.length - filled);
    const length = attempt(path, () => readSync(descriptor, buffer, filled, wanted, position));
    if (length === 0) break;
    position += length;
    filled += length;
    onBytes(length);
    const view = buffer.subarray(0, filled);
    let at = 1;
    for (let end = view.indexOf(LINE_END, at); end !== -1; end = view.indexOf(LINE_END, at)) {
      const offset = lineEnd;
      lineEnd = position - (filled - end - 1);
      if (!isTooLong && !onLine(buffer, at, end, offset)) return lineEnd;
      isTooLong = false;
      at = end + 1;
    }
    if (filled - at > MAX_LINE_BYTES && !isTooLong) {
      isTooLong = true;
      if (!onLine(buffer, at, filled, lineEnd)) return lineEnd;
    }
    if (isTooLong) at = filled;
    buffer.copyWithin(1, at, filled);
    filled = 1 + filled - at;
  }
  return lineEnd;
}
