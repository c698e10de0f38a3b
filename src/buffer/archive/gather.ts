/**
 * Finds what may leave the buffer: whole packs, because a pack is sealed as one and its `intake` entry is rebuilt from all
 * its rows. Looks at a bounded number of rows a call, so that the main thread is never away for long.
 */
import type { Database } from 'better-sqlite3';
import type { Stream } from '../../record/types.ts';
import type { Gathered, GatherQuery, KeptRecord } from '../archive-api.ts';
import { RESOLVED, SYNCED, streamCode } from '../codes.ts';
import type { KeptReader } from './kept.ts';

/** Rows looked at in one call, measured: about 2 ms on a slow box. */
const WINDOW_ROWS = 2000;

interface Candidate {
  pack: number;
  receivedMs: number;
}

/** Packs opened in one call: those that have to stay are opened in every run. */
const PACKS_AT_ONCE = 64;

/** UTC month of a time, `2026-11`. */
const monthOf = (ms: number): string => new Date(ms).toISOString().slice(0, 7);

export class Gatherer {
  readonly #kept: KeptReader;
  readonly #sql;
  /** By stream: the newest SYNCED record when the run began. */
  readonly #newest: [number, number] = [0, 0];

  constructor(db: Database, kept: KeptReader) {
    this.#kept = kept;
    this.#sql = {
      // The newest entry known to be in the segments stays rebuildable: its leaf links the next one.
      candidates: db.prepare<[number, number, number, number, number], Candidate>(
        `SELECT record_id AS pack, received_ms AS receivedMs FROM record
         WHERE record_id > ? AND record_id <= ? AND pack = record_id AND (schedule = 2) = ? AND state IN (1, 9)
         AND received_ms < ? AND trail_index < (SELECT stored_size FROM trail_store WHERE log = ?) - 1
         ORDER BY record_id`,
      ),
      last: db.prepare<[], { last: number | null }>('SELECT MAX(record_id) AS last FROM record'),
      newestTwo: db.prepare<[], { record: number }>(
        `SELECT record_id AS record FROM record WHERE schedule = 2 AND stream_sequence IS NOT NULL AND state = 1
         ORDER BY stream_sequence DESC LIMIT 1`,
      ),
      // Nothing below the watermark is PENDING, so behind a long outage no million rows are passed over.
      newestStandard: db.prepare<[], { record: number }>(
        `SELECT record_id AS record FROM record WHERE schedule <> 2 AND state = 1
         AND record_id <= (SELECT settled_through FROM stream WHERE stream = 0) ORDER BY record_id DESC LIMIT 1`,
      ),
      openRun: db.prepare<[], { run: number }>('SELECT run FROM reconciliation WHERE ended_ms IS NULL'),
      leaving: db.prepare<[], { frame: number }>('SELECT frame FROM archive_frame WHERE leaving IS NOT NULL LIMIT 1'),
    };
  }

  gather(query: GatherQuery): Gathered {
    const { stream, after, beforeMs, limit } = query;
    // What is leaving is in the archive already.
    if (this.#sql.leaving.get() !== undefined || this.#mustWait(stream)) return ended(after);
    const last = this.#sql.last.get()?.last ?? 0;
    const end = Math.min(last, after + WINDOW_ROWS);
    const code = streamCode(stream);
    const newest = this.#newestSynced(code === 1 ? 1 : 0, after);
    const records: KeptRecord[] = [];
    let month = query.month;
    let scannedTo = after;
    let damagedPacks = 0;
    let looked = 0;
    for (const { pack, receivedMs } of this.#sql.candidates.all(after, end, code, beforeMs, code)) {
      if (looked === PACKS_AT_ONCE) return { records, month, scannedTo, isEnd: false, damagedPacks };
      looked += 1;
      const kept = this.#wholePack(pack);
      if (kept === 'damaged') damagedPacks += 1;
      const hasNewest = newest === null || (kept !== null && kept !== 'damaged' && isIn(newest, kept));
      if (kept === 'damaged' || kept === null || hasNewest) {
        if (records.length === 0) scannedTo = pack;
        continue;
      }
      if (month !== null && monthOf(receivedMs) !== month)
        return { records, month, scannedTo, isEnd: false, damagedPacks };
      month = monthOf(receivedMs);
      records.push(...kept);
      scannedTo = pack;
      if (records.length >= limit) return { records, month, scannedTo, isEnd: false, damagedPacks };
    }
    return { records, month, scannedTo: end, isEnd: end >= last, damagedPacks };
  }

  /** Asked once a run: what settles meanwhile is younger than anything that leaves. */
  #newestSynced(code: 0 | 1, after: number): number | null {
    if (after === 0)
      this.#newest[code] = (code === 1 ? this.#sql.newestTwo : this.#sql.newestStandard).get()?.record ?? 0;
    return this.#newest[code] === 0 ? null : this.#newest[code];
  }

  #mustWait(stream: Stream): boolean {
    return stream === 'schedule_two' && this.#sql.openRun.get() !== undefined;
  }

  /** Null when something in it is not settled, or a gap marker of it is not noted yet. */
  #wholePack(packId: number): KeptRecord[] | 'damaged' | null {
    const opened = this.#kept.open(packId);
    if (opened === null) return null;
    if (opened.payloads === null) return 'damaged';
    const rows = this.#kept.rowsOf(packId, opened.payloads.length);
    const isSettled = rows.every(({ state }) => state === SYNCED || state === RESOLVED);
    if (!isSettled || rows.length !== opened.payloads.length) return null;
    const records = rows.flatMap((row) => this.#kept.kept(row) ?? []);
    if (records.some(({ payload }) => payload === null)) return 'damaged';
    return records.some(({ gap }) => gap !== null && gap.noted_ms === null) ? null : records;
  }
}

const isIn = (recordId: number, records: readonly KeptRecord[]): boolean =>
  records.some((record) => record.record_id === recordId);

function ended(scannedTo: number): Gathered {
  return { records: [], month: null, scannedTo, isEnd: true, damagedPacks: 0 };
}
