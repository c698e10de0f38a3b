/** What a gateway has archived, and how a test waits for it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { Gateway } from './gateway.ts';
import { LIMIT_MS } from './program.ts';

export const SHORT_ARCHIVE = join(import.meta.dirname, 'short-archive.ts');

/** The number of archived records, once it is at least that, with no row of them left in the buffer. */
export async function archivedAtLeast(gateway: Gateway, count: number): Promise<number> {
  const limit = performance.now() + LIMIT_MS;
  for (;;) {
    const { records, leaving } = counted(gateway);
    if (records >= count && leaving === 0) return records;
    if (performance.now() > limit) throw new Error(`${records} of ${count} records were archived`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

function counted(gateway: Gateway): { records: number; leaving: number } {
  const database = new Database(gateway.bufferFile, { readonly: true });
  try {
    const sql = 'SELECT COALESCE(SUM(records), 0) AS records, COUNT(leaving) AS leaving FROM archive_frame';
    return database.prepare<[], { records: number; leaving: number }>(sql).get() ?? { records: 0, leaving: 0 };
  } finally {
    database.close();
  }
}

/** Every archive file of a gateway by its path below the archive. */
export function archiveFiles(gateway: Gateway): Map<string, Buffer> {
  const root = join(gateway.dataDir, 'trail/archive');
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.cfa'));
  return new Map(files.sort().map((name) => [name, readFileSync(join(root, name))]));
}
