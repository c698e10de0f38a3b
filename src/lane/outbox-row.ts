/** Rows of the outbox: how they are found and what is told of them. */
import type Database from 'better-sqlite3';
import type { Receipt } from '../record/lane-wire.ts';
import type { Stream } from '../record/types.ts';
import type { OutboxState } from './outbox-state.ts';

/** A record as the client handles it: where it stands, never what is in it. */
export interface OutboxRow {
  /** Order of sale at this till, from 1; survives restarts. */
  readonly position: number;
  /** Null for bytes that were published as they came. */
  readonly laneSequence: number | null;
  readonly stream: Stream;
  readonly state: OutboxState;
}

export interface StoredRow {
  readonly position: number;
  readonly lane_sequence: number | null;
  readonly stream: Stream;
  readonly state: OutboxState;
  readonly receipt: string | null;
}

export function asRow(row: StoredRow): OutboxRow {
  return { position: row.position, laneSequence: row.lane_sequence, stream: row.stream, state: row.state };
}

/** The first row that meets `where` (SQL, which may end with an order), or null. */
export function findRow(db: Database.Database, where: string, ...values: (string | number)[]): StoredRow | null {
  const sql = `SELECT position, lane_sequence, stream, state, receipt FROM record WHERE ${where}`;
  return db.prepare<unknown[], StoredRow>(sql).get(...values) ?? null;
}

/** By hash where the receipt has one; by key for what the gateway could not hash; else the oldest without either. */
export function findForReceipt(db: Database.Database, { lane_hash, idempotency_key }: Receipt): StoredRow | null {
  const unansweredFirst = 'ORDER BY receipt IS NOT NULL, position LIMIT 1';
  const byHash = lane_hash === null ? null : findRow(db, `lane_hash = ? ${unansweredFirst}`, lane_hash);
  if (byHash !== null) return byHash;
  const mayBe = lane_hash === null ? '' : 'AND lane_hash IS NULL';
  const waiting = `${mayBe} AND state IN ('kept', 'acknowledged') ${unansweredFirst}`;
  if (idempotency_key !== null) return findRow(db, `idempotency_key = ? ${waiting}`, idempotency_key);
  return findRow(db, `idempotency_key IS NULL ${waiting}`);
}

/** Whether this receipt shows a double sale and the one before it did not. */
export function isNewDoubleSale({ receipt: before }: StoredRow, receipt: Receipt): boolean {
  const flag = 'possible_double_sale';
  return receipt.flags.includes(flag) && before?.includes(`"${flag}"`) !== true;
}
