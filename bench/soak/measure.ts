/** Reads from outside what a day of the soak has left: files, rows, memory, bytes written. */
import { readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { countRows } from '../count-rows.ts';
import { countersOf, rssBytesOf } from '../probe.ts';
import type { DayEnd, Sizes } from './model.ts';

const PLACES: readonly (readonly [keyof Sizes, RegExp])[] = [
  ['buffer', /^buffer\.db$/],
  ['wal', /^buffer\.db-wal$/],
  ['archive', /^trail\/archive\//],
  ['trail', /^trail\//],
  ['reports', /^reports\//],
  ['ballast', /^ballast$/],
];

/** Bytes of every file under the data directory. A file that goes meanwhile counts nothing. */
function sizesOf(dataDir: string): Sizes {
  const sizes = { buffer: 0, wal: 0, trail: 0, archive: 0, reports: 0, ballast: 0, rest: 0 };
  for (const entry of readdirSync(dataDir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const name = relative(dataDir, path);
    const [place] = PLACES.find(([, pattern]) => pattern.test(name)) ?? ['rest' as const];
    sizes[place] += statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  }
  return sizes;
}

/** Bytes the process has written since its start. */
export const writtenOf = (pid: number): number => countersOf([pid]).writtenBytes;

export function dayEnd(
  pid: number,
  dataDir: string,
  day: Pick<DayEnd, 'day' | 'records' | 'seconds' | 'writtenBytes'>,
): DayEnd {
  const buffer = join(dataDir, 'buffer.db');
  return {
    ...day,
    sizes: sizesOf(dataDir),
    bufferRows: countRows(buffer, 'SELECT COUNT(*) AS rows FROM offline_transaction_buffer'),
    archived: countRows(buffer, 'SELECT COALESCE(SUM(records), 0) AS rows FROM archive_frame'),
    rssBytes: rssBytesOf([pid]),
  };
}
