/**
 * Writes a backup file: open header, then the sealed stream of its entries, each
 *
 *   length, 4 bytes big-endian  |  {"bytes":n,"name":text}, JSON  |  content, n bytes  |  SHA-256 of the content, 32 bytes
 *
 * the last of them `manifest.json`. It grows as `{file}.part` and gets its name once it is whole and synced: if the power
 * goes before, there is no backup of that name, or still the one of before.
 */

import { createHash, randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { syncDirectory } from '../base/durable.ts';
import { diskFault } from './faults.ts';
import { formatHeader, streamKey } from './header.ts';
import type { FileFigures } from './manifest.ts';
import type { Recipient } from './recipients.ts';
import { SealedWriter } from './sealing.ts';

/** Content of an entry, piece by piece; it must come to exactly `bytes`. */
export interface Content {
  readonly bytes: number;
  readonly pieces: Iterable<Uint8Array>;
}

export interface Finished {
  /** Length of the file. */
  readonly bytes: number;
  /** SHA-256 of the file, base64. */
  readonly hash: string;
}

export class BackupFile {
  readonly #path: string;
  readonly #part: string;
  readonly #file: number;
  readonly #hash = createHash('sha256');
  readonly #sealed: SealedWriter;
  readonly #files: FileFigures[] = [];
  #bytes = 0;

  /** `wrap` wraps the fresh file key for everybody who may open the backup. Throws as `add`. */
  constructor(path: string, wrap: (fileKey: Buffer) => readonly Recipient[]) {
    this.#path = path;
    this.#part = `${path}.part`;
    const fileKey = randomBytes(32);
    const header = formatHeader(wrap(fileKey));
    this.#file = this.#guarded(() => openSync(this.#part, 'w', 0o600));
    this.#sealed = new SealedWriter(streamKey(fileKey, header.hash), (bytes) => this.#write(bytes));
    this.#guarded(() => this.#write(header.bytes));
  }

  /** What has been added, in order. */
  get files(): readonly FileFigures[] {
    return this.#files;
  }

  /**
   * @throws CounterfoilError `storage_full` or `storage_io` when it cannot be written; what there was of it is then gone, and
   * nothing more may be called.
   */
  add(name: string, { bytes, pieces }: Content): void {
    this.#guarded(() => {
      const head = Buffer.from(JSON.stringify({ bytes, name }));
      const length = Buffer.alloc(4);
      length.writeUInt32BE(head.length);
      this.#sealed.push(length);
      this.#sealed.push(head);
      const digest = createHash('sha256');
      let written = 0;
      for (const piece of pieces) {
        digest.update(piece);
        this.#sealed.push(piece);
        written += piece.length;
      }
      if (written !== bytes) throw new Error(`${name} came to ${written} bytes instead of ${bytes}`);
      const hash = digest.digest();
      this.#sealed.push(hash);
      this.#files.push({ name, bytes, sha256: hash.toString('base64') });
    });
  }

  /** Gives the file its name, on disk when this returns. Throws as `add`. */
  finish(): Finished {
    return this.#guarded(() => {
      this.#sealed.end();
      fsyncSync(this.#file);
      closeSync(this.#file);
      renameSync(this.#part, this.#path);
      syncDirectory(dirname(this.#path));
      return { bytes: this.#bytes, hash: this.#hash.digest('base64') };
    });
  }

  /** Removes what there is of it; for a caller that cannot go on. */
  abandon(): void {
    try {
      closeSync(this.#file);
    } catch {
      // It was closed, or never open: what counts is that the file goes.
    }
    rmSync(this.#part, { force: true });
  }

  #write(bytes: Buffer): void {
    this.#hash.update(bytes);
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at);
    this.#bytes += bytes.length;
  }

  #guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      this.abandon();
      throw diskFault(error, this.#path, 'no backup was made');
    }
  }
}
