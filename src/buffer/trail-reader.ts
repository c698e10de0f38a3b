/**
 * Trail entries read back from the buffer, as they were fixed: rows of `trail_entry`, and between them the `intake`
 * entries, which are rebuilt from the rows of their packs. Whatever does not hash to its leaf is damage, and is told.
 *
 * There is no index from a trail's numbers to the carriers of its `intake` entries, because every commit would pay for
 * it. Both rise together, so halving finds the place, above the record that `trail_store` names; and a read that goes on
 * where the last one ended finds its place at once.
 */
import type { Database } from 'better-sqlite3';
import { CounterfoilError } from '../base/errors.ts';
import type { FixedEntry } from './api.ts';
import { logName } from './codes.ts';
import { entryText, type IntakeRow, intakeBody, leafOf, NO_LEAF } from './entry.ts';

interface StoredEntry {
  readonly i: number;
  readonly entry: string;
  readonly leaf: Buffer;
}

interface PackRow extends Omit<IntakeRow, 'sequence'> {
  readonly recordId: number;
  readonly pack: number;
  /** Only of a carrier; null in the others. */
  readonly bootId: string | null;
  readonly monotonicMs: number;
  readonly committedMs: number;
  readonly trailIndex: number;
  readonly leaf: Buffer;
}

/** One entry with its bytes not yet made. */
interface Found {
  readonly index: number;
  readonly leaf: Buffer;
  readonly textAfter: (previous: Buffer) => string;
  /** Record id of the carrier; null for a row of `trail_entry`. */
  readonly carrier: number | null;
}

/** Carriers below `record` hold no entry from `index` on; `previous` is the leaf of the entry before that. */
interface Place {
  readonly index: number;
  readonly record: number;
  readonly previous: Buffer | null;
}

const PACK_ROWS = `SELECT r.record_id AS recordId, r.pack, l.name AS lane, r.schedule, r.lane_hash AS laneHash,
  r.payload_hash AS payloadHash, r.received_ms AS receivedMs, r.clock, r.flags, b.boot_id AS bootId,
  r.monotonic_ms AS monotonicMs, r.committed_ms AS committedMs, r.trail_index AS trailIndex, r.leaf
  FROM record r JOIN lane l ON l.lane = r.lane LEFT JOIN boot b ON b.boot = r.boot
  WHERE r.record_id >= ? AND (r.schedule = 2) = ? ORDER BY r.record_id`;

export class TrailReader {
  readonly #db: Database;
  readonly #sql;
  readonly #epochs: readonly { base: number; after: number }[];
  readonly #places: [Place, Place] = [
    { index: 0, record: 0, previous: NO_LEAF },
    { index: 0, record: 0, previous: NO_LEAF },
  ];

  constructor(db: Database) {
    this.#db = db;
    this.#sql = {
      entries: db.prepare<[number, number], StoredEntry>(
        'SELECT i, entry, leaf FROM trail_entry WHERE log = ? AND i >= ? ORDER BY i',
      ),
      packs: db.prepare<[number, number], PackRow>(PACK_ROWS),
      carrierFrom: db.prepare<[number, number], { record: number; i: number }>(
        `SELECT record_id AS record, trail_index AS i FROM record
         WHERE record_id >= ? AND pack = record_id AND (schedule = 2) = ? ORDER BY record_id LIMIT 1`,
      ),
      lastRecord: db.prepare<[], { last: number | null }>('SELECT MAX(record_id) AS last FROM record'),
      store: db.prepare<
        [number],
        { stored: number; pruned: number; after: number; note: string | null; cosigned: number }
      >(
        `SELECT stored_size AS stored, pruned_size AS pruned, after_record AS after, checkpoint AS note,
         cosigned_size AS cosigned FROM trail_store WHERE log = ?`,
      ),
    };
    this.#epochs = db
      .prepare<[], { base: number; after: number }>(
        'SELECT base_record_id AS base, opened_after AS after FROM epoch ORDER BY ordinal DESC',
      )
      .all();
  }

  /** What the file knows of the segments and of the witnesses. */
  store(log: 0 | 1): { readonly stored: number; readonly note: string | null; readonly cosigned: number } {
    return this.#storeRow(log);
  }

  #storeRow(log: 0 | 1) {
    const row = this.#sql.store.get(log);
    if (row === undefined) throw damaged(log, 'has no row in trail_store');
    return row;
  }

  /**
   * Entries from `from` on, in order without gaps, at most `limit` and about `maxBytes` of text, at least one unless `from`
   * is the head. Throws `buffer_damaged` where an entry is missing or is not what was fixed.
   */
  read(log: 0 | 1, from: number, limit: number, maxBytes: number): FixedEntry[] {
    // One transaction: rows and packs must be of the same commit.
    return this.#db.transaction(() => this.#read(log, from, limit, maxBytes))();
  }

  #read(log: 0 | 1, from: number, limit: number, maxBytes: number): FixedEntry[] {
    const known = this.#places[log];
    // Else the entry before is read too, for its leaf: it links the first one.
    let previous = from === known.index ? known.previous : null;
    if (from === 0) previous = NO_LEAF;
    const line = new Line(
      this.#sql.entries.iterate(log, previous === null ? from - 1 : from),
      this.#packs(log, previous === null ? from - 1 : from),
    );
    const entries: FixedEntry[] = [];
    let bytes = 0;
    let expected = from;
    try {
      while (entries.length < limit && (bytes < maxBytes || entries.length === 0)) {
        const found = line.next();
        if (found === null) break;
        if (found.index >= from) {
          if (found.index !== expected) throw damaged(log, `lacks entry ${expected}`);
          const text = this.#textOf(log, found, previous);
          entries.push({ index: expected, text, leaf: found.leaf.toString('base64') });
          bytes += text.length;
          expected += 1;
        }
        previous = found.leaf;
      }
      if (previous !== null) this.#places[log] = { index: expected, record: this.#recordAfter(line), previous };
    } finally {
      line.end();
    }
    return entries;
  }

  #recordAfter(line: Line): number {
    return line.nextCarrier ?? (this.#sql.lastRecord.get()?.last ?? 0) + 1;
  }

  #textOf(log: 0 | 1, found: Found, previous: Buffer | null): string {
    if (previous === null && found.carrier !== null) throw damaged(log, `lacks entry ${found.index - 1}`);
    const text = found.textAfter(previous ?? NO_LEAF);
    const linked = previous === null || text.includes(`,"p":"${previous.toString('base64')}",`);
    if (!linked || !leafOf(text).equals(found.leaf)) throw damaged(log, `entry ${found.index} is not what was fixed`);
    return text;
  }

  /** The packs of a trail from an index on. Packs of one trail never mix, so a pack ends where the next carrier stands. */
  *#packs(log: 0 | 1, from: number): Generator<Found, undefined> {
    let rows: PackRow[] = [];
    for (const row of this.#sql.packs.iterate(this.#recordFrom(log, from), log)) {
      if (row.recordId === row.pack) {
        if (rows.length > 0) yield this.#foundOf(rows);
        rows = [];
      }
      // Rows of a pack whose carrier lies before the place are no part of what is asked for.
      if (row.pack === (rows[0] ?? row).recordId) rows.push(row);
    }
    if (rows.length > 0) yield this.#foundOf(rows);
    return undefined;
  }

  #foundOf(rows: readonly PackRow[]): Found {
    const [carrier] = rows;
    if (carrier === undefined) throw new Error('a pack has no rows');
    const { recordId, bootId, monotonicMs, committedMs, trailIndex, leaf } = carrier;
    const textAfter = (previousLeaf: Buffer): string => {
      const head = { bootId: bootId ?? '', index: trailIndex, monotonicMs, previousLeaf, utcMs: committedMs };
      const stated = rows.map((row) => ({ ...row, sequence: row.recordId - this.#baseWhenTaken(row.recordId) }));
      return entryText(head, 'intake', intakeBody(stated));
    };
    return { index: trailIndex, leaf, textAfter, carrier: recordId };
  }

  /** record_id before sequence 1 when this row was taken. */
  #baseWhenTaken(recordId: number): number {
    return this.#epochs.find(({ after }) => recordId > after)?.base ?? 0;
  }

  /** Smallest record_id of a carrier with an entry from `index` on. */
  #recordFrom(log: 0 | 1, index: number): number {
    const known = this.#places[log];
    const store = this.#storeRow(log);
    let low = 0;
    if (index >= store.pruned) low = store.after + 1;
    if (index >= known.index) low = Math.max(low, known.record);
    let high = (this.#sql.lastRecord.get()?.last ?? 0) + 1;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const found = this.#sql.carrierFrom.get(middle, log);
      if (found === undefined || found.i >= index) high = middle;
      else low = found.record + 1;
    }
    return low;
  }
}

/** Rows and packs of a trail, merged by index. */
class Line {
  readonly #rows: IterableIterator<StoredEntry>;
  readonly #packs: Generator<Found, undefined>;
  #row: IteratorResult<StoredEntry>;
  #pack: IteratorResult<Found, undefined>;

  constructor(rows: IterableIterator<StoredEntry>, packs: Generator<Found, undefined>) {
    this.#rows = rows;
    this.#packs = packs;
    this.#row = rows.next();
    this.#pack = packs.next();
  }

  next(): Found | null {
    const row = this.#row.done === true ? null : this.#row.value;
    const pack = this.#pack.done === true ? null : this.#pack.value;
    if (row !== null && (pack === null || row.i <= pack.index)) {
      this.#row = this.#rows.next();
      return { index: row.i, leaf: row.leaf, textAfter: () => row.entry, carrier: null };
    }
    this.#pack = this.#packs.next();
    return pack;
  }

  /** record_id of the first carrier that has not been given out. */
  get nextCarrier(): number | null {
    return this.#pack.done === true ? null : this.#pack.value.carrier;
  }

  /** Lets go of the statements. */
  end(): void {
    this.#rows.return?.();
    this.#packs.return(undefined);
  }
}

function damaged(log: 0 | 1, what: string): CounterfoilError {
  return new CounterfoilError(
    'buffer_damaged',
    `the buffer is damaged: trail ${logName(log)} ${what}`,
    'Nothing was changed. Copy data_dir to another medium as it is and compare it with the segments: counterfoil trail verify.',
  );
}
