/** Opening the reference PMS's database file: only a file of its own, only with durable commits. */
import { closeSync, openSync } from 'node:fs';
import Database from 'better-sqlite3';
import { CounterfoilError, messageOf } from '../../base/errors.ts';
import { APPLICATION_ID, SCHEMA, SCHEMA_VERSION, WITNESS_SCHEMA } from './schema.ts';

/**
 * Opens or creates the file with WAL and `synchronous=FULL`: an answer given after a commit survives the power cut.
 * A new file gets mode 0600 before SQLite writes to it, since it will hold records.
 * @throws CounterfoilError `storage_io` when it cannot be opened, `config_invalid` when it is another program's file.
 */
export function openPmsDatabase(file: string): Database.Database {
  let database: Database.Database;
  try {
    closeSync(openSync(file, 'a', 0o600));
    database = new Database(file, { timeout: 5000 });
  } catch (error) {
    throw unreadable(file, error);
  }
  try {
    prepare(database, file);
  } catch (error) {
    database.close();
    throw error instanceof CounterfoilError ? error : unreadable(file, error);
  }
  return database;
}

function prepare(database: Database.Database, file: string): void {
  const owner = database.pragma('application_id', { simple: true });
  const version = database.pragma('user_version', { simple: true });
  const tables = database.prepare<[], { count: number }>('SELECT count(*) AS count FROM sqlite_schema').get()?.count;
  const isOurs = owner === APPLICATION_ID && (version === SCHEMA_VERSION || version === 1);
  if (tables !== 0 && !isOurs) {
    throw new CounterfoilError(
      'config_invalid',
      `${file} is not a reference PMS database of version ${SCHEMA_VERSION}`,
      'name another file with --db; this one was left as it is',
    );
  }
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = FULL');
  database.pragma('foreign_keys = ON');
  // better-sqlite3 is built with a weaker default for WAL, so what is in force is read back.
  if (database.pragma('synchronous', { simple: true }) !== 2) {
    throw new CounterfoilError('storage_io', `${file}: SQLite refuses synchronous=FULL`, 'use another file system');
  }
  if (tables === 0 || version === 1) {
    // One transaction: a power cut leaves either what was there or the whole schema.
    database.transaction(() => {
      if (tables === 0) database.exec(SCHEMA);
      database.exec(WITNESS_SCHEMA);
      database.pragma(`application_id = ${APPLICATION_ID}`);
      database.pragma(`user_version = ${SCHEMA_VERSION}`);
    })();
  }
}

function unreadable(file: string, cause: unknown): CounterfoilError {
  return new CounterfoilError(
    'storage_io',
    `cannot open the PMS database ${file}: ${messageOf(cause)}`,
    'check that its folder exists and is writable, or name another file with --db',
    cause,
  );
}
