/**
 * The copy of the buffer on the second medium: `buffer.db` and, of our own making, `buffer.db-wal`, which any SQLite reads.
 * What the power or a pulled stick leaves at any moment is a database that opens, as of the last `apply` or the one before:
 *
 * - a change is appended to the log as one transaction and synced; torn, its checksum does not hold and it does not count;
 * - folding writes the newest pages from the log into `buffer.db`, syncs that, and only then empties the log. Until then the
 *   log is whole, and whoever opens the copy reads through it, whatever is half written below;
 * - the first `buffer.db` grows under another name and gets its own once it is whole and synced.
 */

import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncDirectory } from '../../base/durable-async.ts';
import type { Changes } from './source-log.ts';
import {
  type Checksum,
  composeFrame,
  composeWalHeader,
  frameBytes,
  parseWalHeader,
  readRun,
  WAL_HEADER_BYTES,
  type WalHeader,
} from './wal-format.ts';

/** Pages written at once while folding; one sync a slice keeps the medium answering. */
const SLICE_PAGES = 1024;

export interface MirrorFileOptions {
  readonly path: string;
  readonly pageBytes: number;
  /** Two fresh 32-bit numbers for each life of the log. */
  readonly salts: () => readonly [number, number];
}

export class MirrorFile {
  readonly #path: string;
  readonly #pageBytes: number;
  readonly #salts: () => readonly [number, number];
  readonly #base: FileHandle;
  readonly #log: FileHandle;
  #header: WalHeader | null = null;
  #at = 0;
  #sum: Checksum = { s0: 0, s1: 0 };
  /** Pages whose newest form is in the log alone, and where. */
  readonly #unfolded = new Map<number, number>();
  /** The same of a change that is not complete. */
  readonly #open = new Map<number, number>();
  #databasePages = 0;

  private constructor({ path, pageBytes, salts }: MirrorFileOptions, base: FileHandle, log: FileHandle) {
    this.#path = path;
    this.#pageBytes = pageBytes;
    this.#salts = salts;
    this.#base = base;
    this.#log = log;
  }

  /** Opens a copy that is there and folds what its log holds. Throws what the medium throws. */
  static async open(options: MirrorFileOptions): Promise<MirrorFile> {
    const base = await open(options.path, 'r+');
    let log: FileHandle | null = null;
    try {
      log = await openLog(options.path);
      const file = new MirrorFile(options, base, log);
      await file.#recover();
      return file;
    } catch (error) {
      await log?.close().catch(() => {});
      await base.close().catch(() => {});
      throw error;
    }
  }

  /** Makes the first copy of `pages`, in order from page 1. Throws what the medium throws; there is no copy then. */
  static async create(options: MirrorFileOptions, pieces: AsyncIterable<Buffer>): Promise<MirrorFile> {
    const fresh = `${options.path}.new`;
    const file = await open(fresh, 'w', 0o600);
    try {
      for await (const piece of pieces) await writeAll(file, piece, null);
      await file.sync();
    } finally {
      await file.close();
    }
    // A log beside a new file would be another file's.
    await rm(`${options.path}-wal`, { force: true });
    await rename(fresh, options.path);
    await syncDirectory(dirname(options.path));
    return await MirrorFile.open(options);
  }

  /** Bytes of the log that is to be folded some time. */
  get logBytes(): number {
    return this.#at;
  }

  /** Page `page` and those after it, as far as they are in the file; after `fold`. */
  async read(page: number, pages: number): Promise<Buffer> {
    const piece = Buffer.alloc(pages * this.#pageBytes);
    const { bytesRead } = await this.#base.read(piece, 0, piece.length, (page - 1) * this.#pageBytes);
    return piece.subarray(0, bytesRead);
  }

  /**
   * Makes the copy what the source is; on the medium when this resolves. `isMore`: only a part of one change, which counts once
   * the last part is there. Throws what the medium throws: open it anew then.
   */
  async apply({ pages, databasePages }: Changes, isMore = false): Promise<void> {
    const within = [...pages.keys()].filter((page) => page <= databasePages).sort((a, b) => a - b);
    const last = isMore ? null : within.at(-1);
    if (within.length === 0) return;
    if (this.#header === null) await this.#beginLog();
    const header = this.#header;
    if (header === null) throw new Error('the log of the copy has no header');
    let sum = this.#sum;
    const frames = within.map((page) => {
      const bytes = pages.get(page) ?? Buffer.alloc(this.#pageBytes);
      const frame = composeFrame(header, sum, { page, databasePages: page === last ? databasePages : 0, bytes });
      sum = frame.sum;
      return frame.bytes;
    });
    await writeAll(this.#log, Buffer.concat(frames), this.#at);
    for (const [n, page] of within.entries()) this.#open.set(page, this.#at + n * frameBytes(this.#pageBytes));
    this.#at += within.length * frameBytes(this.#pageBytes);
    this.#sum = sum;
    if (isMore) return;
    await this.#log.datasync();
    for (const [page, at] of this.#open) this.#unfolded.set(page, at);
    this.#open.clear();
    this.#databasePages = databasePages;
  }

  /** Folds a slice of the log; true when the log is empty then. Throws as `apply`. */
  async foldSlice(): Promise<boolean> {
    if (this.#header === null) return true;
    const slice = [...this.#unfolded].sort(([a], [b]) => a - b).slice(0, SLICE_PAGES);
    for (const run of neighbours(slice)) {
      const pieces: Buffer[] = [];
      for (const [, at] of run) pieces.push(await this.#frameAt(at));
      await writeAll(this.#base, Buffer.concat(pieces), ((run[0]?.[0] ?? 1) - 1) * this.#pageBytes);
    }
    for (const [page] of slice) this.#unfolded.delete(page);
    if (this.#unfolded.size > 0) {
      await this.#base.datasync();
      return false;
    }
    if (this.#databasePages > 0) await this.#base.truncate(this.#databasePages * this.#pageBytes);
    await this.#base.sync();
    await this.#log.truncate(0);
    await this.#log.datasync();
    this.#header = null;
    this.#at = 0;
    return true;
  }

  async fold(): Promise<void> {
    while (!(await this.foldSlice()));
  }

  async close(): Promise<void> {
    await this.#log.close().catch(() => {});
    await this.#base.close().catch(() => {});
  }

  async #recover(): Promise<void> {
    const { size } = await this.#log.stat();
    const bytes = Buffer.alloc(size);
    const { bytesRead } = await this.#log.read(bytes, 0, size, 0);
    const header = parseWalHeader(bytes.subarray(0, bytesRead));
    if (header !== null && header.pageBytes === this.#pageBytes) {
      const run = readRun(bytes.subarray(WAL_HEADER_BYTES, bytesRead), header, header.sum);
      for (const [page, content] of run.pages) {
        this.#unfolded.set(
          page,
          content.byteOffset - bytes.byteOffset - (frameBytes(this.#pageBytes) - this.#pageBytes),
        );
      }
      this.#databasePages = run.databasePages;
      this.#header = header;
      await this.fold();
    }
    await this.#log.truncate(0);
    await this.#log.datasync();
    this.#header = null;
    this.#at = 0;
  }

  async #beginLog(): Promise<void> {
    const [salt1, salt2] = this.#salts();
    const { bytes, header } = composeWalHeader(this.#pageBytes, salt1, salt2);
    await writeAll(this.#log, bytes, 0);
    this.#header = header;
    this.#sum = header.sum;
    this.#at = WAL_HEADER_BYTES;
  }

  async #frameAt(at: number): Promise<Buffer> {
    const step = frameBytes(this.#pageBytes);
    const frame = Buffer.alloc(step);
    const { bytesRead } = await this.#log.read(frame, 0, step, at);
    if (bytesRead !== step) throw new Error(`the log of ${this.#path} is shorter than it was`);
    return frame.subarray(step - this.#pageBytes);
  }
}

async function openLog(path: string): Promise<FileHandle> {
  const log = await open(`${path}-wal`, 'a+', 0o600);
  await log.close();
  await syncDirectory(dirname(path));
  return await open(`${path}-wal`, 'r+');
}

/** At the file's own position when `at` is null. A medium may take a part of a write. */
async function writeAll(file: FileHandle, bytes: Buffer, at: number | null): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, at === null ? null : at + done);
    done += bytesWritten;
  }
}

/** Splits ascending pages into runs without a gap. */
function neighbours(slice: readonly (readonly [number, number])[]): (readonly [number, number])[][] {
  const runs: (readonly [number, number])[][] = [];
  for (const each of slice) {
    const run = runs.at(-1);
    if (run !== undefined && run.at(-1)?.[0] === each[0] - 1) run.push(each);
    else runs.push([each]);
  }
  return runs;
}
