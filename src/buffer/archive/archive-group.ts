/**
 * The archive's own transactions, inside the writer. The order of durable steps, and what is there if the power goes
 * between two of them:
 *
 * 1. the frame is appended to its file and synced (the archive stage): the records are in the buffer; the frame has no row,
 *    so it does not count, and the next start begins another part;
 * 2. `note`: the frame's row and its entry in the trail. The records are in both; the frame's list `leaving` says which rows
 *    are still to go;
 * 3. `remove`, as often as needed: some rows go, each with its key marked in the same transaction. What is left is still on
 *    the list.
 *
 * So a record is in the buffer, or in the archive, or in both: never in neither.
 */

import type { ArchiveFileName, TrailPlace } from '../api.ts';
import { archivePath, type ExpiryAct, type FrameRecord, type Removed, type WrittenFrame } from '../archive-api.ts';
import { streamCode } from '../codes.ts';
import { copyHeads, type Heads, type Moment, type Session, storeEntry } from '../session.ts';
import { writeExpiry } from './expiry.ts';
import type { ArchiveStatements, LeavingRow } from './statements.ts';

export type ArchiveStep =
  | { readonly step: 'begin' }
  | { readonly step: 'note'; readonly frame: WrittenFrame }
  | { readonly step: 'remove'; readonly limit: number }
  | { readonly step: 'sealed' | 'gone'; readonly name: ArchiveFileName }
  | { readonly step: 'expire'; readonly act: ExpiryAct }
  | { readonly step: 'forget'; readonly frame: number; readonly keys: readonly ForgottenKey[] };

/** A key to forget, and the fill it may stand for; latin1. */
export interface ForgottenKey {
  readonly key: string;
  readonly fill: string | null;
  readonly recordId: number;
}

export type ArchiveDone =
  | { readonly done: 'entered'; readonly place: TrailPlace }
  | ({ readonly done: 'removed' } & Removed)
  | { readonly done: 'noted' };

const NOTHING_LEFT = { rows: 0, more: false } as const;

export class ArchiveGroup {
  readonly #session: Session;
  readonly #sql: ArchiveStatements;
  readonly #moment: Moment;
  readonly heads: Heads;
  readonly #removed: { schedule: number; state: number }[] = [];

  constructor(session: Session, sql: ArchiveStatements, moment: Moment) {
    this.#session = session;
    this.#sql = sql;
    this.#moment = moment;
    this.heads = copyHeads(session.ledger);
  }

  write(step: Exclude<ArchiveStep, { step: 'begin' }>): ArchiveDone {
    switch (step.step) {
      case 'note':
        return { done: 'entered', place: this.#note(step.frame) };
      case 'remove':
        return { done: 'removed', ...this.#remove(step.limit) };
      case 'sealed':
        this.#sql.setSealed.run(this.#moment.utcMs, streamCode(step.name.stream), step.name.month, step.name.part);
        return { done: 'noted' };
      case 'gone':
        this.#sql.setGone.run(this.#moment.utcMs, streamCode(step.name.stream), step.name.month, step.name.part);
        return { done: 'noted' };
      case 'expire':
        return { done: 'entered', place: writeExpiry(this.#session, this.#sql, this.heads, this.#moment, step.act) };
      case 'forget':
        return { done: 'removed', ...this.#forget(step.frame, step.keys) };
      default:
        return step satisfies never;
    }
  }

  #note(frame: WrittenFrame): TrailPlace {
    const { stream, month, part, number, place, bytes, records, archivedMs } = frame;
    // Across the threads a Buffer becomes a Uint8Array.
    const hash = Buffer.from(frame.hash);
    const log = streamCode(stream) === 1 ? 1 : 0;
    const times = records.map((record) => record.received_ms);
    const ids = records.map((record) => record.record_id);
    const numbers = records.flatMap((record) => record.stream_number ?? []);
    const [from, to] = [Math.min(...times), Math.max(...times)];
    const counts = [place + bytes, number + 1, records.length, hash, from, to, archivedMs];
    const file = this.#sql.putFile.get(log, month, part, frame.fileId, frame.keyId, ...counts);
    if (file === undefined) throw new Error('an archive file got no row');
    this.#sql.addFrame.run(
      file.file,
      number,
      place,
      bytes,
      records.length,
      log,
      Math.min(...ids),
      Math.max(...ids),
      numbers.length === 0 ? null : Math.min(...numbers),
      numbers.length === 0 ? null : Math.max(...numbers),
      JSON.stringify(inOrderOfLeaving(records)),
    );
    const body = {
      bytes,
      file: archivePath(frame),
      first: Math.min(...ids) - this.#session.ledger.baseRecordId,
      frame: number,
      hash: hash.toString('base64'),
      last: Math.max(...ids) - this.#session.ledger.baseRecordId,
      records: records.length,
    };
    return storeEntry(this.#session, this.heads, log, this.#moment, 'archive', body);
  }

  #remove(limit: number): Removed {
    const { ledger } = this.#session;
    const found = this.#sql.leaving.get();
    if (found === undefined) return NOTHING_LEFT;
    const leaving = JSON.parse(found.leaving) as number[];
    const now = leaving.slice(0, limit);
    // Rows above the index's reach are read at start for their keys and numbers: the index has to come first.
    if (Math.max(...now) > ledger.mergedThrough) {
      ledger.tail.freezeNow();
      return { rows: 0, more: true };
    }
    for (const recordId of now) {
      const row = this.#sql.leavingRow.get(recordId);
      if (row !== undefined) this.#takeOut(recordId, row, found.frame);
    }
    const left = leaving.slice(limit);
    this.#sql.setLeaving.run(left.length === 0 ? null : JSON.stringify(left), found.frame);
    return { rows: now.length, more: left.length > 0 || this.#sql.leaving.get() !== undefined };
  }

  #takeOut(recordId: number, row: LeavingRow, frame: number): void {
    const { sql } = this.#session;
    this.#sql.putArchivedKey.run(row.key, recordId, row.laneHash, row.state, frame);
    this.#sql.dropDeliveries.run(recordId);
    this.#sql.dropGap.run(recordId);
    this.#sql.dropRecord.run(recordId);
    sql.addCounter.run(row.schedule, row.state, -1);
    this.#removed.push({ schedule: row.schedule, state: row.state });
  }

  #forget(frame: number, keys: readonly ForgottenKey[]): Removed {
    for (const { key, fill, recordId } of keys) {
      this.#sql.dropKey.run(Buffer.from(key, 'latin1'), recordId);
      if (fill !== null) this.#sql.dropFill.run(Buffer.from(fill, 'latin1'), recordId);
    }
    this.#sql.dropFrame.run(frame);
    return { rows: keys.length, more: true };
  }

  /** Called after COMMIT. */
  apply(): void {
    const { ledger } = this.#session;
    ledger.heads = [{ ...this.heads[0] }, { ...this.heads[1] }];
    for (const { schedule, state } of this.#removed) ledger.count(schedule, state, -1);
  }
}

/** The carrier of a pack holds the bytes of all its records, so it goes last. */
function inOrderOfLeaving(records: readonly FrameRecord[]): number[] {
  const packs = Map.groupBy(records, ({ pack }) => pack);
  return [...packs.values()].flatMap((pack) =>
    [...pack].sort((a, b) => b.slot - a.slot).map((record) => record.record_id),
  );
}
