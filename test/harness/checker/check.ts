/**
 * Reads a gateway's data_dir as a stranger would and says which promises its disk breaks. Shares no code with the
 * gateway: what both get wrong in the same way would go unnoticed.
 */
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { laneHashOf, sha256 } from './canonical.ts';
import { type Expectation, type FoundRecord, judgeRecords } from './expectation.ts';
import { Keys } from './sealed.ts';
import { leafHash, type WholeTrail, wholeTrail } from './trail.ts';

const SYNCED = 1;
const UNNUMBERED: ReadonlySet<number> = new Set([5, 6, 9]);
const SCHEDULE_TWO = 2;
const NORMALISED = ['ndc', 'schedule', 'dispensed_at_utc'] as const;

interface RecordRow {
  readonly record_id: number;
  readonly state: number;
  readonly schedule: number;
  readonly stream_sequence: number | null;
  readonly pack: number;
  readonly slot: number;
  readonly key: Buffer;
  readonly lane_hash: Buffer;
  readonly payload_hash: Buffer;
  readonly sealed: Buffer | null;
}

/** Problems of the buffer in `dataDir`, which no gateway may have open; empty when it keeps every promise. */
export function checkBuffer(dataDir: string, expected: Expectation): string[] {
  const db = new Database(join(dataDir, 'buffer.db'), { fileMustExist: true, readonly: true });
  try {
    const integrity = db.pragma('integrity_check', { simple: true });
    if (integrity !== 'ok') return [`integrity_check: ${String(integrity)}`];
    const trails = [wholeTrail(db, join(dataDir, 'trail'), 0), wholeTrail(db, join(dataDir, 'trail'), 1)] as const;
    const base = baseRecordId(db);
    const numbering = checkFirstNumbers(db);
    const rows = db
      .prepare<[number], RecordRow>('SELECT * FROM record WHERE record_id > ? ORDER BY record_id')
      .all(base);
    const found: FoundRecord[] = rows.map((row) => ({
      sequence: row.record_id - base,
      laneHash: row.lane_hash.toString('hex'),
      synced: row.state === SYNCED,
    }));
    return [
      ...judgeRecords(found, expected),
      ...numbering,
      ...checkStreams(rows),
      ...checkBytes(rows, new Keys(db, dataDir)),
      ...trails.flatMap(({ problems }) => problems),
      ...checkEvidence(db, trails),
      ...checkBooks(db),
    ];
  } catch (error) {
    return [`it cannot be read: ${error instanceof Error ? error.message : String(error)}`];
  } finally {
    db.close();
  }
}

function baseRecordId(db: Database.Database): number {
  const epoch = db.prepare<[], { base: number }>(
    'SELECT base_record_id AS base FROM epoch ORDER BY ordinal DESC LIMIT 1',
  );
  const base = epoch.get()?.base;
  if (base === undefined) throw new Error('no epoch');
  return base;
}

/** In a buffer that never changed its epoch, every stream starts at 1. */
function checkFirstNumbers(db: Database.Database): string[] {
  const epochs = db.prepare<[], { count: number }>('SELECT COUNT(*) AS count FROM epoch').get()?.count;
  if (epochs !== 1) return [];
  const firsts = db
    .prepare<[], { two: number; first: number }>(
      `SELECT schedule = 2 AS two, MIN(stream_sequence) AS first FROM record WHERE stream_sequence IS NOT NULL
       GROUP BY schedule = 2`,
    )
    .all();
  return firsts.flatMap(({ two, first }) =>
    first === 1 ? [] : [`stream ${two === 1 ? 'two' : 'standard'}: number 1 is missing, ${first} stands there`],
  );
}

/**
 * Each stream counts without a gap or a repeat: the standard one in the order of the sequence, Schedule II in the order in
 * which its records became free to go. What is or was held and never released has no number.
 */
function checkStreams(rows: readonly RecordRow[]): string[] {
  const numbers: { two: number[]; standard: number[] } = { two: [], standard: [] };
  for (const { record_id, state, schedule, stream_sequence } of rows) {
    const two = schedule === SCHEDULE_TWO;
    if (stream_sequence !== null) numbers[two ? 'two' : 'standard'].push(stream_sequence);
    else if (!two || !UNNUMBERED.has(state)) return [`record ${record_id} has no number in its stream`];
  }
  numbers.two.sort((a, b) => a - b);
  for (const [stream, given] of Object.entries(numbers)) {
    const first = given[0] ?? 1;
    const wrong = given.findIndex((number, at) => number !== first + at);
    if (wrong >= 0) return [`stream ${stream}: number ${first + wrong} is missing, ${given[wrong]} stands there`];
  }
  return [];
}

/** Every record's bytes are there, unaltered, and are what the lane sent. */
function checkBytes(rows: readonly RecordRow[], keys: Keys): string[] {
  const packs = new Map<number, Buffer[]>();
  for (const { record_id: id, sealed } of rows) if (sealed !== null) packs.set(id, keys.openPack(id, sealed));
  const taken = new Map<number, number>();
  for (const row of rows) {
    const payload = packs.get(row.pack)?.[row.slot];
    const name = `record ${row.record_id}`;
    if (payload === undefined) return [`${name} has no bytes`];
    if (sha256(payload) !== row.payload_hash.toString('hex')) return [`${name} does not match its payload_hash`];
    const record = JSON.parse(payload.toString()) as Record<string, unknown>;
    if (laneHashOf(asSent(record)) !== row.lane_hash.toString('hex')) return [`${name} is not what its lane sent`];
    if (!keys.keyHash(String(record.idempotency_key)).equals(row.key)) return [`${name} stands under another key`];
    taken.set(row.pack, (taken.get(row.pack) ?? 0) + 1);
  }
  for (const [pack, payloads] of packs) {
    if (taken.get(pack) !== payloads.length)
      return [`pack ${pack} holds ${payloads.length}, rows name ${taken.get(pack)}`];
  }
  return [];
}

/** Undoes the normalising: three members may differ from what was sent, each with the original beside it. */
function asSent(record: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const sent = { ...record };
  for (const name of NORMALISED) {
    const original = `${name}_sent`;
    if (!(original in sent)) continue;
    sent[name] = sent[original];
    delete sent[original];
  }
  return sent;
}

/** Rows that are derived from others must agree with them; each query finds what does not. */
const BOOKS: readonly (readonly [string, string])[] = [
  ['a key that two records share', 'SELECT key FROM record GROUP BY key HAVING COUNT(*) > 1'],
  [
    'a merged record the key index does not know',
    `SELECT record_id FROM record r WHERE record_id <= (SELECT record_id FROM index_merge)
     AND NOT EXISTS (SELECT 1 FROM key_index k WHERE k.key = r.key AND k.record_id = r.record_id)`,
  ],
  [
    'a counter that does not count',
    `SELECT schedule, state FROM counter c WHERE count <> (SELECT COUNT(*) FROM record r WHERE r.schedule = c.schedule
     AND r.state = c.state AND r.record_id <= (SELECT record_id FROM index_merge))`,
  ],
  [
    'a settled record without the answer that settled it',
    `SELECT record_id FROM record r WHERE state IN (1, 3) AND NOT EXISTS
     (SELECT 1 FROM delivery d WHERE d.record_id = r.record_id AND d.outcome = r.state)`,
  ],
];

function checkBooks(db: Database.Database): string[] {
  return BOOKS.flatMap(([what, query]) => (db.prepare(query).get() === undefined ? [] : [what]));
}

/** Each piece of evidence names an entry of its trail. */
function checkEvidence(db: Database.Database, trails: readonly [WholeTrail, WholeTrail]): string[] {
  const rows = db.prepare<[], { log: 0 | 1; i: number; leaf: Buffer }>(
    'SELECT log, trail_index AS i, leaf FROM evidence',
  );
  const lost = rows.all().filter(({ log, i, leaf }) => !leafHash(trails[log].texts[i] ?? '').equals(leaf));
  return lost.length === 0 ? [] : ['evidence without its trail entry'];
}
