/** The archive's statements on the writing connection. Columns are listed in the order of the migration. */
import type { Database, Statement } from 'better-sqlite3';
import type { Clock } from '../../base/clock.ts';
import { KEY_PURPOSE, newWrappedKey } from '../keyring.ts';

export interface LeavingRow {
  key: Buffer;
  laneHash: Buffer;
  state: number;
  schedule: number;
}

export type ArchiveStatements = ReturnType<typeof prepareArchiveStatements>;

export function prepareArchiveStatements(db: Database) {
  const sql = <P extends unknown[] = unknown[], R = unknown>(text: string): Statement<P, R> => db.prepare<P, R>(text);
  return {
    anyKey: sql<[], { key_id: number }>('SELECT key_id FROM archive_key LIMIT 1'),
    addKey: sql<[number, Buffer, number]>('INSERT INTO archive_key VALUES (?, ?, ?)'),
    putFile: sql<unknown[], { file: number }>(
      `INSERT INTO archive_file (stream, month, part, file_id, key_id, bytes, frames, records, hash, from_ms, to_ms, archived_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (stream, month, part) DO UPDATE SET bytes = excluded.bytes, frames = excluded.frames,
         records = records + excluded.records, hash = excluded.hash, from_ms = MIN(from_ms, excluded.from_ms),
         to_ms = MAX(to_ms, excluded.to_ms), archived_ms = MAX(archived_ms, excluded.archived_ms)
       RETURNING file`,
    ),
    addFrame: sql('INSERT INTO archive_frame VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)'),
    leaving: sql<[], { frame: number; leaving: string }>(
      'SELECT frame, leaving FROM archive_frame WHERE leaving IS NOT NULL ORDER BY frame LIMIT 1',
    ),
    setLeaving: sql<[string | null, number]>('UPDATE archive_frame SET leaving = ? WHERE frame = ?'),
    leavingRow: sql<[number], LeavingRow>(
      'SELECT key, lane_hash AS laneHash, state, schedule FROM record WHERE record_id = ?',
    ),
    putArchivedKey: sql<[Buffer, number, Buffer, number, number]>(
      `INSERT INTO key_index (key, record_id, lane_hash, state, frame) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (key) DO UPDATE SET record_id = excluded.record_id, lane_hash = excluded.lane_hash,
         state = excluded.state, frame = excluded.frame`,
    ),
    dropDeliveries: sql<[number]>('DELETE FROM delivery WHERE record_id = ?'),
    dropGap: sql<[number]>('DELETE FROM gap WHERE record_id = ?'),
    dropRecord: sql<[number]>('DELETE FROM record WHERE record_id = ?'),
    setSealed: sql<[number, number, string, number]>(
      'UPDATE archive_file SET sealed_ms = ? WHERE stream = ? AND month = ? AND part = ? AND sealed_ms IS NULL',
    ),
    setGone: sql<[number, number, string, number]>(
      'UPDATE archive_file SET removed_ms = ? WHERE stream = ? AND month = ? AND part = ? AND expired_by IS NOT NULL',
    ),
    filesOf: sql<[number, string], { file: number; hash: Buffer; part: number; records: number; leaving: number }>(
      `SELECT file, hash, part, records, (SELECT COUNT(*) FROM archive_frame a WHERE a.file = f.file
         AND leaving IS NOT NULL) AS leaving
       FROM archive_file f WHERE stream = ? AND month = ? AND expired_by IS NULL ORDER BY part`,
    ),
    setExpired: sql<[string, number]>('UPDATE archive_file SET expired_by = ? WHERE file = ?'),
    findExpiry: sql<[string], { done_ms: number }>('SELECT done_ms FROM expiry WHERE act_id = ?'),
    addExpiry: sql('INSERT INTO expiry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)'),
    dropKey: sql<[Buffer, number]>('DELETE FROM key_index WHERE key = ? AND record_id = ?'),
    dropFill: sql<[Buffer, number]>('DELETE FROM fill_index WHERE fill = ? AND record_id = ?'),
    dropFrame: sql<[number]>('DELETE FROM archive_frame WHERE frame = ?'),
  };
}

/** A buffer of an earlier format, or a new one, has no key for archive files yet. */
export function ensureArchiveKey(
  sql: ArchiveStatements,
  { boxKey, clock }: { readonly boxKey: Uint8Array; readonly clock: Clock },
): void {
  if (sql.anyKey.get() !== undefined) return;
  const { keyId, wrapped } = newWrappedKey(boxKey, 1, KEY_PURPOSE.archive);
  sql.addKey.run(keyId, wrapped, Math.trunc(clock.utcMs()));
}
