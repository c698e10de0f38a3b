/** What a pulled stick or a cut leaves of the copy: always a database that opens, as of the last change or the one before. */
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MirrorFile } from '../../../src/buffer/mirror/mirror-file.ts';

const PAGE_BYTES = 512;
let folder: string;
let salt = 1;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'counterfoil-mirror-file-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const options = () => ({
  path: join(folder, 'copy.db'),
  pageBytes: PAGE_BYTES,
  salts: () => {
    salt += 1;
    return [salt, salt * 5] as const;
  },
});

/** Images of a small database, each a few rows more than the one before. */
function images(count: number): Buffer[] {
  const path = join(folder, 'source.db');
  const db = new Database(path);
  db.pragma(`page_size = ${PAGE_BYTES}`);
  db.pragma('journal_mode = WAL');
  db.exec('CREATE TABLE row (n INTEGER PRIMARY KEY, filler BLOB); CREATE INDEX by_filler ON row (filler)');
  const found = Array.from({ length: count }, (_, n) => {
    const insert = db.prepare('INSERT INTO row (filler) VALUES (randomblob(40))');
    for (let row = 0; row <= n * 7; row += 1) insert.run();
    db.pragma('wal_checkpoint(TRUNCATE)');
    return readFileSync(path);
  });
  db.close();
  return found;
}

async function* pieces(image: Buffer): AsyncGenerator<Buffer> {
  yield await Promise.resolve(image.subarray(0, 1000));
  yield image.subarray(1000);
}

function changesBetween(before: Buffer, after: Buffer) {
  const pages = new Map<number, Buffer>();
  for (let at = 0; at < after.length; at += PAGE_BYTES) {
    const page = after.subarray(at, at + PAGE_BYTES);
    if (!page.equals(before.subarray(at, at + PAGE_BYTES))) pages.set(at / PAGE_BYTES + 1, page);
  }
  return { pages, databasePages: after.length / PAGE_BYTES };
}

/** Number of rows somebody finds who opens these two files; throws when they are no whole database. */
function rowsIn(base: Buffer, log: Buffer): number {
  const aside = join(folder, 'aside.db');
  for (const end of ['', '-wal', '-shm']) rmSync(aside + end, { force: true });
  writeFileSync(aside, base);
  writeFileSync(`${aside}-wal`, log);
  const db = new Database(aside);
  try {
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
    return db.prepare<[], number>('SELECT count(*) FROM row').pluck().get() ?? 0;
  } finally {
    db.close();
  }
}

const rowsOf = (image: Buffer) => rowsIn(image, Buffer.alloc(0));
const base = () => readFileSync(options().path);
const log = () => readFileSync(`${options().path}-wal`);

test('cut at any byte of a change, the copy is the one before or the new one', async () => {
  const [first, second, third] = images(3) as [Buffer, Buffer, Buffer];
  const file = await MirrorFile.create(options(), pieces(first));
  await file.apply(changesBetween(first, second));
  const before = log().length;
  await file.apply(changesBetween(second, third));
  await file.close();
  const whole = log();
  for (let end = before; end < whole.length; end += 37)
    expect(rowsIn(base(), whole.subarray(0, end)), `${end}`).toBe(rowsOf(second));
  expect(rowsIn(base(), whole)).toBe(rowsOf(third));
  // A sector the medium has not written yet keeps what was there.
  for (let at = before; at < whole.length; at += 512) {
    const torn = Buffer.from(whole);
    torn.fill(0xa5, at, Math.min(at + 512, torn.length));
    expect(rowsIn(base(), torn), `${at}`).toBe(rowsOf(second));
  }
});

test('a change in parts counts once its last part is there', async () => {
  const [first, second] = images(2) as [Buffer, Buffer];
  const file = await MirrorFile.create(options(), pieces(first));
  const { pages, databasePages } = changesBetween(first, second);
  const [one, ...others] = [...pages];
  if (one === undefined) throw new Error('nothing changed');
  await file.apply({ pages: new Map(others), databasePages }, true);
  expect(rowsIn(base(), log())).toBe(rowsOf(first));
  await file.apply({ pages: new Map([one]), databasePages });
  expect(rowsIn(base(), log())).toBe(rowsOf(second));
  await file.close();
});

test('folding cut anywhere loses nothing: any mixture of old and new pages is read through the log', async () => {
  const [first, second, third] = images(3) as [Buffer, Buffer, Buffer];
  const file = await MirrorFile.create(options(), pieces(first));
  await file.apply(changesBetween(first, second));
  await file.apply(changesBetween(second, third));
  const full = log();
  await file.fold();
  expect(base().equals(third)).toBe(true);
  expect(log().length).toBe(0);
  await file.close();
  for (let seed = 1; seed < 60; seed += 1) {
    const mixed = Buffer.from(third);
    for (let at = 0, n = seed; at < first.length; at += PAGE_BYTES, n = (n * 48_271) % 0x7fffffff)
      if (n % 2 === 0) first.copy(mixed, at, at, at + PAGE_BYTES);
    const cut =
      seed % 3 === 0 ? mixed : mixed.subarray(0, Math.max(first.length, mixed.length - (seed % 5) * PAGE_BYTES));
    expect(rowsIn(cut, full), `${seed}`).toBe(rowsOf(third));
  }
});

test('opened again after a cut it goes on from what counts', async () => {
  const [first, second, third] = images(3) as [Buffer, Buffer, Buffer];
  const file = await MirrorFile.create(options(), pieces(first));
  await file.apply(changesBetween(first, second));
  const before = log().length;
  await file.apply(changesBetween(second, third));
  await file.close();
  writeFileSync(`${options().path}-wal`, log().subarray(0, before + 700));
  const again = await MirrorFile.open(options());
  expect(base().equals(second)).toBe(true);
  await again.apply(changesBetween(second, third));
  await again.close();
  expect(rowsIn(base(), log())).toBe(rowsOf(third));
});

test('a first copy has its name only when it is whole', async () => {
  const [first] = images(1) as [Buffer];
  async function* broken(): AsyncGenerator<Buffer> {
    yield await Promise.resolve(first.subarray(0, 512));
    throw new Error('pulled');
  }
  await expect(MirrorFile.create(options(), broken())).rejects.toThrow('pulled');
  expect(existsSync(options().path)).toBe(false);
  // Beside it a log of another file, left by somebody.
  copyFileSync(join(folder, 'copy.db.new'), `${options().path}-wal`);
  await (await MirrorFile.create(options(), pieces(first))).close();
  expect(rowsIn(base(), log())).toBe(rowsOf(first));
});
