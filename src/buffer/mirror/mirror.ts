/**
 * The mirror: a copy of the buffer on a second medium, never more than a moment behind. Runs in a process of its own; each
 * `tick` brings the copy up to what was committed before it was called. It acknowledges nothing and nobody waits for it.
 *
 * `attach` compares both, page by page, once: at the start, after the medium was away, and whenever frames may have been missed.
 * From then on only the buffer's log is followed.
 */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CounterfoilError } from '../../base/errors.ts';
import { withCopy } from '../copy.ts';
import { WAL_LIMIT_BYTES } from '../files.ts';
import { isPastOf, type Kin, kinOf } from './kin.ts';
import { MirrorFile } from './mirror-file.ts';
import { SourceImage } from './source-image.ts';
import { follow, type LogPlace } from './source-log.ts';

const SLICE_PAGES = 2048;
/** The log of the copy is folded, a slice a tick, once it is longer; at once, once it is far longer. */
const FOLD_BYTES = 8 * 1024 * 1024;
const FOLD_NOW_BYTES = 128 * 1024 * 1024;
/** While the buffer is compared with its copy its own log cannot be restarted: it may not grow over this. */
const SOURCE_LOG_LIMIT_BYTES = 256 * 1024 * 1024;

export interface MirrorParts {
  /** The running buffer. */
  readonly source: string;
  /** Directory of the copy; it is there. */
  readonly directory: string;
  readonly salts: () => readonly [number, number];
  /**
   * Brings everything else to the medium, before the buffer's newest state: an entry or record leaves the buffer only once it is
   * in the trail's or the archive's files, so a copy of the buffer must find there what it no longer has itself. While attaching
   * nothing is taken for known; `expired` names files of the archive that are to go.
   */
  readonly others: (attaching: { readonly expired: readonly string[] } | null) => Promise<void>;
}

export class Mirror {
  readonly #parts: MirrorParts;
  readonly #copy: string;
  #file: MirrorFile | null = null;
  #place: LogPlace | null = null;
  #image: SourceImage | null = null;

  constructor(parts: MirrorParts) {
    this.#parts = parts;
    this.#copy = join(parts.directory, 'buffer.db');
  }

  /**
   * Throws a `CounterfoilError` (`mirror_foreign`, `storage_busy`, what opening a buffer throws) or what the medium throws; the
   * copy is as it was or newer, and the next tick begins with comparing.
   */
  async tick(): Promise<void> {
    try {
      if (this.#file === null || this.#place === null) await this.#attach();
      else await this.#follow(this.#file, this.#place);
    } catch (error) {
      await this.detach();
      throw error;
    }
  }

  /** Lets go of both sides; the next tick compares. */
  async detach(): Promise<void> {
    this.letGo();
    const file = this.#file;
    this.#file = null;
    this.#place = null;
    await file?.close();
  }

  /** Ends the read transaction on the source, so that a medium that hangs cannot make the buffer's log grow. */
  letGo(): void {
    this.#image?.close();
    this.#image = null;
  }

  async #follow(file: MirrorFile, place: LogPlace): Promise<void> {
    const followed = follow(`${this.#parts.source}-wal`, place, WAL_LIMIT_BYTES);
    if (followed === 'lost') {
      await this.detach();
      await this.#attach();
      return;
    }
    if (followed.changes !== null) {
      await this.#parts.others(null);
      await file.apply(followed.changes);
    }
    this.#place = followed.place;
    if (file.logBytes > FOLD_NOW_BYTES) await file.fold();
    else if (file.logBytes > FOLD_BYTES) await file.foldSlice();
  }

  async #attach(): Promise<void> {
    const copied = existsSync(this.#copy) ? lookAt(this.#copy, this.#parts.directory) : null;
    const file = copied === null ? null : await MirrorFile.open(this.#options(copied.pageBytes));
    try {
      const image = new SourceImage(this.#parts.source);
      this.#image = image;
      if (copied !== null && !isPastOf(copied.kin, image.kin)) throw foreign(this.#parts.directory);
      await this.#parts.others(image);
      if (file === null) this.#file = await MirrorFile.create(this.#options(image.pageBytes), this.#pieces(image));
      else {
        this.#file = file;
        await this.#catchUp(image, file);
        await file.fold();
      }
      this.#place = image.place;
    } catch (error) {
      await file?.close();
      throw error;
    } finally {
      this.letGo();
    }
  }

  #options(pageBytes: number) {
    return { path: this.#copy, pageBytes, salts: this.#parts.salts };
  }

  async *#pieces(image: SourceImage): AsyncGenerator<Buffer> {
    for (let page = 1; page <= image.databasePages; page += SLICE_PAGES) {
      this.#guard(image);
      yield await Promise.resolve(image.read(page, SLICE_PAGES));
    }
  }

  async #catchUp(image: SourceImage, file: MirrorFile): Promise<void> {
    const { databasePages, pageBytes } = image;
    for (let first = 1; first <= databasePages; first += SLICE_PAGES) {
      this.#guard(image);
      const theirs = await file.read(first, SLICE_PAGES);
      const ours = image.read(first, SLICE_PAGES);
      const pages = new Map<number, Buffer>();
      for (let at = 0; at < ours.length; at += pageBytes) {
        const page = ours.subarray(at, at + pageBytes);
        if (!page.equals(theirs.subarray(at, at + pageBytes))) pages.set(first + at / pageBytes, page);
      }
      await file.apply({ pages, databasePages }, true);
    }
    // Page 1 always: a database that has only become shorter is a change too.
    await file.apply({ pages: new Map([[1, image.read(1, 1)]]), databasePages });
  }

  #guard(image: SourceImage): void {
    const log = statSync(`${this.#parts.source}-wal`, { throwIfNoEntry: false });
    if ((log?.size ?? 0) <= SOURCE_LOG_LIMIT_BYTES) return;
    image.close();
    throw new CounterfoilError(
      'storage_busy',
      'the medium of the mirror is too slow for the buffer to be compared with it now',
      'It is tried again. If it happens again and again, use a faster medium.',
    );
  }
}

/** Whatever cannot be read as a buffer is somebody's file, and stays as it is. */
function lookAt(path: string, directory: string): { readonly pageBytes: number; readonly kin: Kin } {
  try {
    return withCopy(path, (db) => ({ pageBytes: Number(db.pragma('page_size', { simple: true })), kin: kinOf(db) }));
  } catch (error) {
    if (error instanceof CounterfoilError && /^buffer_/.test(error.code)) throw foreign(directory, error);
    throw error;
  }
}

function foreign(directory: string, cause?: unknown): CounterfoilError {
  return new CounterfoilError(
    'mirror_foreign',
    `${directory} holds a buffer.db that is no copy of this gateway’s past, or a damaged one`,
    'It is never written over: it may hold records nobody else has (counterfoil rescue --disk). Move its files to another folder, then the copy begins.',
    cause,
  );
}
