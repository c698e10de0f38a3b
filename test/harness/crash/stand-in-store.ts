/** How the stand-in opens its files, at its start and when a crash state is recovered: one code for both. */
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';

/**
 * Faults the stand-in can be given. `normal`: synchronous=NORMAL, so commits wait for no sync. `early`: PUBACK before the
 * commit. `loose-key`: a file recovery needs is written without a sync.
 */
export type StandInPlant = 'none' | 'normal' | 'early' | 'loose-key';

const KEY = Buffer.alloc(32, 7);

function prepareKey(dataDir: string, plant: StandInPlant): void {
  const path = join(dataDir, 'box.key');
  if (existsSync(path) && readFileSync(path).equals(KEY)) return;
  // Without a database nobody has used the key yet: a first start was cut short.
  if (existsSync(join(dataDir, 'buffer.db'))) throw new Error('box.key is missing or torn');
  const fd = openSync(path, 'w', 0o600);
  writeSync(fd, KEY);
  if (plant !== 'loose-key') fsyncSync(fd);
  closeSync(fd);
}

export function openStandIn(dataDir: string, plant: StandInPlant = 'none'): Database.Database {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  prepareKey(dataDir, plant);
  const db = new Database(join(dataDir, 'buffer.db'));
  db.pragma('journal_mode = WAL');
  db.pragma(`synchronous = ${plant === 'normal' ? 'NORMAL' : 'FULL'}`);
  db.exec('CREATE TABLE IF NOT EXISTS record (sequence INTEGER PRIMARY KEY, lane_hash TEXT UNIQUE, bytes BLOB) STRICT');
  return db;
}
