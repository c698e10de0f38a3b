/**
 * Moving records on: settling a PMS's checked answers, quarantining damaged ones, noting gap markers. Each is one
 * transaction with its trail entry; like `IntakeGroup`, nothing in memory changes until the writer has committed.
 */
import type { TrailBodyOf } from '../record/trail-kinds.ts';
import type { SettledRecord, Settlement, TrailPlace } from './api.ts';
import {
  AWAITING_VERIFICATION,
  flagsOf,
  GAP_NOTED,
  PENDING,
  QUARANTINED,
  SET_ASIDE,
  stateCode,
  stateName,
  streamCodeOfSchedule,
} from './codes.ts';
import { copyHeads, type Heads, type Moment, type Session, storeEntry } from './session.ts';
import type { RecordHead } from './statements.ts';

/** Settled records named in one trail entry; keeps an entry far below 64 KiB. */
const RECORDS_PER_ENTRY = 100;

/** A settled record before its key, which only the sealed bytes hold, is added. */
export type SettledRow = Omit<SettledRecord, 'idempotencyKey'>;

type Stated = TrailBodyOf<'settle'>['records'][number];

interface Step {
  readonly head: RecordHead;
  readonly to: number;
  readonly settlement: Settlement | null;
}

export class SettleGroup {
  readonly #session: Session;
  readonly #moment: Moment;
  readonly #log: 0 | 1;
  readonly heads: Heads;
  readonly #steps: Step[] = [];

  constructor(session: Session, moment: Moment, log: 0 | 1) {
    this.#session = session;
    this.#moment = moment;
    this.#log = log;
    this.heads = copyHeads(session.ledger);
  }

  settle(settlements: readonly Settlement[]): SettledRow[] {
    for (const settlement of settlements) {
      const head = this.#headOf(settlement.sequence);
      if (head === undefined || !isLegal(head.state, stateCode(settlement.to))) continue;
      this.#step({ head, to: stateCode(settlement.to), settlement });
    }
    return this.#enter('settle');
  }

  quarantine(sequences: readonly number[]): SettledRow[] {
    for (const sequence of sequences) {
      const head = this.#headOf(sequence);
      if (head !== undefined && (head.state === PENDING || head.state === AWAITING_VERIFICATION)) {
        this.#step({ head, to: QUARANTINED, settlement: null });
      }
    }
    return this.#enter('quarantine');
  }

  noteGaps(sequences: readonly number[]): void {
    const { sql, ledger } = this.#session;
    const noted: number[] = [];
    for (const sequence of sequences) {
      const recordId = sequence + ledger.baseRecordId;
      if (sql.noteGap.run(this.#moment.utcMs, recordId).changes === 0) continue;
      sql.addDelivery.run(recordId, this.#moment.utcMs, GAP_NOTED, null, null, 1);
      noted.push(sequence);
    }
    for (let from = 0; from < noted.length; from += RECORDS_PER_ENTRY) {
      const body = { sequences: noted.slice(from, from + RECORDS_PER_ENTRY) };
      storeEntry(this.#session, this.heads, this.#log, this.#moment, 'gap_noted', body);
    }
  }

  #headOf(sequence: number): RecordHead | undefined {
    const head = this.#session.sql.head.get(sequence + this.#session.ledger.baseRecordId);
    return head !== undefined && streamCodeOfSchedule(head.schedule) === this.#log ? head : undefined;
  }

  #step(step: Step): void {
    const { sql, ledger } = this.#session;
    const { head, to, settlement } = step;
    const id = head.record_id;
    sql.setState.run(to, id);
    if (settlement !== null) {
      const proof = settlement.unproved === true ? 0 : 1;
      sql.addDelivery.run(id, this.#moment.utcMs, to, settlement.pmsId, settlement.reason, proof);
    }
    if ((to === SET_ASIDE || to === QUARANTINED) && head.stream_sequence !== null) {
      sql.addGap.run(id, this.#log, head.stream_sequence, to);
    }
    // Rows the counters already hold; younger ones are counted from the rows themselves at start.
    if (id <= ledger.mergedThrough) {
      sql.addCounter.run(head.schedule, head.state, -1);
      sql.addCounter.run(head.schedule, to, 1);
    }
    this.#steps.push(step);
  }

  /** Steps that a PMS's answer without key and hash brought about. */
  get unprovedCount(): number {
    return this.#steps.filter((step) => step.settlement?.unproved === true).length;
  }

  /**
   * One entry per RECORDS_PER_ENTRY steps: `[sequence, stream_sequence, state, payload_hash]`, with verifier and time behind
   * it where the PMS verified, or the word `unproved` where it proved nothing.
   */
  #enter(kind: 'settle' | 'quarantine'): SettledRow[] {
    const rows: SettledRow[] = [];
    for (let from = 0; from < this.#steps.length; from += RECORDS_PER_ENTRY) {
      const steps = this.#steps.slice(from, from + RECORDS_PER_ENTRY);
      const records = steps.map((step) => this.#stated(step));
      const place = storeEntry(this.#session, this.heads, this.#log, this.#moment, kind, { records });
      for (const step of steps) rows.push(this.#row(step, place));
    }
    return rows;
  }

  #stated({ head, to, settlement }: Step): Stated {
    const stated = [
      head.record_id - this.#session.ledger.baseRecordId,
      head.stream_sequence === null ? null : head.stream_sequence - this.#session.ledger.streamBase[this.#log],
      stateName(to),
      head.payload_hash.toString('base64'),
    ] as const;
    if (settlement?.unproved === true) return [...stated, 'unproved'];
    const verification = settlement?.verification;
    if (!verification) return stated;
    return [...stated, printable(verification.verifierId), printable(verification.verifiedAt)];
  }

  #row({ head, to }: Step, trail: TrailPlace): SettledRow {
    const { ledger, names } = this.#session;
    return {
      sequence: head.record_id - ledger.baseRecordId,
      lane: names.laneName(head.lane),
      state: stateName(to),
      laneHash: head.lane_hash,
      payloadHash: head.payload_hash,
      receivedAtMs: head.received_ms,
      flags: flagsOf(head.flags),
      trail,
    };
  }

  /** Called after COMMIT. */
  apply(): void {
    const { ledger } = this.#session;
    ledger.heads = [{ ...this.heads[0] }, { ...this.heads[1] }];
    for (const { head, to } of this.#steps) {
      ledger.count(head.schedule, head.state, -1);
      ledger.count(head.schedule, to, 1);
    }
    ledger.refreshOldest();
  }
}

/** The PMS's own words in an entry: short and printable, so that no answer can make an entry that cannot be written. */
function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 128);
}

function isLegal(from: number, to: number): boolean {
  if (from === PENDING) return true;
  return from === AWAITING_VERIFICATION && (to === stateCode('SYNCED') || to === stateCode('REJECTED'));
}
