import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import {
  composeFrame,
  composeWalHeader,
  frameBytes,
  parseFrame,
  parseWalHeader,
  readRun,
  WAL_HEADER_BYTES,
} from '../../../src/buffer/mirror/wal-format.ts';

test('reads a log that SQLite wrote, to the byte, and nothing behind a changed one', () => {
  const folder = mkdtempSync(join(tmpdir(), 'counterfoil-wal-'));
  const db = new Database(join(folder, 'a.db'));
  try {
    db.pragma('page_size = 512');
    db.pragma('journal_mode = WAL');
    db.exec('CREATE TABLE t (n, filler); INSERT INTO t VALUES (1, randomblob(2000)); INSERT INTO t VALUES (2, 0)');
    const bytes = readFileSync(join(folder, 'a.db-wal'));
    const header = parseWalHeader(bytes);
    if (header === null) throw new Error('no header');
    expect(header.pageBytes).toBe(512);
    const run = readRun(bytes.subarray(WAL_HEADER_BYTES), header, header.sum);
    expect(run.wholeBytes).toBe(bytes.length - WAL_HEADER_BYTES);
    expect(run.committedBytes).toBe(run.wholeBytes);
    expect(run.databasePages).toBe(db.pragma('page_count', { simple: true }));
    for (let frame = 0; frame * frameBytes(512) < run.wholeBytes; frame += 1) {
      const changed = Buffer.from(bytes.subarray(WAL_HEADER_BYTES));
      const at = frame * frameBytes(512) + ((frame * 97) % frameBytes(512));
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(readRun(changed, header, header.sum).wholeBytes).toBeLessThanOrEqual(frame * frameBytes(512));
    }
  } finally {
    db.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

test('what it composes it reads', () => {
  const { bytes, header } = composeWalHeader(512, 7, 8);
  expect(parseWalHeader(bytes)).toEqual(header);
  bytes[20] = 1;
  expect(parseWalHeader(bytes)).toBeNull();
  expect(parseWalHeader(bytes.subarray(0, 20))).toBeNull();
  const frame = composeFrame(header, header.sum, { page: 3, databasePages: 9, bytes: Buffer.alloc(512, 5) });
  expect(parseFrame(frame.bytes, header, header.sum)).toMatchObject({ page: 3, databasePages: 9, sum: frame.sum });
  expect(parseFrame(frame.bytes, header, frame.sum)).toBeNull();
});
