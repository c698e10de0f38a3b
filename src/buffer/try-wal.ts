/** Tries on a directory what the buffer will ask of it, before a store relies on it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';

/** Commits timed; few enough for a slow card. */
const COMMITS = 20;

export interface WalTrial {
  /** Null when it works; else what SQLite or the kernel said. */
  readonly fault: string | null;
  /** Each commit with synchronous=FULL, ascending; empty when it does not work. */
  readonly commitMs: readonly number[];
}

/**
 * Makes a scratch database in WAL mode with synchronous=FULL in `directory`, commits into it, reads it by a second
 * connection (which takes the shared memory network file systems lack) and removes it. Never throws; `nowMs` is monotonic.
 */
export function tryWal(directory: string, nowMs: () => number): WalTrial {
  let folder: string | null = null;
  try {
    folder = mkdtempSync(join(directory, '.try-wal-'));
    return { fault: null, commitMs: trial(join(folder, 'trial.db'), nowMs).toSorted((a, b) => a - b) };
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error), commitMs: [] };
  } finally {
    // What a cut power leaves is a folder of some pages that nothing reads.
    if (folder !== null) rmSync(folder, { recursive: true, force: true });
  }
}

function trial(path: string, nowMs: () => number): number[] {
  const writer = new Database(path);
  try {
    writer.pragma('journal_mode = WAL');
    writer.pragma('synchronous = FULL');
    const mode = writer.pragma('journal_mode', { simple: true });
    const synchronous = writer.pragma('synchronous', { simple: true });
    if (mode !== 'wal' || synchronous !== 2)
      throw new Error(`SQLite did not accept WAL with synchronous=FULL (${String(mode)}, ${String(synchronous)})`);
    writer.exec('CREATE TABLE trial (n INTEGER PRIMARY KEY, filler BLOB)');
    const insert = writer.prepare('INSERT INTO trial (filler) VALUES (zeroblob(1024))');
    const taken = Array.from({ length: COMMITS }, () => {
      const startedMs = nowMs();
      insert.run();
      return nowMs() - startedMs;
    });
    const reader = new Database(path, { readonly: true });
    try {
      const count = reader.prepare<[], number>('SELECT COUNT(*) FROM trial').pluck().get();
      if (count !== COMMITS) throw new Error(`a second connection sees ${String(count)} of ${COMMITS} rows`);
    } finally {
      reader.close();
    }
    return taken;
  } finally {
    writer.close();
  }
}
