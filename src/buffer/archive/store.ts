/** The archive as the buffer offers it to its stage: reads on the reading connection, changes by the writer. */
import { hash, randomBytes } from 'node:crypto';
import type { Database } from 'better-sqlite3';
import type { Stream } from '../../record/types.ts';
import type { TrailPlace } from '../api.ts';
import type {
  ArchiveFileName,
  ArchiveHeader,
  ArchiveMonth,
  ArchivePart,
  ArchiveTotals,
  BufferArchive,
  ExpiryAct,
  FramePlace,
  Gathered,
  GatherQuery,
  KeptRecord,
  Removed,
  SealedFrame,
  WrittenFrame,
} from '../archive-api.ts';
import { streamCode, streamName } from '../codes.ts';
import type { Keyring } from '../keyring.ts';
import type { ArchiveDone, ArchiveStep, ForgottenKey } from './archive-group.ts';
import { monthHash } from './expiry.ts';
import { encodeFrame, encodeHeader, previousOf } from './format.ts';
import type { FrameReader } from './frames.ts';
import { Gatherer } from './gather.ts';
import type { KeptReader } from './kept.ts';

interface PartRow extends ArchiveFileName {
  fileId: string;
  keyId: number;
  bytes: number;
  frames: number;
  hash: Buffer;
  sealed: number;
}

export interface ArchiveStoreParts {
  readonly db: Database;
  readonly ring: Keyring;
  readonly gatewayId: string;
  readonly kept: KeptReader;
  readonly frames: FrameReader;
  readonly ask: (step: ArchiveStep) => Promise<ArchiveDone>;
}

export class ArchiveStore implements BufferArchive {
  readonly #parts: ArchiveStoreParts;
  readonly #gatherer: Gatherer;
  readonly #bufferId: string;
  readonly #sql;

  constructor(parts: ArchiveStoreParts) {
    const { db } = parts;
    this.#parts = parts;
    this.#gatherer = new Gatherer(db, parts.kept);
    const meta = db.prepare<[], { value: string }>("SELECT value FROM meta WHERE name = 'buffer_id'");
    this.#bufferId = meta.get()?.value ?? '';
    this.#sql = {
      totals: db.prepare<[], Omit<ArchiveTotals, 'oldestSettledMs'>>(
        `SELECT COALESCE(SUM(records), 0) AS records, COALESCE(SUM(bytes), 0) AS bytes, COUNT(*) AS files,
         MIN(from_ms) AS fromMs, MAX(to_ms) AS toMs FROM archive_file WHERE expired_by IS NULL`,
      ),
      oldestSettled: db.prepare<[], { at: number }>(
        // Only the head of the buffer: behind a long outage there may be a million rows that wait.
        `SELECT received_ms AS at FROM (SELECT received_ms, state FROM record ORDER BY record_id LIMIT 2000)
         WHERE state IN (1, 9) LIMIT 1`,
      ),
      newestPart: db.prepare<[number, string], PartRow>(
        `SELECT part, file_id AS fileId, key_id AS keyId, bytes, frames, hash, sealed_ms IS NOT NULL AS sealed
         FROM archive_file WHERE stream = ? AND month = ? ORDER BY part DESC LIMIT 1`,
      ),
      open: db.prepare<[], { stream: number; month: string; part: number }>(
        'SELECT stream, month, part FROM archive_file WHERE sealed_ms IS NULL AND expired_by IS NULL ORDER BY file',
      ),
      sealed: db.prepare<[], { stream: number; month: string; part: number }>(
        'SELECT stream, month, part FROM archive_file WHERE sealed_ms IS NOT NULL AND expired_by IS NULL ORDER BY file',
      ),
      expired: db.prepare<[], { stream: number; month: string; part: number }>(
        'SELECT stream, month, part FROM archive_file WHERE expired_by IS NOT NULL AND removed_ms IS NULL ORDER BY file',
      ),
      files: db.prepare<[], Omit<ArchiveMonth, 'stream' | 'files'> & { stream: number }>(
        `SELECT stream, month, records, bytes, to_ms AS toMs, archived_ms AS archivedMs, hash FROM archive_file
         WHERE expired_by IS NULL ORDER BY month, stream, part`,
      ),
    };
  }

  async begin(): Promise<void> {
    await this.#parts.ask({ step: 'begin' });
  }

  totals(): ArchiveTotals {
    const none = { records: 0, bytes: 0, files: 0, fromMs: null, toMs: null };
    return { ...(this.#sql.totals.get() ?? none), oldestSettledMs: this.#sql.oldestSettled.get()?.at ?? null };
  }

  newestPart(stream: Stream, month: string): ArchivePart | null {
    const row = this.#sql.newestPart.get(streamCode(stream), month);
    return row === undefined ? null : { ...row, isSealed: row.sealed === 1 };
  }

  openParts(): ArchiveFileName[] {
    return this.#sql.open.all().map((row) => ({ ...row, stream: streamName(row.stream) }));
  }

  sealedParts(): ArchiveFileName[] {
    return this.#sql.sealed.all().map((row) => ({ ...row, stream: streamName(row.stream) }));
  }

  gather(query: GatherQuery): Gathered {
    return this.#gatherer.gather(query);
  }

  header({ stream, month, part }: ArchiveFileName, previous: ArchivePart | null, createdMs: number): ArchiveHeader {
    const { keyId, wrapped } = this.#parts.ring.archiveKey();
    const fileId = randomBytes(8).toString('hex');
    const bytes = encodeHeader({
      buffer_id: this.#bufferId,
      created_ms: createdMs,
      file_id: fileId,
      gateway_id: this.#parts.gatewayId,
      key_id: keyId,
      month,
      part,
      previous: previousOf(previous),
      stream,
      v: 1,
      wrapped: wrapped.toString('base64'),
    });
    return { fileId, keyId, bytes, hash: hash('sha256', bytes, 'buffer') };
  }

  seal(place: FramePlace, records: readonly KeptRecord[]): SealedFrame {
    return encodeFrame(this.#parts.ring.archiveKey(place.keyId), place, records);
  }

  async noteFrame(frame: WrittenFrame): Promise<TrailPlace> {
    // Only what the writer needs crosses the threads.
    const records = frame.records.map(({ record_id, stream_number, received_ms, pack, slot }) => ({
      record_id,
      stream_number,
      received_ms,
      pack,
      slot,
    }));
    return await this.#enter({ step: 'note', frame: { ...frame, records } });
  }

  async removeRows(limit: number): Promise<Removed> {
    return await this.#remove({ step: 'remove', limit });
  }

  async noteSealed(name: ArchiveFileName): Promise<void> {
    await this.#parts.ask({ step: 'sealed', name });
  }

  months(): ArchiveMonth[] {
    const months = Map.groupBy(this.#sql.files.all(), ({ stream, month }) => `${month} ${stream}`);
    return [...months.values()].flatMap((files) => {
      const [first] = files;
      if (first === undefined) return [];
      const sum = (of: 'records' | 'bytes') => files.reduce((total, file) => total + file[of], 0);
      return {
        stream: streamName(first.stream),
        month: first.month,
        files: files.length,
        records: sum('records'),
        bytes: sum('bytes'),
        toMs: Math.max(...files.map(({ toMs }) => toMs)),
        archivedMs: Math.max(...files.map(({ archivedMs }) => archivedMs)),
        hash: monthHash(files),
      };
    });
  }

  async expire(act: ExpiryAct): Promise<TrailPlace> {
    return await this.#enter({ step: 'expire', act });
  }

  expiredFiles(): ArchiveFileName[] {
    return this.#sql.expired.all().map((row) => ({ ...row, stream: streamName(row.stream) }));
  }

  async forget({ stream, month, part }: ArchiveFileName): Promise<Removed> {
    const frame = this.#parts.frames.firstOf(streamCode(stream), month, part);
    if (frame === undefined) return { rows: 0, more: false };
    // A frame that cannot be read names no keys; they stay, and a key whose frame is gone counts as forgotten.
    const records = this.#parts.frames.open(frame)?.records() ?? [];
    return await this.#remove({ step: 'forget', frame: frame.frame, keys: records.map(forgotten) });
  }

  async noteGone(name: ArchiveFileName): Promise<void> {
    await this.#parts.ask({ step: 'gone', name });
  }

  filterHash(filter: string): string {
    return this.#parts.ring.filterHash(filter);
  }

  async #enter(step: ArchiveStep): Promise<TrailPlace> {
    const done = await this.#parts.ask(step);
    if (done.done !== 'entered') throw new Error('the writer answered an archive step with something else');
    return { ...done.place, leaf: Buffer.from(done.place.leaf) };
  }

  async #remove(step: ArchiveStep): Promise<Removed> {
    const done = await this.#parts.ask(step);
    if (done.done !== 'removed') throw new Error('the writer answered an archive step with something else');
    return { rows: done.rows, more: done.more };
  }
}

function forgotten({ key, fill, record_id: recordId }: KeptRecord): ForgottenKey {
  const latin1 = (base64: string) => Buffer.from(base64, 'base64').toString('latin1');
  return { key: latin1(key), fill: fill === null ? null : latin1(fill), recordId };
}
