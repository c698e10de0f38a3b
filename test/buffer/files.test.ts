import { chmodSync, copyFileSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { CounterfoilError } from '../../src/base/errors.ts';
import {
  bufferPaths,
  createIfNew,
  FORMAT,
  openForReading,
  openForWriting,
  prepareDataDir,
  quickCheck,
  readBoxKey,
} from '../../src/buffer/files.ts';
import { TrailReader } from '../../src/buffer/trail-reader.ts';
import { checkChain } from './chain.ts';
import { inFolder, item, openWriter } from './fixture.ts';

/** Code of the error `work` throws. */
function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return error instanceof CounterfoilError ? error.code : `unexpected ${String(error)}`;
  }
  return 'none';
}

/** Number of the page a table or index begins at. */
function rootPage(path: string, name: string): number {
  const db = new Database(path, { readonly: true });
  const row = db.prepare<[string], { rootpage: number }>('SELECT rootpage FROM sqlite_schema WHERE name = ?').get(name);
  db.close();
  return row?.rootpage ?? 0;
}

function made(dir: string) {
  const { writer, db } = openWriter(dir);
  writer.intake([item({ key: 'key-00001' })]);
  db.close();
  return bufferPaths(dir);
}

describe('a first start', () => {
  it('makes a WAL database with full synchronous and small pages, for its owner only', () =>
    inFolder((dir) => {
      const { db } = openWriter(dir);
      const pragma = (name: string) => db.pragma(name, { simple: true });
      expect([pragma('journal_mode'), pragma('synchronous'), pragma('page_size'), pragma('user_version')]).toEqual([
        'wal',
        2,
        512,
        FORMAT,
      ]);
      db.close();
    }));

  it('begins again after it was cut short at any point before the rename', () =>
    inFolder((dir) => {
      const paths = bufferPaths(dir);
      prepareDataDir(dir);
      writeFileSync(paths.boxKey, 'torn', { mode: 0o600 });
      writeFileSync(`${paths.db}.new`, 'half a file');
      createIfNew(paths, 'gw', 0);
      expect(readBoxKey(paths).length).toBe(32);
      expect(existsSync(`${paths.db}.new`)).toBe(false);
      rmSync(paths.commissioned); // cut between rename and marker
      createIfNew(paths, 'gw', 0);
      expect(existsSync(paths.commissioned)).toBe(true);
    }));
});

describe('refusals, each leaving the file as it is', () => {
  it('never makes an empty buffer where one has been', () =>
    inFolder((dir) => {
      const paths = made(dir);
      renameSync(paths.db, `${paths.db}.away`);
      expect(codeOf(() => createIfNew(paths, 'gw', 0))).toBe('buffer_damaged');
      expect(existsSync(paths.db)).toBe(false);
    }));

  it('names a newer format, a foreign database, a torn file and a folder open to others', () =>
    inFolder((dir) => {
      const paths = made(dir);
      const before = readFileSync(paths.db);
      const db = new Database(paths.db);
      db.pragma(`user_version = ${FORMAT + 1}`);
      db.close();
      expect(codeOf(() => openForWriting(paths.db))).toBe('buffer_newer');
      writeFileSync(paths.db, Buffer.concat([Buffer.alloc(100, 7), before.subarray(100)]));
      expect(codeOf(() => openForWriting(paths.db))).toBe('buffer_damaged');
      rmSync(paths.db);
      new Database(paths.db).exec('CREATE TABLE x (y)').close();
      expect(codeOf(() => openForReading(paths.db))).toBe('buffer_damaged');
      chmodSync(dir, 0o755);
      expect(codeOf(() => prepareDataDir(dir))).toBe('buffer_unfit');
    }));

  it('finds pages that were overwritten', () =>
    inFolder((dir) => {
      const paths = made(dir);
      const bytes = readFileSync(paths.db);
      const page = rootPage(paths.db, 'record_two_pending');
      bytes.fill(0xff, (page - 1) * 512, page * 512);
      writeFileSync(paths.db, bytes);
      const db = openForWriting(paths.db);
      expect(codeOf(() => quickCheck(db, paths.db))).toBe('buffer_damaged');
      db.close();
      bytes.fill(0xff, 512);
      writeFileSync(paths.db, bytes);
      expect(codeOf(() => openForWriting(paths.db))).toBe('buffer_damaged');
    }));

  it('says that the box key is missing, too short, open to others or another box’s, and quarantines nothing', () =>
    inFolder((dir) => {
      const paths = made(dir);
      const key = readFileSync(paths.boxKey);
      chmodSync(paths.boxKey, 0o644);
      expect(codeOf(() => readBoxKey(paths))).toBe('buffer_unfit');
      chmodSync(paths.boxKey, 0o600);
      writeFileSync(paths.boxKey, key.subarray(0, 31));
      expect(codeOf(() => readBoxKey(paths))).toBe('key_missing');
      writeFileSync(paths.boxKey, Buffer.alloc(32, 1));
      expect(codeOf(() => openWriter(dir))).toBe('key_missing');
      rmSync(paths.boxKey);
      expect(codeOf(() => readBoxKey(paths))).toBe('key_missing');
      writeFileSync(paths.boxKey, key, { mode: 0o600 });
      const { writer, db } = openWriter(dir);
      expect(writer.facts().counts.NONE).toEqual({ PENDING: 1 });
      db.close();
    }));

  it('keeps a folder that is a file', () =>
    inFolder((dir) => {
      writeFileSync(dir, '');
      expect(() => prepareDataDir(dir)).toThrow();
    }));
});

/** Puts a buffer that an older version wrote into `dir`. */
function older(dir: string, format: 1 | 2): void {
  prepareDataDir(dir);
  for (const name of ['buffer.db', 'box.key']) {
    copyFileSync(new URL(`./format-${format}/${name}`, import.meta.url), `${dir}/${name}`);
    chmodSync(`${dir}/${name}`, 0o600);
  }
  writeFileSync(bufferPaths(dir).commissioned, '1\n', { mode: 0o600 });
}

describe('a file of format 1', () => {
  it('becomes one of this format at its first opening, with everything it held', () =>
    inFolder((dir) => {
      older(dir, 1);
      const { writer, db } = openWriter(dir);
      expect(db.pragma('user_version', { simple: true })).toBe(FORMAT);
      expect(writer.facts()).toMatchObject({ lastSequence: 8, refusedOpen: 1, conflictOpen: 1, unprovedTotal: 0 });
      expect(writer.facts().counts).toMatchObject({ II: { REJECTED: 1, QUARANTINED: 1, PENDING: 1 } });
      expect(db.prepare('SELECT record_id, state FROM gap ORDER BY record_id').all()).toEqual([
        { record_id: 3, state: 4 },
        { record_id: 4, state: 5 },
      ]);
      writer.intake([item({ key: 'new-key-1', schedule: 'II' })]);
      checkChain(db);
      db.close();
    }));

  it('stays one when the change is cut short', () =>
    inFolder((dir) => {
      prepareDataDir(dir);
      copyFileSync(new URL('./format-1/buffer.db', import.meta.url), `${dir}/buffer.db`);
      const db = new Database(`${dir}/buffer.db`);
      db.exec('CREATE TABLE practice (x)'); // in the way of the migration's last steps
      db.close();
      expect(() => openForWriting(`${dir}/buffer.db`)).toThrow('practice');
      const after = new Database(`${dir}/buffer.db`, { readonly: true });
      expect(after.pragma('user_version', { simple: true })).toBe(1);
      expect(after.prepare("SELECT COUNT(*) AS n FROM sqlite_schema WHERE name = 'act'").get()).toEqual({ n: 0 });
      after.close();
    }));
});

describe('a file of format 2', () => {
  it('becomes one of this format at its first opening, with its trails still to be stored', () =>
    inFolder((dir) => {
      older(dir, 2);
      const { writer, db } = openWriter(dir);
      expect(db.pragma('user_version', { simple: true })).toBe(FORMAT);
      expect(writer.facts()).toMatchObject({ epoch: '0badcafe', auditSize: { audit: 9, schedule_two: 12 } });
      const reader = new TrailReader(db);
      expect([reader.store(0).stored, reader.store(1).stored]).toEqual([0, 0]);
      writer.intake([item({ key: 'new-key-1', schedule: 'II' })]);
      expect(reader.read(0, 0, 100, 1e6).length).toBe(9);
      expect(reader.read(1, 0, 100, 1e6).length).toBe(13);
      checkChain(db);
      db.close();
    }));

  it('stays one when the change is cut short', () =>
    inFolder((dir) => {
      older(dir, 2);
      const db = new Database(`${dir}/buffer.db`);
      db.exec('CREATE TRIGGER trail_entry_leaves_stored BEFORE DELETE ON act BEGIN SELECT 1; END'); // in the way
      db.close();
      expect(() => openForWriting(`${dir}/buffer.db`)).toThrow('trail_entry_leaves_stored');
      const after = new Database(`${dir}/buffer.db`, { readonly: true });
      expect(after.pragma('user_version', { simple: true })).toBe(2);
      expect(after.prepare("SELECT COUNT(*) AS n FROM sqlite_schema WHERE name = 'trail_store'").get()).toEqual({
        n: 0,
      });
      after.close();
    }));
});
