import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bufferPaths } from '../../../src/buffer/files.ts';
import { Mirror } from '../../../src/buffer/mirror/mirror.ts';
import { item, type Opened, openWriter } from '../fixture.ts';

let folder: string;
let opened: Opened;
let mirror: Mirror;
let salt = 1;
let attached: number;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'counterfoil-mirror-'));
  mkdirSync(join(folder, 'stick'));
  opened = openWriter(join(folder, 'data'));
  attached = 0;
  mirror = mirrorOf(join(folder, 'data'));
});
afterEach(async () => {
  await mirror.detach();
  if (opened.db.open) opened.db.close();
  rmSync(folder, { recursive: true, force: true });
});

function mirrorOf(dataDir: string): Mirror {
  return new Mirror({
    source: bufferPaths(dataDir).db,
    directory: join(folder, 'stick'),
    salts: () => {
      salt += 7;
      return [salt, salt * 3];
    },
    others: async (attaching) => {
      if (attaching !== null) attached += 1;
    },
  });
}

let sold = 0;
function sell(count = 1): void {
  for (let n = 0; n < count; n += 1) {
    sold += 1;
    opened.writer.intake([item({ key: `mirrored-${sold}`, schedule: sold % 3 === 0 ? 'II' : 'IV' })]);
  }
}

/** Every row of every table, as the copy would be read on another machine. */
function contentOf(path: string): unknown {
  const aside = mkdtempSync(join(folder, 'look-'));
  for (const end of ['', '-wal']) if (existsSync(path + end)) copyFileSync(path + end, join(aside, `buffer.db${end}`));
  const db = new Database(join(aside, 'buffer.db'));
  try {
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
    return rowsOf(db);
  } finally {
    db.close();
  }
}

function rowsOf(db: Database.Database): unknown {
  const tables = db
    .prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
    .pluck()
    .all();
  return Object.fromEntries(tables.map((name) => [name, db.prepare(`SELECT * FROM "${name}"`).raw().all()]));
}

const copy = () => join(folder, 'stick', 'buffer.db');
const expectSame = () => expect(contentOf(copy())).toEqual(rowsOf(opened.db));

describe('follows the buffer', () => {
  test('commit by commit, by the log alone', async () => {
    await mirror.tick();
    expectSame();
    for (let n = 0; n < 20; n += 1) {
      sell(n % 4);
      await mirror.tick();
      expectSame();
    }
    expect(attached).toBe(1);
  });

  test('over restarts of the log, without comparing again', async () => {
    sell(40);
    await mirror.tick();
    for (let n = 0; n < 4; n += 1) {
      sell(5);
      // All of it folded back: the next commit begins the log anew, with the last five not yet followed.
      opened.db.pragma('wal_checkpoint(PASSIVE)');
      sell(1);
      await mirror.tick();
      expectSame();
      sell(40);
      await mirror.tick();
      expectSame();
    }
    expect(attached).toBe(1);
  });

  test('when the log was written over before it was followed, by comparing', async () => {
    sell(10);
    await mirror.tick();
    sell(2);
    opened.db.pragma('wal_checkpoint(PASSIVE)');
    sell(20);
    await mirror.tick();
    expect(attached).toBe(2);
    expectSame();
    sell(1);
    opened.db.pragma('wal_checkpoint(TRUNCATE)');
    sell(1);
    await mirror.tick();
    expect(attached).toBe(3);
    expectSame();
  });

  test('a transaction that was rolled back leaves no mark', async () => {
    await mirror.tick();
    opened.db.exec('PRAGMA cache_size = 5; BEGIN; CREATE TABLE spill (n); PRAGMA cache_spill = 1');
    for (let n = 0; n < 500; n += 1) opened.db.exec('INSERT INTO spill VALUES (randomblob(300))');
    await mirror.tick();
    opened.db.exec('ROLLBACK');
    sell(3);
    await mirror.tick();
    expectSame();
  });

  test('a buffer that became smaller', async () => {
    sell(10);
    await mirror.tick();
    opened.db.exec('CREATE TABLE large (n); INSERT INTO large VALUES (zeroblob(200000))');
    await mirror.tick();
    opened.db.exec('DROP TABLE large');
    opened.db.exec('VACUUM');
    await mirror.tick();
    expectSame();
  });
});

test('a medium that comes back is brought up to date, and its damage mended', async () => {
  sell(20);
  await mirror.tick();
  await mirror.detach();
  sell(20);
  const bytes = readFileSync(copy());
  // The middle of the file: not where its identity is read.
  bytes.fill(0xee, bytes.length - 2048, bytes.length - 1024);
  writeFileSync(copy(), bytes);
  await mirror.tick();
  expectSame();
});

describe('never writes over what is not its own past', () => {
  test('another box’s buffer', async () => {
    const other = openWriter(join(folder, 'other'));
    other.writer.intake([item({ key: 'somebody-else' })]);
    other.db.close();
    cpSync(join(folder, 'other', 'buffer.db'), copy());
    const before = readFileSync(copy());
    await expect(mirror.tick()).rejects.toMatchObject({ code: 'mirror_foreign' });
    expect(readFileSync(copy()).equals(before)).toBe(true);
  });

  test('a copy that knows more than this buffer: it was restored from something older', async () => {
    sell(5);
    opened.db.pragma('wal_checkpoint(TRUNCATE)');
    cpSync(join(folder, 'data', 'buffer.db'), join(folder, 'older.db'));
    sell(5);
    await mirror.tick();
    await mirror.detach();
    opened.db.close();
    for (const end of ['-wal', '-shm']) rmSync(join(folder, 'data', `buffer.db${end}`), { force: true });
    cpSync(join(folder, 'older.db'), join(folder, 'data', 'buffer.db'));
    opened = openWriter(join(folder, 'data'));
    await expect(mirror.tick()).rejects.toMatchObject({ code: 'mirror_foreign' });
  });

  test('a file that is no database', async () => {
    writeFileSync(copy(), 'holiday pictures');
    await expect(mirror.tick()).rejects.toMatchObject({ code: 'mirror_foreign' });
    expect(readFileSync(copy(), 'utf8')).toBe('holiday pictures');
  });
});
