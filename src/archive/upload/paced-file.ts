/** A file read for an upload: hashed first, then sent at a pace that leaves the line and the processor to records. */
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { messageOf } from '../../base/errors.ts';
import { UploadFault } from './faults.ts';

const CHUNK_BYTES = 64 * 1024;

export interface HashedFile {
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
  /** Base64. */
  readonly md5: string;
  /** Last change, UTC ms. */
  readonly changedMs: number;
}

/** Reads it once through, with a pause after each chunk. Throws `file_unreadable`. */
export async function hashFile(path: string, pause: (bytes: number) => Promise<void>): Promise<HashedFile> {
  const sha256 = createHash('sha256');
  const md5 = createHash('md5');
  let bytes = 0;
  let changedMs = 0;
  await reading(path, async (file) => {
    changedMs = (await file.stat()).mtimeMs;
    for await (const chunk of chunksOf(file)) {
      sha256.update(chunk);
      md5.update(chunk);
      bytes += chunk.length;
      await pause(0);
    }
  });
  return { bytes, sha256: sha256.digest('hex'), md5: md5.digest('base64'), changedMs: Math.trunc(changedMs) };
}

/** Its first `bytes` bytes, in chunks, each followed by `pause`. Throws `file_unreadable`, also when there are fewer. */
export async function* sendFile(
  path: string,
  bytes: number,
  pause: (bytes: number) => Promise<void>,
): AsyncGenerator<Uint8Array> {
  const file = await open(path, 'r').catch((error: unknown) => {
    throw new UploadFault('file_unreadable', messageOf(error), error);
  });
  try {
    let left = bytes;
    for await (const chunk of chunksOf(file)) {
      const part = chunk.subarray(0, left);
      left -= part.length;
      yield part;
      if (left === 0) return;
      await pause(part.length);
    }
    throw new UploadFault('file_unreadable', 'it has become shorter');
  } finally {
    await file.close();
  }
}

async function reading(path: string, read: (file: FileHandle) => Promise<void>): Promise<void> {
  let file: FileHandle | null = null;
  try {
    file = await open(path, 'r');
    await read(file);
  } catch (error) {
    throw new UploadFault('file_unreadable', messageOf(error), error);
  } finally {
    await file?.close();
  }
}

/** Each chunk is a buffer of its own: a socket may still hold the one before. */
async function* chunksOf(file: FileHandle): AsyncGenerator<Buffer> {
  for (let at = 0; ; ) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}
