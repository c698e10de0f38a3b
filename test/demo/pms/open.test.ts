import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { openPmsDatabase } from '../../../src/demo/pms/open.ts';
import { temporaryFolder } from './office.ts';

test('makes a file for its owner only, with durable commits, and opens it again', () => {
  const file = join(temporaryFolder(), 'pms.db');
  const database = openPmsDatabase(file);
  expect(database.pragma('journal_mode', { simple: true })).toBe('wal');
  expect(database.pragma('synchronous', { simple: true })).toBe(2);
  database.prepare("INSERT INTO checkpoints VALUES ('gw-test', '00000000', 'standard', 'note', 'now')").run();
  expect(statSync(`${file}-wal`).mode & 0o077).toBe(0);
  database.close();
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const again = openPmsDatabase(file);
  expect(again.prepare('SELECT count(*) AS count FROM checkpoints').get()).toEqual({ count: 1 });
  again.close();
});

test('leaves another program’s database as it is', () => {
  const file = join(temporaryFolder(), 'buffer.db');
  const other = new Database(file);
  other.exec('CREATE TABLE record (id INTEGER)');
  other.close();
  const before = readFileSync(file);
  expect(() => openPmsDatabase(file)).toThrow(expect.objectContaining({ code: 'config_invalid', exitCode: 78 }));
  expect(readFileSync(file).equals(before)).toBe(true);
});

test('refuses a file of another version', () => {
  const file = join(temporaryFolder(), 'pms.db');
  openPmsDatabase(file).close();
  const newer = new Database(file);
  newer.pragma('user_version = 99');
  newer.close();
  expect(() => openPmsDatabase(file)).toThrow(expect.objectContaining({ code: 'config_invalid' }));
});

test('says so when the file is no database or the folder is missing', () => {
  const folder = temporaryFolder();
  const file = join(folder, 'notes.txt');
  writeFileSync(file, 'this is certainly not a database, but long enough to be read as one. '.repeat(20));
  for (const path of [file, join(folder, 'absent', 'pms.db'), folder]) {
    expect(() => openPmsDatabase(path)).toThrow(expect.objectContaining({ code: 'storage_io', exitCode: 74 }));
  }
});
