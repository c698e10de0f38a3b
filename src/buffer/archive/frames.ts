/**
 * Reading the archive by what the buffer knows of it: a record by its key, a place in a stream, frame after frame for a
 * search. Only frames with a row count; what else is in the files was never finished and stands in a later part again.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from 'better-sqlite3';
import { archivePath, type KeptRecord } from '../archive-api.ts';
import { streamName } from '../codes.ts';
import type { Keyring } from '../keyring.ts';
import { type OpenedFrame, openFrame } from './format.ts';

export interface FrameRow {
  frame: number;
  number: number;
  place: number;
  bytes: number;
  records: number;
  stream: number;
  month: string;
  part: number;
  fileId: string;
  keyId: number;
  /** First and last reception in its file. */
  fromMs: number;
  toMs: number;
}

/** What is left of a record's key in the buffer. */
export interface ArchivedKey {
  recordId: number;
  laneHash: Buffer;
  state: number;
  frame: number;
}

const FRAMES = `SELECT a.frame, a.number, a.place, a.bytes, a.records, a.stream, f.month, f.part, f.file_id AS fileId,
  f.key_id AS keyId, f.from_ms AS fromMs, f.to_ms AS toMs FROM archive_frame a JOIN archive_file f ON f.file = a.file WHERE`;

/** A till that sends an old outbox again asks for neighbours. */
const FRAMES_KEPT = 4;

export class FrameReader {
  readonly #ring: Keyring;
  readonly #directory: string | null;
  readonly #sql;
  readonly #opened = new Map<number, readonly KeptRecord[]>();

  /** `directory`: of the archive; null where there is none. */
  constructor(db: Database, ring: Keyring, directory: string | null) {
    this.#ring = ring;
    this.#directory = directory;
    this.#sql = {
      byKey: db.prepare<[Buffer], ArchivedKey>(
        `SELECT record_id AS recordId, lane_hash AS laneHash, state, frame FROM key_index
         WHERE key = ? AND frame IS NOT NULL`,
      ),
      frame: db.prepare<[number], FrameRow>(`${FRAMES} a.frame = ?`),
      line: db.prepare<[number, number, number], FrameRow>(
        `${FRAMES} a.stream = ? AND a.last_number >= ? AND a.first_number < ? ORDER BY a.last_number`,
      ),
      after: db.prepare<[number, number], FrameRow>(
        `${FRAMES} a.frame > ? AND f.expired_by IS NULL ORDER BY a.frame LIMIT ?`,
      ),
      ofFile: db.prepare<[number, string, number], FrameRow>(
        `${FRAMES} f.stream = ? AND f.month = ? AND f.part = ? ORDER BY a.number LIMIT 1`,
      ),
    };
  }

  /** The key of an archived record; undefined when no archived record has it. Latin1, as the key tail has it. */
  keyOf(key: string): ArchivedKey | undefined {
    return this.#sql.byKey.get(Buffer.from(key, 'latin1'));
  }

  /**
   * An archived record; `expired` when its frame has been destroyed by an act, null when its frame cannot be read now.
   */
  find({ frame, recordId }: ArchivedKey): KeptRecord | 'expired' | null {
    const row = this.#sql.frame.get(frame);
    if (row === undefined) return 'expired';
    return this.#recordsOf(row)?.find((record) => record.record_id === recordId) ?? null;
  }

  /** Records of a stream from a row's number on, in that order; what cannot be read is missing. */
  line(stream: number, number: number, limit: number): KeptRecord[] {
    const end = number + limit;
    return this.#sql.line
      .all(stream, number, end)
      .flatMap((row) => this.#recordsOf(row) ?? [])
      .filter(({ stream_number: at }) => at !== null && at >= number && at < end)
      .sort((a, b) => (a.stream_number ?? 0) - (b.stream_number ?? 0));
  }

  /** Rows of frames after one, in the order they were written. */
  framesAfter(frame: number, limit: number): FrameRow[] {
    return this.#sql.after.all(frame, limit);
  }

  /** The first frame of a file that still has a row. */
  firstOf(stream: number, month: string, part: number): FrameRow | undefined {
    return this.#sql.ofFile.get(stream, month, part);
  }

  #recordsOf(row: FrameRow): readonly KeptRecord[] | null {
    const known = this.#opened.get(row.frame);
    if (known !== undefined) return known;
    const records = this.open(row)?.records() ?? null;
    if (records === null) return null;
    if (this.#opened.size >= FRAMES_KEPT) {
      for (const [oldest] of this.#opened.entries().take(1)) this.#opened.delete(oldest);
    }
    this.#opened.set(row.frame, records);
    return records;
  }

  /** Null when the file is missing, cannot be read, or does not hold this frame unaltered. */
  open(row: FrameRow): OpenedFrame | null {
    if (this.#directory === null) return null;
    const bytes = readAt(join(this.#directory, archivePath({ ...row, stream: streamName(row.stream) })), row);
    return bytes === null ? null : openFrame(this.#ring.archiveKey(row.keyId), row, bytes);
  }
}

function readAt(path: string, { place, bytes }: FrameRow): Buffer | null {
  try {
    const fd = openSync(path, 'r');
    try {
      const buffer = Buffer.alloc(bytes);
      return readSync(fd, buffer, 0, bytes, place) === bytes ? buffer : null;
    } finally {
      closeSync(fd);
    }
  } catch {
    // Whoever asks knows what is missing without it, and the archive's facts tell people.
    return null;
  }
}
