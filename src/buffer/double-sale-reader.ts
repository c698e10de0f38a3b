/** Reading sales that may have been sold twice; on the reading connection, never in the writer's way. */
import type { Database } from 'better-sqlite3';
import type { DoubleSale } from './api.ts';
import { scheduleName, stateName } from './codes.ts';
import type { EpochRow } from './statements.ts';

/** Nothing but the row's place finds them, so the look back is bounded: a fortnight and more of a busy store. */
const NEWEST = 20_000;

interface Row {
  record_id: number;
  state: number;
  schedule: number;
  lane: string;
  received_ms: number;
  undoes: number | null;
  prior: number | null;
}

const ROWS = `SELECT r.record_id, r.state, r.schedule, l.name AS lane, r.received_ms, r.undoes, r.prior
  FROM record r JOIN lane l ON l.lane = r.lane
  WHERE r.record_id > (SELECT coalesce(max(record_id), 0) FROM record) - ${NEWEST}
  AND (r.prior IS NOT NULL OR r.undoes IS NOT NULL) ORDER BY r.record_id DESC`;

export class DoubleSaleReader {
  readonly #rows;
  readonly #baseRecordId: number;

  constructor(db: Database) {
    this.#rows = db.prepare<[], Row>(ROWS);
    const epoch = db.prepare<[], EpochRow>('SELECT * FROM epoch ORDER BY ordinal DESC LIMIT 1').get();
    this.#baseRecordId = epoch?.base_record_id ?? 0;
  }

  /** Newest first. */
  list(limit: number): DoubleSale[] {
    const undoneBy = new Map<number, number>();
    const found: DoubleSale[] = [];
    for (const row of this.#rows.iterate()) {
      const sequence = row.record_id - this.#baseRecordId;
      if (row.undoes !== null) undoneBy.set(row.undoes, sequence);
      if (row.prior === null) continue;
      found.push({
        sequence,
        lane: row.lane,
        schedule: scheduleName(row.schedule),
        state: stateName(row.state),
        receivedAtMs: row.received_ms,
        earlier: row.prior - this.#baseRecordId,
        // What undoes a sale comes after it, so the newest first have told of it already.
        undoneBy: undoneBy.get(row.record_id) ?? undoneBy.get(row.prior) ?? null,
      });
      if (found.length >= limit) break;
    }
    return found;
  }
}
