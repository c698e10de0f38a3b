/** Reads all of a copy of a buffer and says what holds. */
import type { Database } from 'better-sqlite3';
import { withCopy } from './copy.ts';
import { openingError } from './files.ts';
import { Keyring } from './keyring.ts';
import { isIntact, openPack } from './pack.ts';
import { prepareStatements } from './statements.ts';
import { TrailReader } from './trail-reader.ts';

const ENTRIES_AT_ONCE = 1000;
const ENTRY_BYTES_AT_ONCE = 4 * 1024 * 1024;

/** What reading all of a copy has shown. */
export interface CopyExamined {
  /** Rows of the trails whose bytes, leaf and link hold. */
  readonly entries: number;
  /** Records whose bytes have the hash that was fixed when they were taken; null without the box key. */
  readonly payloads: number | null;
  /** Sequences of records whose bytes have not. */
  readonly damaged: readonly number[];
}

/**
 * Reads all of a copy: structure, every trail row from the segments' end on, and with the box key every payload.
 * @throws CounterfoilError `buffer_damaged`, `key_missing` when the key is another box's.
 */
export function examineCopy(path: string, boxKey: Uint8Array | null): CopyExamined {
  return withCopy(path, (db) => {
    const verdict = db.pragma('integrity_check(1)', { simple: true });
    if (verdict !== 'ok')
      throw openingError(path, Object.assign(new Error(String(verdict)), { code: 'SQLITE_CORRUPT' }));
    const reader = new TrailReader(db);
    const entries = countEntries(reader, 0) + countEntries(reader, 1);
    if (boxKey === null) return { entries, payloads: null, damaged: [] };
    return { entries, ...checkPayloads(db, boxKey) };
  });
}

function countEntries(reader: TrailReader, log: 0 | 1): number {
  let count = 0;
  for (let at = reader.store(log).stored; ; ) {
    const read = reader.read(log, at, ENTRIES_AT_ONCE, ENTRY_BYTES_AT_ONCE);
    if (read.length === 0) return count;
    count += read.length;
    at += read.length;
  }
}

interface PayloadRow {
  readonly record_id: number;
  readonly pack: number;
  readonly slot: number;
  readonly payload_hash: Buffer;
  readonly sealed: Buffer | null;
}

function checkPayloads(db: Database, boxKey: Uint8Array): Pick<CopyExamined, 'payloads' | 'damaged'> {
  const sql = prepareStatements(db);
  const keys = sql.dataKeys.all().map((row) => ({ keyId: row.key_id, purpose: row.purpose, wrapped: row.wrapped }));
  const ring = new Keyring(boxKey, keys);
  const bufferId = sql.meta.get('buffer_id')?.value ?? '';
  const base = sql.epoch.get()?.base_record_id ?? 0;
  const sealedOf = db.prepare<[number], Buffer | null>('SELECT sealed FROM record WHERE record_id = ?').pluck();
  const rows = db.prepare<[], PayloadRow>(
    'SELECT record_id, pack, slot, payload_hash, sealed FROM record ORDER BY record_id',
  );
  // Packs of the two trails alternate, so two are kept at hand.
  const open = new Map<number, Buffer[] | null>();
  const damaged: number[] = [];
  let payloads = 0;
  for (const row of rows.iterate()) {
    if (!open.has(row.pack)) {
      const sealed = row.sealed ?? sealedOf.get(row.pack) ?? null;
      const [oldest] = open.keys();
      if (open.size > 1 && oldest !== undefined) open.delete(oldest);
      open.set(row.pack, sealed === null ? null : openPack(ring, bufferId, row.pack, sealed));
    }
    if (isIntact(open.get(row.pack)?.[row.slot], row.payload_hash)) payloads += 1;
    else damaged.push(row.record_id - base);
  }
  return { payloads, damaged };
}
