/**
 * What the trail asks of a file system. A parameter, so that tests can make each call fail: not done, or done and not
 * told. Errors are Node's, with `code`.
 */
import { constants } from 'node:fs';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { segmentNumber } from './names.ts';

/** An open segment. Nothing but appends: whoever could write elsewhere in it could change what is there. */
export interface AppendHandle {
  /** Writes at the end. After a rejection any part of it may be there. */
  append(bytes: Uint8Array): Promise<void>;
  /** fdatasync(2): resolves when all of the file is on disk. After a rejection this file must never be relied on again. */
  sync(): Promise<void>;
  size(): Promise<number>;
  close(): Promise<void>;
}

export interface SegmentFile {
  readonly n: number;
  readonly bytes: number;
}

export interface TrailDisk {
  /** Segments of a directory by number; none when it does not exist. */
  list(directory: string): Promise<readonly SegmentFile[]>;
  /** Opens an existing file for appends only. */
  open(path: string): Promise<AppendHandle>;
  /** At most `length` bytes from an offset; fewer at the end of the file. */
  read(path: string, start: number, length: number): Promise<Buffer>;
  /** fdatasync of a file that is not open for writing. */
  sync(path: string): Promise<void>;
}

export const nodeDisk: TrailDisk = {
  async list(directory) {
    const names = await readdir(directory).catch((error: unknown) => {
      if (isMissing(error)) return [];
      throw error;
    });
    const files: SegmentFile[] = [];
    for (const name of names.sort()) {
      const n = segmentNumber(name);
      if (n === null) continue;
      const { size } = await withFile(join(directory, name), 'r', (file) => file.stat());
      files.push({ n, bytes: size });
    }
    return files;
  },
  async open(path) {
    // "a" would make the file: whether it exists, and how, is the keeper's business.
    return handleOf(await open(path, constants.O_WRONLY | constants.O_APPEND));
  },
  async read(path, start, length) {
    return await withFile(path, 'r', async (file) => {
      const bytes = Buffer.allocUnsafe(length);
      let have = 0;
      while (have < length) {
        const { bytesRead } = await file.read(bytes, have, length - have, start + have);
        if (bytesRead === 0) break;
        have += bytesRead;
      }
      return bytes.subarray(0, have);
    });
  },
  async sync(path) {
    await withFile(path, 'r', (file) => file.datasync());
  },
};

function handleOf(file: FileHandle): AppendHandle {
  return {
    async append(bytes) {
      for (let written = 0; written < bytes.length; ) {
        const { bytesWritten } = await file.write(bytes, written, bytes.length - written);
        written += bytesWritten;
      }
    },
    sync: () => file.datasync(),
    size: async () => (await file.stat()).size,
    close: () => file.close(),
  };
}

async function withFile<T>(path: string, flags: string, task: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await open(path, flags);
  try {
    return await task(file);
  } finally {
    await file.close();
  }
}

/** The `code` of a Node or Counterfoil error; `unknown` without one. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown';
}

function isMissing(error: unknown): boolean {
  return codeOf(error) === 'ENOENT';
}
