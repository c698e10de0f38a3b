/**
 * All pages of the running buffer as of one moment, read from its files while a read transaction keeps them as they are.
 *
 * A reader's mark lets nobody fold back what was committed after it, and what was committed before is in the log we read
 * first or already in the file. So a page is the log's newest form of it, else what the file has. Opening and closing the
 * file drops this process's locks on it (POSIX), so its descriptor is opened before the transaction and closed after it.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { Database } from 'better-sqlite3';
import { CounterfoilError } from '../../base/errors.ts';
import { archivePath } from '../archive-api.ts';
import { streamName } from '../codes.ts';
import { openForReading } from '../files.ts';
import { type Kin, kinOf } from './kin.ts';
import { type LogPlace, readLog } from './source-log.ts';

export class SourceImage {
  readonly #file: number;
  readonly #db: Database;
  readonly #pages: ReadonlyMap<number, Buffer>;
  readonly pageBytes: number;
  readonly databasePages: number;
  /** From here on the log tells the rest; null when there is no log yet. */
  readonly place: LogPlace | null;
  readonly kin: Kin;
  /** Files of the archive that an act of expiry has destroyed, by their names below its directory. */
  readonly expired: readonly string[];

  /** Throws what opening a buffer throws; `storage_busy` when the log is longer than is read at once. */
  constructor(path: string) {
    this.#file = openSync(path, 'r');
    let db: Database | null = null;
    try {
      db = openForReading(path);
      db.exec('BEGIN');
      // The first read takes the mark.
      this.kin = kinOf(db);
      this.expired = expiredOf(db);
      this.pageBytes = Number(db.pragma('page_size', { simple: true }));
      const log = readLog(`${path}-wal`);
      if (log === 'too_long') {
        throw new CounterfoilError(
          'storage_busy',
          'the buffer’s log is too long to be copied now',
          'It is tried again; end other programs that read from buffer.db for long.',
        );
      }
      this.#db = db;
      this.#pages = log?.run.pages ?? new Map();
      this.place = log?.place ?? null;
      const committed = log?.run.databasePages ?? 0;
      this.databasePages = committed > 0 ? committed : Math.floor(fstatSync(this.#file).size / this.pageBytes);
    } catch (error) {
      db?.close();
      closeSync(this.#file);
      throw error;
    }
  }

  /** `count` pages from `first` on, as far as there are. Throws when the transaction was ended meanwhile. */
  read(first: number, count: number): Buffer {
    if (!this.#db.open) throw new Error('the buffer was let go of while it was copied');
    const until = Math.min(this.databasePages, first + count - 1);
    const piece = Buffer.alloc(Math.max(0, until - first + 1) * this.pageBytes);
    for (let at = 0, got = -1; at < piece.length && got !== 0; at += got)
      got = readSync(this.#file, piece, at, piece.length - at, (first - 1) * this.pageBytes + at);
    for (let page = first; page <= until; page += 1) {
      const newest = this.#pages.get(page);
      if (newest !== undefined) piece.set(newest, (page - first) * this.pageBytes);
    }
    return piece;
  }

  /** Lets the writer fold its log back again. May be called at any time, also while somebody waits between two reads. */
  close(): void {
    if (!this.#db.open) return;
    this.#db.close();
    closeSync(this.#file);
  }
}

function expiredOf(db: Database): string[] {
  return db
    .prepare<[], { stream: number; month: string; part: number }>(
      'SELECT stream, month, part FROM archive_file WHERE removed_ms IS NOT NULL',
    )
    .all()
    .map(({ stream, month, part }) => archivePath({ stream: streamName(stream), month, part }));
}
