/**
 * The till's durable outbox: every record is here before it is published and stays until the gateway says that it has
 * come through (`outbox-state.ts`). All SQL of the lane is in this file and in `outbox-file.ts`.
 *
 * What a power cut leaves: a record is in the file or was never sold (`put` is one transaction, fsync included). What
 * came later (PUBACK, receipt) may be forgotten; then the record is published once more and answered `duplicate`.
 */
import type Database from 'better-sqlite3';
import type { Clock } from '../base/clock.ts';
import { CounterfoilError } from '../base/errors.ts';
import type { Receipt } from '../record/lane-wire.ts';
import type { Stream } from '../record/types.ts';
import type { Formed, Label, LaneMarks } from './form.ts';
import { asOutboxError, openOutboxFile } from './outbox-file.ts';
import { claimLane, type LaneIdentity, type OutboxOwner, takeLaneSequence } from './outbox-identity.ts';
import { asRow, findForReceipt, findRow, isNewDoubleSale, type OutboxRow } from './outbox-row.ts';
import { isSettled, nextState, OUTBOX_STATES, type OutboxState, STATES_STILL_KEPT } from './outbox-state.ts';

/** How long a settled record's receipt stays as evidence (30 days). */
const RECEIPT_KEPT_MS = 30 * 24 * 3600 * 1000;

export interface PutResult extends OutboxRow {
  /** True when the same sale was already in the outbox: nothing was added. */
  readonly isRepeat: boolean;
}

export interface ReceiptResult {
  readonly row: OutboxRow;
  /** True when this receipt shows a double sale and none before it did. */
  readonly isNewDoubleSale: boolean;
}

const KEPT_LIST = STATES_STILL_KEPT.map((state) => `'${state}'`).join(', ');

export class Outbox {
  readonly #path: string;
  readonly #owner: OutboxOwner;
  readonly #clock: Clock;
  readonly #counts = new Map<OutboxState, number>(OUTBOX_STATES.map((state) => [state, 0]));
  #db: Database.Database | null = null;
  #identity: LaneIdentity = { laneInstance: '', epoch: null, checkpoint: null };

  /** `path` is the outbox file, or `:memory:` where nothing needs to survive. */
  constructor(path: string, owner: OutboxOwner, clock: Clock) {
    this.#path = path;
    this.#owner = owner;
    this.#clock = clock;
  }

  /** Opens the file and takes its lock. Throws as `openOutboxFile`, and `config_invalid` for another till's outbox. */
  open(): void {
    this.#db = openOutboxFile(this.#path);
    try {
      this.#forgetOldReceipts();
      this.#readBack();
    } catch (error) {
      this.close();
      throw asOutboxError(error);
    }
  }

  close(): void {
    this.#db?.close();
    this.#db = null;
  }

  /** UUID of this installation of the till: the life of this file. */
  get laneInstance(): string {
    return this.#identity.laneInstance;
  }

  /** The buffer this till last spoke to, or null before the first. */
  get epoch(): string | null {
    return this.#identity.epoch;
  }

  /** The newest checkpoint this till was shown, or null. */
  get checkpoint(): string | null {
    return this.#identity.checkpoint;
  }

  /** How many records are in each state. Settled ones are forgotten after 30 days. */
  counts(): Readonly<Record<OutboxState, number>> {
    const of = (state: OutboxState) => this.#counts.get(state) ?? 0;
    return {
      kept: of('kept'),
      acknowledged: of('acknowledged'),
      held: of('held'),
      conflict: of('conflict'),
      synced: of('synced'),
      refused: of('refused'),
      rejected: of('rejected'),
      resolved: of('resolved'),
    };
  }

  /** Runs several changes in one commit (or joins the one under way); all of them are undone when it throws. */
  inOneCommit<T>(work: () => T): T {
    try {
      return this.#file().transaction(work).immediate();
    } catch (error) {
      this.#readBack();
      throw asOutboxError(error);
    }
  }

  /**
   * Keeps a record; when this returns it is on the till's disk. `form` makes its bytes from the numbers given here, in
   * the same transaction, so that `lane_sequence` has no gaps. Throws `storage_full` or `storage_io`, and then nothing was kept.
   */
  put(label: Label, form: (marks: LaneMarks) => Formed): PutResult {
    return this.inOneCommit(() => {
      const known = this.#findRepeat(label);
      if (known !== null) return { ...known, isRepeat: true };
      const laneSequence = takeLaneSequence(this.#file());
      const { laneInstance, checkpoint } = this.#identity;
      const formed = form({ laneInstance, laneSequence, checkpoint });
      return { ...this.#insert(label, formed, laneSequence), isRepeat: false };
    });
  }

  /** Keeps bytes that go out exactly as they came, without a lane sequence, every time anew. Otherwise as `put`. */
  putRaw(publish: Label & Formed): PutResult {
    return this.inOneCommit(() => ({ ...this.#insert(publish, publish, null), isRepeat: false }));
  }

  /** Positions to be published, in order of sale, at most `limit` of them. */
  toSend(stream: Stream, limit: number): number[] {
    const sql = 'SELECT position FROM record WHERE to_send = 1 AND stream = ? ORDER BY position LIMIT ?';
    return this.#file().prepare<[string, number], number>(sql).pluck().all(stream, limit);
  }

  /** The bytes to publish for a position, or null when it is no longer to be sent. */
  bytes(position: number): Buffer | null {
    const sql = 'SELECT bytes FROM record WHERE position = ? AND to_send = 1';
    return this.#file().prepare<[number], Buffer>(sql).pluck().get(position) ?? null;
  }

  /** A PUBACK came: the gateway has it on disk. */
  acknowledge(position: number): OutboxRow | null {
    const row = findRow(this.#file(), 'position = ?', position);
    if (row === null) return null;
    const state = row.state === 'kept' ? 'acknowledged' : row.state;
    this.#file()
      .prepare('UPDATE record SET to_send = 0, state = ?, acknowledged_at_ms = ? WHERE position = ?')
      .run(state, this.#clock.utcMs(), position);
    this.#count(row.state, state);
    return asRow({ ...row, state });
  }

  /** Moves the record a receipt is about; null when it is about none of ours. */
  applyReceipt(receipt: Receipt): ReceiptResult | null {
    const row = findForReceipt(this.#file(), receipt);
    if (row === null || receipt.status === 'deferred') return row && { row: asRow(row), isNewDoubleSale: false };
    const state = nextState(row.state, receipt);
    // A receipt of an earlier buffer proves nothing about the present one, unless it says that the record came through.
    const isAnswer = receipt.epoch === this.#identity.epoch || isSettled(state);
    const now = this.#clock.utcMs();
    this.#file()
      .prepare(
        `UPDATE record SET state = @state, epoch = coalesce(@epoch, epoch), sequence = coalesce(@sequence, sequence),
           receipt = @receipt, to_send = iif(@isAnswer, 0, to_send), settled_at_ms = @settledAtMs,
           bytes = iif(@letGo, NULL, bytes), acknowledged_at_ms = coalesce(acknowledged_at_ms, @now)
         WHERE position = @position`,
      )
      .run({
        position: row.position,
        state,
        epoch: receipt.sequence === null ? null : receipt.epoch,
        sequence: receipt.sequence,
        receipt: JSON.stringify(receipt),
        isAnswer: isAnswer ? 1 : 0,
        settledAtMs: isSettled(state) ? now : null,
        letGo: state === 'synced' || state === 'resolved' ? 1 : 0,
        now,
      });
    this.#count(row.state, state);
    return { row: asRow({ ...row, state }), isNewDoubleSale: isNewDoubleSale(row, receipt) };
  }

  /** Notes the buffer now spoken to. With `resend`, everything still kept is to be published again. */
  startEpoch(epoch: string, resend: boolean): void {
    this.inOneCommit(() => {
      this.#file().prepare('UPDATE lane SET epoch = ?').run(epoch);
      if (resend) this.#file().prepare(`UPDATE record SET to_send = 1 WHERE state IN (${KEPT_LIST})`).run();
    });
    this.#identity = { ...this.#identity, epoch };
  }

  /** Remembers the newest checkpoint the gateway showed; the next record carries it back as a witness. */
  witness(checkpoint: string): void {
    if (checkpoint === this.#identity.checkpoint) return;
    this.#file().prepare('UPDATE lane SET checkpoint = ?').run(checkpoint);
    this.#identity = { ...this.#identity, checkpoint };
  }

  /**
   * Marks records whose fate we have not heard of for `olderThanMs` for another publish: their final receipt may have
   * come while this till was off. The gateway answers `duplicate` with the present state. Gives how many.
   */
  askAgain(olderThanMs: number, limit: number): number {
    // Two lists, because each has an index of its own; both are short.
    const of = (states: string) => `SELECT position, acknowledged_at_ms FROM record
      WHERE state IN (${states}) AND to_send = 0 AND acknowledged_at_ms <= @before`;
    const sql = `UPDATE record SET to_send = 1 WHERE position IN (SELECT position FROM
      (${of("'acknowledged', 'held'")} UNION ALL ${of("'rejected'")}) ORDER BY acknowledged_at_ms LIMIT @limit)`;
    return this.#file()
      .prepare(sql)
      .run({ before: this.#clock.utcMs() - olderThanMs, limit }).changes;
  }

  #file(): Database.Database {
    if (this.#db === null) throw new CounterfoilError('internal', 'the outbox is not open', 'call start() first');
    return this.#db;
  }

  #insert(label: Label, formed: Formed, laneSequence: number | null): OutboxRow {
    const { lastInsertRowid } = this.#file()
      .prepare(
        `INSERT INTO record (lane_sequence, idempotency_key, content_hash, lane_hash, stream, bytes, state, to_send, kept_at_ms)
         VALUES (?, ?, ?, ?, ?, ?, 'kept', 1, ?)`,
      )
      .run(
        laneSequence,
        label.idempotencyKey,
        label.contentHash,
        formed.laneHash,
        label.stream,
        formed.bytes,
        this.#clock.utcMs(),
      );
    this.#count(null, 'kept');
    return { position: Number(lastInsertRowid), laneSequence, stream: label.stream, state: 'kept' };
  }

  /** The same sale again is sent again (the till may have forgotten it), but it never becomes a second record. */
  #findRepeat({ idempotencyKey, contentHash }: Label): OutboxRow | null {
    if (idempotencyKey === null || contentHash === null) return null;
    const row = findRow(this.#file(), 'idempotency_key = ? AND content_hash = ?', idempotencyKey, contentHash);
    if (row === null) return null;
    this.#file().prepare('UPDATE record SET to_send = 1 WHERE position = ? AND bytes IS NOT NULL').run(row.position);
    return asRow(row);
  }

  #forgetOldReceipts(): void {
    this.#file()
      .prepare('DELETE FROM record WHERE settled_at_ms < ?')
      .run(this.#clock.utcMs() - RECEIPT_KEPT_MS);
  }

  /** What is kept in memory beside the file, from the file: at the start and after a commit that failed. */
  #readBack(): void {
    const db = this.#file();
    this.#identity = claimLane(db, this.#owner);
    const counted = db
      .prepare<[], [OutboxState, number]>('SELECT state, count(*) FROM record GROUP BY state')
      .raw()
      .all();
    const found = new Map(counted);
    for (const state of OUTBOX_STATES) this.#counts.set(state, found.get(state) ?? 0);
  }

  #count(from: OutboxState | null, to: OutboxState): void {
    if (from !== null) this.#counts.set(from, (this.#counts.get(from) ?? 0) - 1);
    this.#counts.set(to, (this.#counts.get(to) ?? 0) + 1);
  }
}
