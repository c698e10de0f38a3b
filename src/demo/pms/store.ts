/**
 * All SQL of the reference PMS. Calls are synchronous; what belongs together runs inside `atomically`, which returns
 * after the commit is on disk. A power cut before that leaves nothing of it, and the gateway, unanswered, sends again.
 */
import type Database from 'better-sqlite3';
import type { GapMarker, SyncRecord } from '../../record/wire.ts';
import { CosignedBook } from './cosigned.ts';
import { openPmsDatabase } from './open.ts';
import type { Decision, HeldRecord, Place, Standing, StoredAnswer, StreamName } from './rows.ts';

/** Answers kept per stream. An older batch sent again is still answered rightly, as duplicates. */
const ANSWERS_KEPT = 256;

const HELD = `id, gateway_id, epoch, stream, stream_sequence, idempotency_key, payload_hash, status, lookups_left,
  decision, verifier_id, verified_at_utc`;
const PLACE = `gateway_id, epoch, stream, stream_sequence, idempotency_key, payload_hash, status, reason, record_id`;
const OF_STREAM = 'gateway_id = ? AND epoch = ? AND stream = ?';

export class PmsStore {
  readonly #database: Database.Database;
  readonly #statements = new Map<string, Database.Statement<unknown[]>>();
  /** What it has cosigned as a witness. */
  readonly cosigned: CosignedBook;

  private constructor(database: Database.Database) {
    this.#database = database;
    this.cosigned = new CosignedBook(database);
  }

  /** See `openPmsDatabase` for what can go wrong. */
  static open(file: string): PmsStore {
    return new PmsStore(openPmsDatabase(file));
  }

  close(): void {
    this.#database.close();
  }

  /** Runs `work` as one transaction that takes the write lock at once; durable on return, undone if `work` throws. */
  atomically<T>(work: () => T): T {
    return this.#database.transaction(work).immediate();
  }

  /** The number the stream continues with; 1 for a stream never heard of. */
  expectedSequence(name: StreamName): number {
    const sql = `SELECT max(stream_sequence) AS last FROM places WHERE ${OF_STREAM}`;
    const row = this.#get<{ last: number | null }>(sql, name.gatewayId, name.epoch, name.stream);
    return (row?.last ?? 0) + 1;
  }

  findPlace(name: StreamName, streamSequence: number): Place | undefined {
    const sql = `SELECT ${PLACE} FROM places WHERE ${OF_STREAM} AND stream_sequence = ?`;
    return this.#get<Place>(sql, name.gatewayId, name.epoch, name.stream, streamSequence);
  }

  findRecord(gatewayId: string, key: string): HeldRecord | undefined {
    const sql = `SELECT ${HELD} FROM records WHERE idempotency_key = ? AND gateway_id = ?`;
    return this.#get<HeldRecord>(sql, key, gatewayId);
  }

  recordById(id: number): HeldRecord | undefined {
    return this.#get<HeldRecord>(`SELECT ${HELD} FROM records WHERE id = ?`, id);
  }

  /** Every gateway's record under a key; at most one per gateway. */
  recordsByKey(key: string): HeldRecord[] {
    return this.#all<HeldRecord>(`SELECT ${HELD} FROM records WHERE idempotency_key = ? ORDER BY id`, key);
  }

  /** Numbers used up by refused records under a key, oldest first. */
  refusalsByKey(key: string): Place[] {
    const sql = `SELECT ${PLACE} FROM places WHERE idempotency_key = ? AND status = 'rejected' ORDER BY used_at_utc`;
    return this.#all<Place>(sql, key);
  }

  /** Keeps a new record, `payload` being its RFC 8785 text; returns its id. */
  insertRecord(name: StreamName, record: SyncRecord, payload: string, standing: Standing, nowUtc: string): number {
    const sql = `INSERT INTO records (gateway_id, epoch, stream, stream_sequence, sequence, sequence_id,
      idempotency_key, lane, lane_hash, payload_hash, schedule, flags, received_at_utc, payload, status, lookups_left,
      decision, verifier_id, verified_at_utc, first_delivered_at_utc, last_delivered_at_utc)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
    const place = [name.gatewayId, name.epoch, name.stream, record.stream_sequence, record.sequence];
    const identity = [record.sequence_id, record.idempotency_key, record.lane, record.lane_hash, record.payload_hash];
    const content = [record.schedule, JSON.stringify(record.flags), record.received_at_utc, payload];
    const verdict = [standing.status, standing.lookupsLeft, standing.decision];
    const proof = [standing.verifierId, standing.verifiedAtUtc];
    const result = this.#run(sql, ...place, ...identity, ...content, ...verdict, ...proof, nowUtc, nowUtc);
    return Number(result.lastInsertRowid);
  }

  /** Marks an entry's number as used. */
  insertPlace(
    name: StreamName,
    entry: SyncRecord | GapMarker,
    outcome: Pick<Place, 'status' | 'reason' | 'record_id'>,
    nowUtc: string,
  ): void {
    const sql = `INSERT INTO places (gateway_id, epoch, stream, stream_sequence, sequence, idempotency_key,
      payload_hash, status, reason, record_id, used_at_utc) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
    const key = outcome.status === 'noted' ? null : entry.idempotency_key;
    const numbers = [entry.stream_sequence, entry.sequence, key, entry.payload_hash];
    const result = [outcome.status, outcome.reason, outcome.record_id, nowUtc];
    this.#run(sql, name.gatewayId, name.epoch, name.stream, ...numbers, ...result);
  }

  /** Counts one more delivery of a record already held. */
  countDelivery(recordId: number, nowUtc: string): void {
    const sql = 'UPDATE records SET deliveries = deliveries + 1, last_delivered_at_utc = ? WHERE id = ?';
    this.#run(sql, nowUtc, recordId);
  }

  /** Counts one more delivery of every record of a repeated batch. */
  countBatchDelivery(gatewayId: string, batch: StoredAnswer, nowUtc: string): void {
    const sql = `UPDATE records SET deliveries = deliveries + 1, last_delivered_at_utc = ? WHERE id IN
      (SELECT record_id FROM places WHERE ${OF_STREAM} AND stream_sequence BETWEEN ? AND ?)`;
    this.#run(sql, nowUtc, gatewayId, batch.epoch, batch.stream, batch.first_sequence, batch.last_sequence);
  }

  findAnswer(gatewayId: string, batchKey: string): StoredAnswer | undefined {
    const sql = `SELECT body_hash, answer, epoch, stream, first_sequence, last_sequence FROM batches
      WHERE gateway_id = ? AND batch_key = ?`;
    return this.#get<StoredAnswer>(sql, gatewayId, batchKey);
  }

  /** Keeps an answer under its batch key and drops the oldest of that stream beyond `ANSWERS_KEPT`. */
  keepAnswer(gatewayId: string, batchKey: string, kept: StoredAnswer, nowUtc: string): void {
    const insert = `INSERT INTO batches (gateway_id, epoch, stream, first_sequence, last_sequence, batch_key,
      body_hash, answer, answered_at_utc) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`;
    const range = [kept.first_sequence, kept.last_sequence];
    this.#run(insert, gatewayId, kept.epoch, kept.stream, ...range, batchKey, kept.body_hash, kept.answer, nowUtc);
    const prune = `DELETE FROM batches WHERE id IN (SELECT id FROM batches WHERE ${OF_STREAM}
      ORDER BY id DESC LIMIT -1 OFFSET ${ANSWERS_KEPT})`;
    this.#run(prune, gatewayId, kept.epoch, kept.stream);
  }

  keepCheckpoint(name: StreamName, checkpoint: string, nowUtc: string): void {
    const sql = `INSERT INTO checkpoints (gateway_id, epoch, stream, checkpoint, received_at_utc)
      VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`;
    this.#run(sql, name.gatewayId, name.epoch, name.stream, checkpoint, nowUtc);
  }

  /** Forgets the newest entries of every stream and what came with them, as a backup of an earlier hour would. */
  forgetNewest(entries: number): void {
    const newest = `SELECT gateway_id, epoch, stream, max(stream_sequence) - ? AS last FROM places
      GROUP BY gateway_id, epoch, stream`;
    const behind = (
      table: string,
      column: string,
    ) => `EXISTS (SELECT 1 FROM cut WHERE cut.gateway_id = ${table}.gateway_id
      AND cut.epoch = ${table}.epoch AND cut.stream = ${table}.stream AND ${table}.${column} > cut.last)`;
    this.#database.exec('CREATE TEMP TABLE cut (gateway_id, epoch, stream, last)');
    this.#run(`INSERT INTO cut ${newest}`, entries);
    this.#run(`DELETE FROM batches WHERE ${behind('batches', 'last_sequence')}`);
    this.#run(`DELETE FROM places WHERE ${behind('places', 'stream_sequence')}`);
    this.#run(`DELETE FROM records WHERE ${behind('records', 'stream_sequence')}
      AND NOT EXISTS (SELECT 1 FROM places WHERE places.record_id = records.id)`);
    this.#database.exec('DROP TABLE temp.cut');
  }

  setLookupsLeft(recordId: number, lookupsLeft: number): void {
    this.#run('UPDATE records SET lookups_left = ? WHERE id = ?', lookupsLeft, recordId);
  }

  /** Ends a record's verification. */
  decide(recordId: number, decision: Decision, verifierId: string, nowUtc: string): void {
    const sql = `UPDATE records SET status = ?, lookups_left = NULL, decision = NULL, verifier_id = ?,
      verified_at_utc = ? WHERE id = ?`;
    this.#run(sql, decision === 'verified' ? 'accepted' : 'declined', verifierId, nowUtc, recordId);
  }

  /** How many records are held, by status. */
  countsByStatus(): Record<string, number> {
    const rows = this.#all<{ status: string; count: number }>(
      'SELECT status, count(*) AS count FROM records GROUP BY status',
    );
    return Object.fromEntries(rows.map((row) => [row.status, row.count]));
  }

  #prepare<Row>(sql: string): Database.Statement<unknown[], Row> {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known as Database.Statement<unknown[], Row>;
    const made = this.#database.prepare<unknown[], Row>(sql);
    this.#statements.set(sql, made);
    return made;
  }

  #get<Row>(sql: string, ...values: unknown[]): Row | undefined {
    return this.#prepare<Row>(sql).get(...values);
  }

  #all<Row>(sql: string, ...values: unknown[]): Row[] {
    return this.#prepare<Row>(sql).all(...values);
  }

  #run(sql: string, ...values: unknown[]): Database.RunResult {
    return this.#prepare(sql).run(...values);
  }
}
