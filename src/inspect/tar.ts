/** Where an export goes: a directory, or a POSIX tar (IEEE Std 1003.1, ustar) whose bytes depend on its contents alone. */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { CounterfoilError, messageOf } from '../base/errors.ts';
import { pieces } from './files.ts';

const BLOCK_BYTES = 512;
/** What tar reads and writes at once; the end of the file is filled up to it. */
const RECORD_BYTES = 20 * BLOCK_BYTES;
const MAX_NAME_BYTES = 100;

export interface BundleSink {
  /** A file with these bytes. Names are relative, with forward slashes. */
  add(name: string, bytes: Buffer | string): void;
  /** The first `length` bytes of a file on disk. */
  addFile(name: string, path: string, length: number): void;
  /** Everything is on disk under its final name. */
  finish(): void;
  /** Leaves nothing. */
  abandon(): void;
}

/** An empty or new directory. @throws CounterfoilError `usage` when something is in it, `storage_io`. */
export function directorySink(directory: string): BundleSink {
  const existed = existsSync(directory);
  if (existed && writing(directory, () => readdirSync(directory)).length > 0) throw isThere(directory);
  writing(directory, () => mkdirSync(directory, { recursive: true }));
  const made = (name: string): string => {
    const path = join(directory, name);
    mkdirSync(dirname(path), { recursive: true });
    return path;
  };
  return {
    add: (name, bytes) => writing(directory, () => writeFileSync(made(name), bytes, { flag: 'wx' })),
    addFile: (name, path, length) =>
      writing(directory, () => {
        // Read and written, not copied: a copy would keep a mode that forbids cutting it to length.
        const descriptor = openSync(made(name), 'wx');
        for (const piece of pieces(path, 0, length)) writeSync(descriptor, piece);
        closeSync(descriptor);
      }),
    finish: () => undefined,
    abandon: () => {
      for (const name of readdirSync(directory)) rmSync(join(directory, name), { recursive: true, force: true });
    },
  };
}

/** A tar file; until `finish` it has another name. `mtimeMs` is the time of everything in it. @throws CounterfoilError `usage`, `storage_io`. */
export function tarSink(file: string, mtimeMs: number): BundleSink {
  if (existsSync(file)) throw isThere(file);
  const part = `${file}.part`;
  const descriptor = writing(file, () => openSync(part, 'w'));
  let written = 0;
  const put = (bytes: Buffer): void => {
    for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
    written += bytes.length;
  };
  const pad = (to: number): void => {
    const rest = written % to;
    if (rest > 0) put(Buffer.alloc(to - rest));
  };
  const mtime = Math.floor(mtimeMs / 1000);
  return {
    add: (name, bytes) =>
      writing(file, () => {
        const data = Buffer.from(bytes);
        put(tarHeader(name, data.length, mtime));
        put(data);
        pad(BLOCK_BYTES);
      }),
    addFile: (name, path, length) =>
      writing(file, () => {
        put(tarHeader(name, length, mtime));
        for (const piece of pieces(path, 0, length)) put(piece);
        pad(BLOCK_BYTES);
      }),
    finish: () =>
      writing(file, () => {
        put(Buffer.alloc(2 * BLOCK_BYTES));
        pad(RECORD_BYTES);
        fsyncSync(descriptor);
        closeSync(descriptor);
        renameSync(part, file);
      }),
    abandon: () => {
      closeSync(descriptor);
      rmSync(part, { force: true });
    },
  };
}

/** Header of a plain file that anybody may read, and that belongs to nobody. */
function tarHeader(name: string, length: number, mtimeSeconds: number): Buffer {
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) throw new RangeError(`${name} is too long a name for a tar file`);
  const header = Buffer.alloc(BLOCK_BYTES);
  const octal = (value: number, at: number, bytes: number) =>
    header.write(value.toString(8).padStart(bytes - 1, '0'), at);
  header.write(name, 0);
  octal(0o644, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(length, 124, 12);
  octal(mtimeSeconds, 136, 12);
  header.fill(' ', 148, 156);
  header.write('0', 156);
  header.write('ustar\u000000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\u0000 `, 148);
  return header;
}

function isThere(target: string): CounterfoilError {
  return new CounterfoilError(
    'usage',
    `${target} is there already`,
    'Name a file or an empty directory; nothing is ever written over.',
  );
}

function writing<T>(target: string, task: () => T): T {
  try {
    return task();
  } catch (error) {
    if (error instanceof CounterfoilError) throw error;
    throw new CounterfoilError(
      'storage_io',
      `${target} cannot be written: ${messageOf(error)}`,
      'Check the directory and the space on its disk.',
      error,
    );
  }
}
