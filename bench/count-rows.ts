/** Reads how many rows a running server has committed, over a read-only connection of our own. */
import Database from 'better-sqlite3';

/** Answers the `rows` column of the first row that `query` gives. */
export function countRows(databaseFile: string, query: string): number {
  const database = new Database(databaseFile, { readonly: true });
  try {
    const row = database.prepare<[], { rows: number }>(query).get();
    if (row === undefined) throw new Error('a count query answers one row');
    return row.rows;
  } finally {
    database.close();
  }
}
