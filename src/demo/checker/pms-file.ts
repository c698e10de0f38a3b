/** What the PMS holds, from the reference PMS's own SQLite file, read beside it. */
import Database from 'better-sqlite3';
import { sha256 } from './canonical.ts';

export interface PmsRecord {
  readonly epoch: string;
  readonly sequence: number;
  readonly key: string;
  readonly payloadHash: string;
  /** Whether the stored text is what the hash was taken of. */
  readonly isWhole: boolean;
}

export interface PmsReading {
  readonly records: readonly PmsRecord[];
  /** Sequences of records in whose place a gap marker came, as `epoch sequence`. */
  readonly gaps: ReadonlySet<string>;
}

interface Row {
  readonly epoch: string;
  readonly sequence: number;
  readonly idempotency_key: string;
  readonly payload_hash: string;
  readonly payload: string;
}

/** Throws when the file cannot be read. */
export function readPms(file: string): PmsReading {
  const db = new Database(file, { readonly: true, fileMustExist: true });
  try {
    return db.transaction(() => reading(db))();
  } finally {
    db.close();
  }
}

function reading(db: Database.Database): PmsReading {
  const rows = db.prepare<[], Row>('SELECT epoch, sequence, idempotency_key, payload_hash, payload FROM records');
  const gaps = db.prepare<[], { place: string }>(
    "SELECT epoch || ' ' || sequence AS place FROM places WHERE status = 'noted'",
  );
  return {
    records: rows.all().map(({ epoch, sequence, idempotency_key, payload_hash, payload }) => ({
      epoch,
      sequence,
      key: idempotency_key,
      payloadHash: payload_hash,
      isWhole: sha256(payload) === payload_hash,
    })),
    gaps: new Set(gaps.all().map(({ place }) => place)),
  };
}
