/**
 * The buffer's files: making them for a new gateway, opening them again, and refusing whatever is not fit.
 *
 * Order of a first start, and what a power cut leaves: data_dir → box.key (fsync) → buffer.db.new, complete → rename to
 * buffer.db → fsync of the directory → `commissioned`. Before the rename there is nothing but a key nobody used, and
 * the next start begins again. From the rename on the directory is a gateway's: if buffer.db is then missing, that is a
 * loss to be told, never a reason to make an empty one.
 */

import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import Database from 'better-sqlite3';
import { syncDirectory, syncFile, writeDurably } from '../base/durable.ts';
import { CounterfoilError, messageOf } from '../base/errors.ts';
import { KEY_BYTES, KEY_PURPOSE, newWrappedKey } from './keyring.ts';
import { storageError } from './storage-error.ts';

/** 'CFoi': marks a SQLite file as a Counterfoil buffer (pragma application_id). */
const APPLICATION_ID = 0x43466f69;
/** Newest file format this program knows (pragma user_version); number of the last file in migrations/. */
export const FORMAT = 4;
/** Measured in docs/decisions/0004: the least bytes written per commit of one record. */
const PAGE_BYTES = 512;
const CACHE_KIB = 16_384;
/** How long to wait for another program's write lock before the request is given back. */
const BUSY_TIMEOUT_MS = 2000;
/** The WAL is folded back into the file after this many bytes of it. */
const WAL_CHECKPOINT_BYTES = 8 * 1024 * 1024;
/** A WAL that grew longer is cut to this when it is begun anew. */
export const WAL_LIMIT_BYTES = WAL_CHECKPOINT_BYTES * 2;
/** Up to this size the whole file is checked before the first lane is served; above, see `quickCheck`. */
const CHECK_AT_START_BYTES = 128 * 1024 * 1024;

export interface BufferPaths {
  readonly dataDir: string;
  readonly db: string;
  readonly boxKey: string;
  readonly commissioned: string;
}

export function bufferPaths(dataDir: string): BufferPaths {
  return {
    dataDir,
    db: join(dataDir, 'buffer.db'),
    boxKey: join(dataDir, 'box.key'),
    commissioned: join(dataDir, 'commissioned'),
  };
}

function unfit(message: string, hint: string): CounterfoilError {
  return new CounterfoilError('buffer_unfit', message, hint);
}

function damaged(message: string, cause?: unknown): CounterfoilError {
  return new CounterfoilError(
    'buffer_damaged',
    message,
    'Nothing was changed. Keep data_dir as it is, copy it to another medium, and restore a backup or set the file aside; lanes keep their records meanwhile.',
    cause,
  );
}

/** Makes data_dir (0700) or checks that nobody else can read it. */
export function prepareDataDir(dataDir: string): void {
  const made = mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  // A new directory's name is durable only once its parent is synced; a lost one would look like a first start.
  if (made !== undefined) syncUpwards(dataDir, dirname(resolve(made)));
  const mode = statSync(dataDir).mode & 0o777;
  if ((mode & 0o077) !== 0) {
    throw unfit(`data_dir ${dataDir} is open to others (mode ${mode.toString(8)})`, `Run: chmod 700 ${dataDir}`);
  }
}

/** Syncs the parents of a new path, up to and with `top`. */
function syncUpwards(path: string, top: string): void {
  for (let at = dirname(resolve(path)); ; at = dirname(at)) {
    syncDirectory(at);
    if (at === top || at === dirname(at)) return;
  }
}

/** The box key; made on a first start, never replaced. Throws `key_missing` (exit 78) where a buffer needs the lost one. */
export function readBoxKey(paths: BufferPaths): Buffer {
  if (!existsSync(paths.boxKey)) {
    throw new CounterfoilError(
      'key_missing',
      'box.key is missing: the records in this buffer cannot be read without it',
      `Put back ${paths.boxKey} from the box or its backup. Nothing was changed.`,
    );
  }
  const key = readFileSync(paths.boxKey);
  if ((statSync(paths.boxKey).mode & 0o077) !== 0) {
    throw unfit('box.key can be read by others', `Run: chmod 600 ${paths.boxKey}`);
  }
  if (key.length !== KEY_BYTES) {
    throw new CounterfoilError(
      'key_missing',
      `box.key has ${key.length} bytes instead of ${KEY_BYTES}`,
      'Put back the whole file from the box or its backup. Nothing was changed.',
    );
  }
  return key;
}

/** Makes a first buffer where there has never been one; does nothing where there is one. */
export function createIfNew(paths: BufferPaths, gatewayId: string, nowMs: number): void {
  const used = existsSync(paths.commissioned);
  if (existsSync(paths.db)) {
    if (!used) writeDurably(paths.commissioned, '1\n', 'wx');
    return;
  }
  if (existsSync(join(paths.dataDir, 'restoring'))) {
    throw unfit(`a restore into ${paths.dataDir} was not finished`, 'Run it again: counterfoil backup restore.');
  }
  if (used || existsSync(`${paths.db}-wal`))
    throw damaged(`${paths.db} is missing, though this directory has held a gateway's records`);
  // What a first start that was cut short may have left: complete or torn, nobody has used it.
  for (const left of [`${paths.db}.new`, `${paths.db}.new-journal`, paths.boxKey]) rmSync(left, { force: true });
  writeDurably(paths.boxKey, randomBytes(KEY_BYTES), 'wx');
  buildFirst(`${paths.db}.new`, readBoxKey(paths), gatewayId, nowMs);
  renameSync(`${paths.db}.new`, paths.db);
  syncDirectory(paths.dataDir);
  writeDurably(paths.commissioned, '1\n', 'wx');
  syncDirectory(paths.dataDir);
}

/** Files of migrations/, in order; number n brings a file to format n. */
const MIGRATIONS = ['0001-first.sql', '0002-people.sql', '0003-trail.sql', '0004-archive.sql'] as const;

/** Brings an open file from its format to `FORMAT`. Within a transaction of the caller's: all of it or nothing. */
function migrate(db: Database.Database, from: number): void {
  for (const name of MIGRATIONS.slice(from)) {
    db.exec(readFileSync(new URL(`./migrations/${name}`, import.meta.url), 'utf8'));
  }
  db.pragma(`user_version = ${FORMAT}`);
}

function buildFirst(path: string, boxKey: Uint8Array, gatewayId: string, nowMs: number): void {
  const db = new Database(path);
  try {
    db.pragma(`page_size = ${PAGE_BYTES}`);
    db.pragma('synchronous = FULL');
    db.transaction(() => {
      migrate(db, 0);
      db.prepare('INSERT INTO meta VALUES (?, ?), (?, ?)').run(
        'buffer_id',
        randomBytes(8).toString('hex'),
        'gateway_id',
        gatewayId,
      );
      db.prepare('INSERT INTO epoch VALUES (1, ?, NULL, ?, 0, ?, 0, 0, 0)').run(
        randomBytes(4).toString('hex'),
        'first',
        Math.trunc(nowMs),
      );
      const addKey = db.prepare('INSERT INTO data_key VALUES (?, ?, ?, ?)');
      for (const [keyId, purpose] of [
        [1, KEY_PURPOSE.payload],
        [2, KEY_PURPOSE.lookup],
      ] as const) {
        addKey.run(keyId, purpose, newWrappedKey(boxKey, keyId, purpose).wrapped, Math.trunc(nowMs));
      }
      db.pragma(`application_id = ${APPLICATION_ID}`);
    })();
  } finally {
    db.close();
  }
  syncFile(path);
}

/** Value of a one-value pragma. */
function pragma(db: Database.Database, name: string): unknown {
  return db.pragma(name, { simple: true });
}

/**
 * Opens the one writing connection. Durability settings are read back: better-sqlite3's build would otherwise run WAL
 * with synchronous=NORMAL, which loses acknowledged records at a power cut (sqlite.org/pragma.html#pragma_synchronous).
 */
export function openForWriting(path: string): Database.Database {
  const db = openChecked(path, false);
  try {
    tuneForWriting(db);
    upgrade(db);
    return db;
  } catch (error) {
    db.close();
    throw openingError(path, error);
  }
}

/** An older file becomes one of this format in one commit; if the power goes here it is still the older one. */
function upgrade(db: Database.Database): void {
  const format = pragma(db, 'user_version');
  if (typeof format !== 'number' || format >= FORMAT) return;
  db.transaction(() => migrate(db, format)).immediate();
}

function tuneForWriting(db: Database.Database): void {
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.pragma(`cache_size = -${CACHE_KIB}`);
  db.pragma(`wal_autocheckpoint = ${WAL_CHECKPOINT_BYTES / PAGE_BYTES}`);
  db.pragma(`journal_size_limit = ${WAL_LIMIT_BYTES}`);
  db.pragma('foreign_keys = OFF');
  if (pragma(db, 'journal_mode') !== 'wal' || pragma(db, 'synchronous') !== 2) {
    throw unfit(
      'SQLite did not accept WAL mode with synchronous=FULL on this file system',
      'Use a local disk (ext4, xfs, btrfs) for data_dir; network and FUSE file systems are not fit.',
    );
  }
}

/** Opens a reading connection that can never write and never waits for the writer (WAL readers do not). */
export function openForReading(path: string): Database.Database {
  const db = openChecked(path, true);
  db.pragma('query_only = ON');
  db.pragma(`cache_size = -${CACHE_KIB / 4}`);
  return db;
}

function openChecked(path: string, readonly: boolean): Database.Database {
  let db: Database.Database | null = null;
  try {
    db = new Database(path, { readonly, fileMustExist: true, timeout: BUSY_TIMEOUT_MS });
    const format = pragma(db, 'user_version');
    if (pragma(db, 'application_id') !== APPLICATION_ID) throw damaged(`${path} is not a Counterfoil buffer`);
    if (typeof format !== 'number' || format < 1) throw damaged(`${path} has no format number`);
    if (format > FORMAT) throw newer(path, format);
    return db;
  } catch (error) {
    db?.close();
    throw openingError(path, error);
  }
}

/** Why a buffer could not be opened: `buffer_damaged` when its bytes are no database, else what the disk said. */
export function openingError(path: string, error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (!/^SQLITE_(CORRUPT|NOTADB)/.test(code)) return storageError(error);
  return damaged(`${path} cannot be read as a database (${messageOf(error)})`, error);
}

function newer(path: string, format: number): CounterfoilError {
  return new CounterfoilError(
    'buffer_newer',
    `${path} has format ${format}, this program knows up to ${FORMAT}`,
    'Start the newer program version that wrote it. Nothing was changed.',
  );
}

/** Structure check before the first record is taken; throws `buffer_damaged`. False when the file is too large for it. */
export function quickCheck(db: Database.Database, path: string): boolean {
  if (statSync(path).size > CHECK_AT_START_BYTES) return false;
  let verdict: unknown;
  try {
    verdict = pragma(db, 'quick_check(1)');
  } catch (error) {
    throw openingError(path, error);
  }
  if (verdict !== 'ok') throw damaged(`${path} is damaged: ${String(verdict)}`);
  return true;
}
