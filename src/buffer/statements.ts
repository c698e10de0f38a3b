/** Every statement of the writing connection, prepared once. Columns are listed in the order of the migration. */
import type { Database, Statement } from 'better-sqlite3';

export interface RecordHead {
  record_id: number;
  state: number;
  schedule: number;
  stream_sequence: number | null;
  lane: number;
  received_ms: number;
  flags: number;
  pack: number;
  fill: Buffer | null;
  prior: number | null;
  lane_hash: Buffer;
  payload_hash: Buffer;
}

export interface Carrier {
  trail_index: number;
  leaf: Buffer;
  boot: number;
  monotonic_ms: number;
}

export interface TailRow {
  record_id: number;
  state: number;
  schedule: number;
  stream_sequence: number | null;
  key: Buffer;
  fill: Buffer | null;
  undoes: number | null;
  instance: number | null;
  lane_sequence: number | null;
  trail_index: number | null;
  leaf: Buffer | null;
}

export interface EpochRow {
  ordinal: number;
  epoch: string;
  base_record_id: number;
  base_standard: number;
  base_schedule_two: number;
}

/** Smallest numbers of records that still have to reach the PMS; null where there are none. */
interface Unsettled {
  record: number | null;
  standard: number | null;
  schedule_two: number | null;
}

interface TrailStoreRow {
  log: number;
  stored_size: number;
  pruned_size: number;
}

interface GatewayStart {
  trail_index: number;
  boot_id: string;
  version: string;
  configuration: string;
  settings: string;
  ended: number;
}

interface EvidenceHead {
  state: number;
  lane: number;
  hash: Buffer;
  bytes: number;
  log: number;
}

interface PracticeRow {
  practice_id: number;
  received_ms: number;
  flags: number;
  lane_hash: Buffer;
  payload_hash: Buffer;
  log: number;
  trail_index: number;
  leaf: Buffer;
}

const RECORD_COLUMNS = 24;

export type Statements = ReturnType<typeof prepareStatements>;

export function prepareStatements(db: Database) {
  const sql = <P extends unknown[] = unknown[], R = unknown>(text: string): Statement<P, R> => db.prepare<P, R>(text);
  return {
    begin: sql('BEGIN IMMEDIATE'),
    commit: sql('COMMIT'),
    rollback: sql('ROLLBACK'),

    insertRecord: sql(`INSERT INTO record VALUES (${Array(RECORD_COLUMNS).fill('?').join(',')})`),
    head: sql<[number], RecordHead>(
      'SELECT record_id, state, schedule, stream_sequence, lane, received_ms, flags, pack, fill, prior, lane_hash, payload_hash FROM record WHERE record_id = ?',
    ),
    carrier: sql<[number], Carrier>('SELECT trail_index, leaf, boot, monotonic_ms FROM record WHERE record_id = ?'),
    setState: sql<[number, number]>('UPDATE record SET state = ? WHERE record_id = ?'),
    nextPending: sql<[number, number], { record_id: number; received_ms: number; pack: number }>(
      'SELECT record_id, received_ms, pack FROM record WHERE record_id > ? AND schedule = ? AND state = 0 ORDER BY record_id LIMIT 1',
    ),
    nextPendingTwo: sql<[], { record_id: number; received_ms: number; pack: number }>(
      'SELECT record_id, received_ms, pack FROM record WHERE schedule = 2 AND state = 0 ORDER BY stream_sequence LIMIT 1',
    ),
    tail: sql<[number], TailRow>(
      'SELECT record_id, state, schedule, stream_sequence, key, fill, undoes, instance, lane_sequence, trail_index, leaf FROM record WHERE record_id > ? ORDER BY record_id',
    ),
    countRange: sql<[number, number], { schedule: number; state: number; count: number }>(
      'SELECT schedule, state, COUNT(*) AS count FROM record WHERE record_id > ? AND record_id <= ? GROUP BY schedule, state',
    ),

    findKey: sql<[Buffer], { record_id: number }>('SELECT record_id FROM key_index WHERE key = ?'),
    putKey: sql<[Buffer, number]>(
      'INSERT INTO key_index (key, record_id) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET record_id = excluded.record_id',
    ),
    findFill: sql<[Buffer], { record_id: number }>('SELECT record_id FROM fill_index WHERE fill = ?'),
    putFill: sql<[Buffer, number]>(
      'INSERT INTO fill_index (fill, record_id) VALUES (?, ?) ON CONFLICT (fill) DO UPDATE SET record_id = excluded.record_id',
    ),
    dropFill: sql<[Buffer]>('DELETE FROM fill_index WHERE fill = ?'),
    mergedThrough: sql<[], { record_id: number }>('SELECT record_id FROM index_merge'),
    setMergedThrough: sql<[number]>('UPDATE index_merge SET record_id = ?'),

    counters: sql<[], { schedule: number; state: number; count: number }>('SELECT schedule, state, count FROM counter'),
    addCounter: sql<[number, number, number]>(
      'INSERT INTO counter VALUES (?, ?, ?) ON CONFLICT (schedule, state) DO UPDATE SET count = count + excluded.count',
    ),
    streams: sql<
      [],
      { stream: number; last_number: number; settled_through: number; trail_size: number; trail_leaf: Buffer }
    >('SELECT * FROM stream ORDER BY stream'),
    setStreamHead: sql<[number, number, Buffer, number]>(
      'UPDATE stream SET last_number = ?, trail_size = ?, trail_leaf = ? WHERE stream = ?',
    ),
    setSettledThrough: sql<[number, number]>('UPDATE stream SET settled_through = ? WHERE stream = ?'),

    addEvidence: sql('INSERT INTO evidence VALUES (NULL,?,?,?,?,?,?,?,?,?,?,?,?)'),
    findEvidence: sql<
      [Buffer, number, number],
      { received_ms: number; log: number; trail_index: number; leaf: Buffer }
    >('SELECT received_ms, log, trail_index, leaf FROM evidence WHERE hash = ? AND lane = ? AND state = ? LIMIT 1'),
    evidenceOpen: sql<[], { lane: number; state: number; count: number; bytes: number }>(
      'SELECT lane, state, COUNT(*) AS count, SUM(bytes) AS bytes FROM evidence WHERE state IN (7, 8) GROUP BY lane, state',
    ),

    addDelivery: sql<[number, number, number, string | null, string | null, number]>(
      'INSERT INTO delivery VALUES (NULL, ?, ?, ?, ?, ?, ?)',
    ),
    unproved: sql<[], { count: number }>('SELECT COUNT(*) AS count FROM delivery WHERE proof = 0'),
    addGap: sql<[number, number, number, number]>('INSERT OR IGNORE INTO gap VALUES (?, ?, ?, NULL, ?)'),
    noteGap: sql<[number, number]>('UPDATE gap SET noted_ms = ? WHERE record_id = ? AND noted_ms IS NULL'),

    addEntry: sql<[number, number, string, Buffer]>('INSERT INTO trail_entry VALUES (?, ?, ?, ?)'),
    lastEntry: sql<[number], { i: number; leaf: Buffer }>(
      'SELECT i, leaf FROM trail_entry WHERE log = ? ORDER BY i DESC LIMIT 1',
    ),
    trailStores: sql<[], TrailStoreRow>('SELECT log, stored_size, pruned_size FROM trail_store'),
    setStored: sql<[number, number, number]>('UPDATE trail_store SET stored_size = ?, pruned_size = ? WHERE log = ?'),
    setAfterRecord: sql<[number, number]>('UPDATE trail_store SET after_record = ? WHERE log = ?'),
    setTrailHead: sql<[number, Buffer, number]>('UPDATE stream SET trail_size = ?, trail_leaf = ? WHERE stream = ?'),
    // Manifests and the key they are signed with are read from the rows for ever.
    dropEntries: sql<[number, number, number]>(
      `DELETE FROM trail_entry WHERE log = ? AND i >= ? AND i < ?
       AND substr(entry, instr(entry, '"k":"') + 5, 8) <> 'manifest' AND substr(entry, instr(entry, '"k":"') + 5, 12) <> 'gateway_key"'`,
    ),
    gatewayStart: sql<[], GatewayStart>(
      'SELECT trail_index, boot_id, version, configuration, settings, ended FROM gateway_start s JOIN boot b ON b.boot = s.boot',
    ),
    setGatewayStart: sql<[number, number, string, string, string]>(
      'INSERT OR REPLACE INTO gateway_start VALUES (1, ?, ?, ?, ?, ?, 0)',
    ),
    setGatewayEnd: sql<[]>('UPDATE gateway_start SET ended = 1'),
    setCheckpoint: sql<[string, number]>('UPDATE trail_store SET checkpoint = ? WHERE log = ?'),
    setCosigned: sql<[number, number]>('UPDATE trail_store SET cosigned_size = MAX(cosigned_size, ?) WHERE log = ?'),

    findLane: sql<[string], { lane: number }>('SELECT lane FROM lane WHERE name = ?'),
    addLane: sql<[string]>('INSERT INTO lane (name) VALUES (?)'),
    lanes: sql<[], { lane: number; name: string }>('SELECT lane, name FROM lane'),
    instances: sql<[], { instance: number; lane: number; name: string; last_sequence: number }>(
      'SELECT instance, lane, name, last_sequence FROM lane_instance',
    ),
    addInstance: sql<[number, string]>('INSERT INTO lane_instance (lane, name) VALUES (?, ?)'),
    setInstanceLast: sql<[number, number]>('UPDATE lane_instance SET last_sequence = ? WHERE instance = ?'),
    findBoot: sql<[string], { boot: number }>('SELECT boot FROM boot WHERE boot_id = ?'),
    addBoot: sql<[string]>('INSERT INTO boot (boot_id) VALUES (?)'),

    epoch: sql<[], EpochRow>('SELECT * FROM epoch ORDER BY ordinal DESC LIMIT 1'),
    addEpoch: sql('INSERT INTO epoch VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)'),
    oldestUnsettled: sql<[], Unsettled>(`SELECT
      (SELECT MIN(record_id) FROM record WHERE state IN (0, 2, 6)) AS record,
      (SELECT MIN(stream_sequence) FROM record WHERE schedule <> 2 AND state IN (0, 2)) AS standard,
      (SELECT MIN(stream_sequence) FROM record WHERE schedule = 2 AND state IN (0, 2)) AS schedule_two`),
    oldestOpen: sql<[], { record: number | null }>(
      'SELECT MIN(record_id) AS record FROM record WHERE state IN (0, 2, 3, 4, 5, 6)',
    ),
    waitingForPerson: sql<[number], { count: number }>(
      'SELECT COUNT(*) AS count FROM record WHERE state IN (3, 4, 5) AND record_id <= ?',
    ),

    giveStreamNumber: sql<[number, number, number]>(
      'UPDATE record SET state = ?, stream_sequence = ? WHERE record_id = ?',
    ),
    setLastNumber: sql<[number, number]>('UPDATE stream SET last_number = MAX(last_number, ?) WHERE stream = ?'),
    evidence: sql<[number], EvidenceHead>('SELECT state, lane, hash, bytes, log FROM evidence WHERE evidence_id = ?'),
    setEvidenceState: sql<[number, number]>('UPDATE evidence SET state = ? WHERE evidence_id = ?'),
    findAct: sql<[string], { log: number; trail_index: number; leaf: Buffer }>(
      'SELECT log, trail_index, leaf FROM act WHERE act_id = ?',
    ),
    addAct: sql('INSERT INTO act VALUES (?,?,?,?,?,?,?,?,?,?,?,?)'),

    openRun: sql<[], { run: number; began_ms: number; began_index: number }>(
      'SELECT run, began_ms, began_index FROM reconciliation WHERE ended_ms IS NULL',
    ),
    lastRun: sql<[], { run: number | null }>('SELECT MAX(run) AS run FROM reconciliation'),
    addRun: sql<[number, number, number]>('INSERT INTO reconciliation VALUES (?, ?, ?, NULL, NULL)'),
    endRun: sql<[number, number | null, number]>(
      'UPDATE reconciliation SET ended_ms = ?, manifest_index = ? WHERE run = ?',
    ),
    gatewayKey: sql<[], { kid: string; sealed: Buffer }>(
      'SELECT kid, sealed FROM gateway_key ORDER BY created_ms DESC LIMIT 1',
    ),
    addGatewayKey: sql<[string, Buffer, Buffer, number]>('INSERT INTO gateway_key VALUES (?, ?, ?, ?)'),

    setTraining: sql<[number, number]>(
      'INSERT INTO lane_training VALUES (?, ?) ON CONFLICT (lane) DO UPDATE SET until_ms = excluded.until_ms',
    ),
    endTraining: sql<[number]>('DELETE FROM lane_training WHERE lane = ?'),
    forgetPractice: sql<[number]>('DELETE FROM practice WHERE lane = ?'),
    findPractice: sql<[number, Buffer], PracticeRow>('SELECT * FROM practice WHERE lane = ? AND key = ?'),
    addPractice: sql('INSERT INTO practice VALUES (?,?,?,?,?,?,?,?,?,?)'),

    meta: sql<[string], { value: string }>('SELECT value FROM meta WHERE name = ?'),
    dataKeys: sql<[], { key_id: number; purpose: number; wrapped: Buffer }>(
      'SELECT key_id, purpose, wrapped FROM data_key UNION ALL SELECT key_id, 3, wrapped FROM archive_key',
    ),
  };
}
