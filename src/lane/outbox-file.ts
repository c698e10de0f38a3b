/**
 * The till's SQLite file: how it is opened, what is in it. One till, one file, one process.
 *
 * WAL with `synchronous=FULL`: a commit returns after fsync, so what `put` has returned survives a power cut. The file
 * holds record contents as sent; it is created with mode 0600 and belongs on an encrypted disk like everything of a till.
 */
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { CounterfoilError, messageOf } from '../base/errors.ts';

/** 'Cfob' in ASCII: lets file(1) and us tell an outbox from another SQLite file. */
const APPLICATION_ID = 0x43666f62;
const SCHEMA_VERSION = 1;

const SCHEMA = `
CREATE TABLE lane (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  store TEXT NOT NULL,
  lane TEXT NOT NULL,
  lane_instance TEXT NOT NULL,          -- UUID of this installation of the till
  next_lane_sequence INTEGER NOT NULL,
  epoch TEXT,                           -- the buffer this till last spoke to
  checkpoint TEXT                       -- newest checkpoint it was shown: a witness outside the gateway
) STRICT;

CREATE TABLE record (
  position INTEGER PRIMARY KEY AUTOINCREMENT,   -- order of sale at this till
  lane_sequence INTEGER UNIQUE,                 -- null for bytes that are published as they came
  idempotency_key TEXT,
  content_hash TEXT,                            -- of the contents without what the outbox adds: knows a repeated sale
  lane_hash TEXT,                               -- null when the bytes are not JSON
  stream TEXT NOT NULL,
  bytes BLOB,                                   -- as sent; null once the PMS has the record
  state TEXT NOT NULL,
  to_send INTEGER NOT NULL CHECK (to_send IN (0, 1)),
  epoch TEXT,
  sequence INTEGER,
  receipt TEXT,                                 -- newest receipt: evidence outside the gateway
  kept_at_ms INTEGER NOT NULL,
  acknowledged_at_ms INTEGER,
  settled_at_ms INTEGER,
  CHECK (bytes IS NOT NULL OR to_send = 0)
) STRICT;

CREATE INDEX record_to_send ON record (stream, position) WHERE to_send = 1;
CREATE INDEX record_key ON record (idempotency_key);
CREATE INDEX record_lane_hash ON record (lane_hash);
CREATE INDEX record_open ON record (acknowledged_at_ms) WHERE state IN ('acknowledged', 'held');
CREATE INDEX record_settled ON record (settled_at_ms) WHERE settled_at_ms IS NOT NULL;
`;

/** Younger than the first outboxes, and no reason for another schema: a program that does not know it keeps it. */
const LATER_INDEX = `
CREATE INDEX IF NOT EXISTS record_rejected ON record (acknowledged_at_ms) WHERE state = 'rejected';
`;

/**
 * Opens or creates the file and takes its lock until `close()`.
 * `path` may be `:memory:` for a publisher that needs no outbox of its own.
 * Throws `buffer_locked` (another process has it), `buffer_newer`, `buffer_damaged`, `buffer_unfit`, `storage_io`.
 */
export function openOutboxFile(path: string): Database.Database {
  try {
    if (path !== ':memory:') createPrivately(path);
    const db = new Database(path, { timeout: 0 });
    try {
      prepare(db, path);
      return db;
    } catch (error) {
      db.close();
      throw error;
    }
  } catch (error) {
    throw asOutboxError(error);
  }
}

function createPrivately(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  closeSync(openSync(path, 'a', 0o600));
}

function prepare(db: Database.Database, path: string): void {
  // Exclusive: two clients on one file would both send from it and give lane_sequence twice.
  db.pragma('locking_mode = EXCLUSIVE');
  const journal = db.pragma('journal_mode = WAL', { simple: true });
  db.pragma('synchronous = FULL');
  const isDurable = journal === 'wal' && db.pragma('synchronous', { simple: true }) === 2;
  if (!isDurable && path !== ':memory:') {
    throw new CounterfoilError(
      'buffer_unfit',
      'the outbox cannot use WAL with synchronous=FULL here',
      'put the outbox on a local disk; network file systems do not keep it safe',
    );
  }
  // What is let go is overwritten, not left in free pages.
  db.pragma('secure_delete = ON');
  const version = Number(db.pragma('user_version', { simple: true }));
  if (version > SCHEMA_VERSION) {
    throw new CounterfoilError(
      'buffer_newer',
      `the outbox was written by a newer program (schema ${version}, this one knows ${SCHEMA_VERSION})`,
      'start the newer program again; it can send what is kept here',
    );
  }
  if (isEmpty(db)) create(db);
  else if (db.pragma('application_id', { simple: true }) !== APPLICATION_ID) {
    throw new CounterfoilError(
      'buffer_damaged',
      'this SQLite file is not an outbox',
      'name another file as the outbox',
    );
  }
  db.exec(LATER_INDEX);
}

function isEmpty(db: Database.Database): boolean {
  return db.prepare('SELECT count(*) FROM sqlite_schema').pluck().get() === 0;
}

/** In one transaction: after a power cut the file is either empty (created again) or complete. */
function create(db: Database.Database): void {
  db.transaction(() => {
    db.exec(SCHEMA);
    db.pragma(`application_id = ${APPLICATION_ID}`);
    db.pragma(`user_version = ${SCHEMA_VERSION}`);
  }).immediate();
}

/** What went wrong with the file, in an operator's words. SQLite's own texts carry no record data. */
export function asOutboxError(error: unknown): CounterfoilError {
  if (error instanceof CounterfoilError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const text = messageOf(error);
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    return new CounterfoilError(
      'buffer_locked',
      'another process uses this outbox',
      'stop the other client of this till, or name another outbox',
      error,
    );
  }
  if (code.startsWith('SQLITE_NOTADB') || code.startsWith('SQLITE_CORRUPT')) {
    return new CounterfoilError(
      'buffer_damaged',
      `the outbox file is damaged: ${text}`,
      'keep the file for recovery and start with a new one; do not delete it',
      error,
    );
  }
  if (code.startsWith('SQLITE_FULL') || code === 'ENOSPC') {
    return new CounterfoilError(
      'storage_full',
      "the till's disk is full",
      'free space on the till, then sell again',
      error,
    );
  }
  return new CounterfoilError(
    'storage_io',
    `the outbox file failed: ${text}`,
    "check the till's disk and its rights",
    error,
  );
}
