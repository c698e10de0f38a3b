/**
 * The ballast: a file of zeros beside the buffer that is given up when the filesystem is full, so that Schedule II still
 * finds room, and so that SQLite can even fold its log back (a full disk fails that too).
 *
 * If the power goes while it is being written it is too short, and `restore` goes on; while it is being removed it is there
 * or not, and both are told by its size. It holds nothing, so no step of it can lose anything.
 */

import { closeSync, fsyncSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { syncDirectory } from '../base/durable.ts';

const STEP_BYTES = 1024 * 1024;
const NAME = 'ballast';

export class Ballast {
  readonly #directory: string;
  readonly #targetBytes: number;

  constructor(directory: string, targetBytes: number) {
    this.#directory = directory;
    this.#targetBytes = targetBytes;
  }

  get targetBytes(): number {
    return this.#targetBytes;
  }

  /** What is there now; 0 when it has been given up. */
  bytes(): number {
    return statSync(this.#path, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** Gives it up. True when there was something to give. Throws what the filesystem throws. */
  release(): boolean {
    if (this.bytes() === 0) return false;
    rmSync(this.#path, { force: true });
    syncDirectory(this.#directory);
    return true;
  }

  /**
   * Writes at most one MiB more of it; true when it is whole. Real zeros, not a hole: a hole holds no room. A disk that
   * has no room for it throws, and what was written stays.
   */
  restoreStep(): boolean {
    const have = this.bytes();
    if (have >= this.#targetBytes) return true;
    const file = openSync(this.#path, 'a', 0o600);
    try {
      writeSync(file, Buffer.alloc(Math.min(STEP_BYTES, this.#targetBytes - have)));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    if (have === 0) syncDirectory(this.#directory);
    return this.bytes() >= this.#targetBytes;
  }

  get #path(): string {
    return join(this.#directory, NAME);
  }
}
