/** What the gateway holds, from `buffer.db`, read beside a running gateway in one transaction (one moment of the file). */
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { laneHashOf, sha256 } from './canonical.ts';
import { Epochs, SCHEDULES } from './epochs.ts';
import { Seals } from './sealed.ts';
import { trailProblems } from './trail.ts';

export interface BufferRecord {
  readonly epoch: string;
  readonly sequence: number;
  readonly stream: 'standard' | 'schedule_two';
  /** Null while the record is held. */
  readonly streamSequence: number | null;
  readonly state: string;
  readonly laneHash: string;
  readonly payloadHash: string;
  /** Why the stored bytes are not those that were taken in; null when they are. */
  readonly altered: string | null;
}

export interface BufferReading {
  /** In order of sequence. */
  readonly records: readonly BufferRecord[];
  /** Publishes that became no record: what names them, and whether they are `REFUSED` or `CONFLICT`. */
  readonly evidence: readonly { readonly hash: string; readonly isConflict: boolean }[];
  /** Broken structure or trail. */
  readonly problems: readonly string[];
}

interface Row {
  readonly record_id: number;
  readonly state: string;
  readonly schedule: number;
  readonly stream_sequence: number | null;
  readonly pack: number;
  readonly slot: number;
  readonly lane_hash: Buffer;
  readonly payload_hash: Buffer;
  readonly sealed: Buffer | null;
}

const ROWS = `SELECT record_id, state.name AS state, schedule, stream_sequence, pack, slot, lane_hash, payload_hash, sealed
  FROM record JOIN state USING (state) ORDER BY record_id`;
const CONFLICT = 8;

/** Throws when the file or the box's key cannot be read. */
export function readBuffer(dataDir: string): BufferReading {
  const db = new Database(join(dataDir, 'buffer.db'), { readonly: true, fileMustExist: true });
  try {
    return db.transaction(() => reading(db, dataDir))();
  } finally {
    db.close();
  }
}

function reading(db: Database.Database, dataDir: string): BufferReading {
  const epochs = new Epochs(db);
  const integrity = db.pragma('quick_check', { simple: true });
  const evidence = db.prepare<[], { hash: Buffer; was: number }>(
    `SELECT hash, CASE WHEN record_id IS NULL THEN 7 ELSE ${CONFLICT} END AS was FROM evidence`,
  );
  return {
    records: readRecords(db, dataDir, epochs),
    evidence: evidence.all().map(({ hash, was }) => ({ hash: hash.toString('hex'), isConflict: was === CONFLICT })),
    problems: [
      ...(integrity === 'ok' ? [] : [`buffer.db: ${String(integrity)}`]),
      ...trailProblems(db, join(dataDir, 'trail'), epochs),
    ],
  };
}

function readRecords(db: Database.Database, dataDir: string, epochs: Epochs): BufferRecord[] {
  const seals = new Seals(db, dataDir);
  const rows = db.prepare<[], Row>(ROWS).all();
  const packs = new Map<number, Buffer[] | null>();
  for (const { record_id, sealed } of rows)
    if (sealed !== null) packs.set(record_id, seals.openPack(record_id, sealed));
  return rows.map((row) => ({
    ...epochs.placeOf(row.record_id),
    stream: SCHEDULES[row.schedule] === 'II' ? 'schedule_two' : 'standard',
    streamSequence: epochs.wireNumber(row.record_id, SCHEDULES[row.schedule] === 'II', row.stream_sequence),
    state: row.state,
    laneHash: row.lane_hash.toString('hex'),
    payloadHash: row.payload_hash.toString('hex'),
    altered: alteration(row, packs.get(row.pack)),
  }));
}

/** Compares a record's bytes with the hashes in its row. */
function alteration(row: Row, pack: readonly Buffer[] | null | undefined): string | null {
  if (pack === null) return 'its pack does not open';
  const payload = pack?.[row.slot];
  if (payload === undefined) return 'its bytes are missing';
  if (sha256(payload) !== row.payload_hash.toString('hex')) return 'its bytes do not match their hash';
  const record = JSON.parse(payload.toString('utf8')) as Record<string, unknown>;
  if (laneHashOf(record) !== row.lane_hash.toString('hex')) return 'it is not what its lane sent';
  return null;
}
