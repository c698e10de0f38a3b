/** Reads a backup file from its beginning to its end: every chunk, every hash, nothing behind the last entry. */
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { z } from 'zod';
import { damaged, diskFault } from './faults.ts';
import { readHeader, streamKey, type Unlock, unlockHeader } from './header.ts';
import { type FileFigures, isEntryName, MANIFEST, type Manifest, manifestSchema } from './manifest.ts';
import { openSealed, type ReadAt } from './sealing.ts';

const HASH_BYTES = 32;
const MAX_HEAD_BYTES = 4096;
const MAX_MANIFEST_BYTES = 64 * 1024 * 1024;
const headSchema = z.strictObject({ bytes: z.int().min(0), name: z.string().refine(isEntryName) });

/** Takes the content of one entry, piece by piece. A piece is good only until the call returns. */
export interface EntrySink {
  take(piece: Uint8Array): void;
  /** The content is all there, and has the hash that was written. */
  done(): void;
}

export interface ReadTask {
  readonly path: string;
  readonly unlock: Unlock;
  /** Where the content of an entry goes; null: it is only checked. */
  readonly sinkFor: (name: string) => EntrySink | null;
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
}

/**
 * Reads all of a backup and gives its manifest, which names exactly the entries that were found.
 * @throws CounterfoilError `backup_damaged`, `backup_key_wrong`, `storage_io`.
 */
export function readBackup(task: ReadTask): Manifest {
  let file: number;
  try {
    file = openSync(task.path, 'r');
  } catch (error) {
    throw diskFault(error, task.path, 'nothing was read');
  }
  try {
    return readOpen(file, task);
  } finally {
    closeSync(file);
  }
}

function readOpen(file: number, { path, unlock, sinkFor, onProgress }: ReadTask): Manifest {
  const totalBytes = fstatSync(file).size;
  const read: ReadAt = (offset, bytes) => {
    const piece = Buffer.alloc(Math.max(0, bytes));
    try {
      let at = 0;
      for (let got = -1; at < piece.length && got !== 0; at += got)
        got = readSync(file, piece, at, piece.length - at, offset + at);
      onProgress?.(Math.min(totalBytes, offset + at), totalBytes);
      return piece.subarray(0, at);
    } catch (error) {
      throw diskFault(error, path, 'nothing was restored');
    }
  };
  const header = readHeader(read);
  const key = streamKey(unlockHeader(header, unlock), header.hash);
  const source = new Source(openSealed(key, read, header.end, totalBytes));
  const files: FileFigures[] = [];
  for (;;) {
    const head = readHead(source);
    if (head.name === MANIFEST) return lastEntry(source, head, files);
    if (files.some(({ name }) => name === head.name)) throw damaged(`it holds ${head.name} twice`);
    const sink = sinkFor(head.name);
    files.push(readContent(source, head, sink));
    sink?.done();
  }
}

function readHead(source: Source): { readonly bytes: number; readonly name: string } {
  const length = source.all(4).readUInt32BE();
  if (length > MAX_HEAD_BYTES) throw damaged('it holds an entry of a kind this program does not know');
  const head = headSchema.safeParse(parsed(source.all(length)));
  if (!head.success) throw damaged('it holds an entry of a kind this program does not know');
  return head.data;
}

function readContent(
  source: Source,
  { bytes, name }: { bytes: number; name: string },
  sink: Pick<EntrySink, 'take'> | null,
): FileFigures {
  const digest = createHash('sha256');
  for (let left = bytes; left > 0; ) {
    const piece = source.some(left);
    digest.update(piece);
    sink?.take(piece);
    left -= piece.length;
  }
  const hash = digest.digest();
  if (!hash.equals(source.all(HASH_BYTES))) throw damaged(`${name} does not have the hash that was written with it`);
  return { name, bytes, sha256: hash.toString('base64') };
}

function lastEntry(source: Source, head: { bytes: number; name: string }, files: readonly FileFigures[]): Manifest {
  if (head.bytes > MAX_MANIFEST_BYTES) throw damaged('its manifest is too long');
  const pieces: Buffer[] = [];
  readContent(source, head, { take: (piece) => pieces.push(Buffer.from(piece)) });
  if (!source.isAtEnd()) throw damaged('something follows its last entry');
  const manifest = manifestSchema.safeParse(parsed(Buffer.concat(pieces)));
  if (!manifest.success) throw damaged('its manifest is of a kind this program does not know');
  if (JSON.stringify(manifest.data.files) !== JSON.stringify(files)) {
    throw damaged('its manifest names other entries than it holds');
  }
  return manifest.data;
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return null;
  }
}

/** The opened stream as bytes to be asked for. */
class Source {
  readonly #chunks: Iterator<Buffer, void>;
  #chunk: Buffer = Buffer.alloc(0);

  constructor(chunks: Iterator<Buffer, void>) {
    this.#chunks = chunks;
  }

  /** At least one byte, at most `most`. */
  some(most: number): Buffer {
    if (!this.#fill()) throw damaged('it ends too soon');
    const piece = this.#chunk.subarray(0, most);
    this.#chunk = this.#chunk.subarray(piece.length);
    return piece;
  }

  /** Exactly so many bytes. */
  all(bytes: number): Buffer {
    const whole = Buffer.alloc(bytes);
    for (let at = 0; at < bytes; ) {
      const piece = this.some(bytes - at);
      whole.set(piece, at);
      at += piece.length;
    }
    return whole;
  }

  isAtEnd(): boolean {
    return !this.#fill();
  }

  #fill(): boolean {
    while (this.#chunk.length === 0) {
      const next = this.#chunks.next();
      if (next.done === true) return false;
      this.#chunk = next.value;
    }
    return true;
  }
}
