/** Counting sync calls of a server: builds the preload shim once, hands out its environment, reads the number. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { outputOf } from './processes.ts';

export class SyncCounter {
  readonly #libraryFile: string;
  readonly #countFile: string;

  private constructor(libraryFile: string, countFile: string) {
    this.#libraryFile = libraryFile;
    this.#countFile = countFile;
  }

  /** Compiles the shim into `directory`; null when this machine has no C compiler. */
  static async build(directory: string): Promise<SyncCounter | null> {
    const libraryFile = join(directory, 'sync-count.so');
    const source = fileURLToPath(new URL('./sync-count.c', import.meta.url));
    try {
      await outputOf('cc', ['-O2', '-Wall', '-shared', '-fPIC', '-o', libraryFile, source, '-ldl']);
    } catch {
      return null;
    }
    const countFile = join(directory, 'sync-count');
    writeFileSync(countFile, Buffer.alloc(8));
    return new SyncCounter(libraryFile, countFile);
  }

  /** What a server's environment needs so that its sync calls are counted. */
  get env(): Record<string, string> {
    return { LD_PRELOAD: this.#libraryFile, COUNTERFOIL_BENCH_SYNC_COUNT: this.#countFile };
  }

  /** Calls so far, of all servers that were ever started with `env`. */
  read(): number {
    return Number(readFileSync(this.#countFile).readBigUInt64LE(0));
  }
}
