/**
 * What a till can testify about the gateway's trail, out of its outbox: the newest checkpoint it was shown and the newest
 * receipt of each record, as JSON lines that `counterfoil trail verify --witness` takes. The records themselves stay there.
 */
import { existsSync } from 'node:fs';
import { CounterfoilError } from '../base/errors.ts';
import { asOutboxError, openOutboxFile } from './outbox-file.ts';

/**
 * Calls `write` with each line. The outbox is locked meanwhile. Throws `usage` where there is none, `buffer_locked` while
 * the till runs (a copy of the file and its `-wal` will do), and what else `openOutboxFile` throws.
 */
export function testify(path: string, write: (line: string) => void): void {
  if (!existsSync(path)) {
    throw new CounterfoilError('usage', `there is no outbox ${path}`, "name the till's outbox file with --outbox");
  }
  const db = openOutboxFile(path);
  try {
    const checkpoint = db.prepare<[], string | null>('SELECT checkpoint FROM lane').pluck().get();
    if (checkpoint != null) write(`${JSON.stringify({ checkpoint })}\n`);
    const receipts = db.prepare<[], string>('SELECT receipt FROM record WHERE receipt IS NOT NULL ORDER BY position');
    for (const receipt of receipts.pluck().iterate()) write(`${receipt}\n`);
  } catch (error) {
    throw asOutboxError(error);
  } finally {
    db.close();
  }
}
