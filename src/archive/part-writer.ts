/**
 * Appending frames to the parts of a month. A part is continued only when its file is exactly as long as the buffer says:
 * whatever else is in it was being written when the power went or a write failed, and it cannot be taken away again. Then
 * another part is begun, whose header says how much of the one before counts. After a failed write or fsync the same: what
 * the disk holds of it is not known, so nothing is tried twice on it.
 */
import { type FileHandle, open } from 'node:fs/promises';
import type { ArchiveFileName, ArchivePart, BufferArchive, KeptRecord, WrittenFrame } from '../buffer/api.ts';
import type { Stream } from '../record/types.ts';
import type { ArchiveKeeper } from './keeper.ts';

/** A part is closed when it is longer: small enough to copy and to seal, large enough that a month has few. */
const PART_BYTES = 64 * 1024 * 1024;

interface Target extends ArchiveFileName {
  readonly path: string;
  readonly fileId: string;
  readonly keyId: number;
  readonly number: number;
  readonly previous: Buffer;
  /** Length of the file before this frame. */
  readonly place: number;
  /** Of a new part. */
  readonly header: Buffer | null;
}

export class PartWriter {
  readonly #archive: BufferArchive;
  readonly #keeper: ArchiveKeeper;
  /** Parts whose last append failed; only as long as the process lives: the next one sees their length. */
  readonly #abandoned = new Set<string>();

  constructor(archive: BufferArchive, keeper: ArchiveKeeper) {
    this.#archive = archive;
    this.#keeper = keeper;
  }

  /** Appends the records as one frame; when this returns, they are synced in the file that it names. */
  async write(stream: Stream, month: string, records: readonly KeptRecord[], nowMs: number): Promise<WrittenFrame> {
    const target = await this.#target(stream, month, nowMs);
    const place = target.place + (target.header?.length ?? 0);
    const at = { fileId: target.fileId, keyId: target.keyId, number: target.number, archivedMs: nowMs };
    const frame = this.#archive.seal({ ...at, previous: target.previous }, records);
    const bytes = target.header === null ? frame.bytes : Buffer.concat([target.header, frame.bytes]);
    try {
      await append(target.path, bytes);
    } catch (error) {
      this.#abandoned.add(nameOf(target));
      throw error;
    }
    const written = { stream, month, part: target.part, place, bytes: frame.bytes.length, hash: frame.hash };
    return { ...at, ...written, previous: target.previous, records };
  }

  async #target(stream: Stream, month: string, nowMs: number): Promise<Target> {
    const newest = this.#archive.newestPart(stream, month);
    if (newest !== null && !newest.isSealed && newest.bytes < PART_BYTES) {
      const name = { stream, month, part: newest.part };
      const { path, bytes, isSealed } = await this.#keeper.prepare(name);
      if (!isSealed && bytes === newest.bytes && !this.#abandoned.has(nameOf(name)))
        return continued(name, path, newest);
    }
    return await this.#begun(stream, month, newest, nowMs);
  }

  /** The first part above all known ones whose file is empty: a longer one is what a lost step has left. */
  async #begun(stream: Stream, month: string, newest: ArchivePart | null, nowMs: number): Promise<Target> {
    for (let part = (newest?.part ?? 0) + 1; ; part++) {
      const name = { stream, month, part };
      const { path, bytes, isSealed } = await this.#keeper.prepare(name);
      if (isSealed || bytes > 0 || this.#abandoned.has(nameOf(name))) continue;
      const header = this.#archive.header(name, newest, nowMs);
      const { fileId, keyId, hash } = header;
      return { ...name, path, fileId, keyId, number: 0, previous: hash, place: 0, header: header.bytes };
    }
  }
}

function continued(name: ArchiveFileName, path: string, part: ArchivePart): Target {
  const { fileId, keyId, frames, hash, bytes } = part;
  return { ...name, path, fileId, keyId, number: frames, previous: hash, place: bytes, header: null };
}

const nameOf = ({ stream, month, part }: ArchiveFileName): string => `${stream} ${month} ${part}`;

async function append(path: string, bytes: Buffer): Promise<void> {
  let file: FileHandle | null = null;
  try {
    file = await open(path, 'a', 0o600);
    const { bytesWritten } = await file.write(bytes);
    // The rest of a short write would have to be a second one; the part is given up instead.
    if (bytesWritten !== bytes.length) throw new Error(`only ${bytesWritten} of ${bytes.length} bytes were written`);
    await file.datasync();
  } finally {
    await file?.close();
  }
}
