/**
 * The writer's side of the outbox: how far the segments have come, and the rows that may go because of it. Both ride on
 * transactions that are made anyway, and only every PRUNE_ENTRIES entries: with every group they would double the pages
 * a commit writes. If the power goes before, `stored_size` is behind: the trail's writer finds its entries in the
 * segments, and nothing is missing.
 */
import type { Heads } from './session.ts';
import type { Statements } from './statements.ts';

/** Some 80 KiB of rows: a commit that deletes them is hardly longer. */
export const PRUNE_ENTRIES = 256;

/** Transactions after a rolled-back one that do without it: on a full disk it could be what does not fit. */
const REST_TRANSACTIONS = 64;

interface Place {
  stored: number;
  pruned: number;
}

/** Trail size and last record at some commit: no carrier up to `record` holds an entry from `size` on. */
interface Mark {
  readonly size: number;
  readonly record: number;
}

const LOGS = [0, 1] as const;

export class TrailStore {
  readonly #sql: Statements;
  readonly #step: number;
  /** What the trail's writer has told; not yet all in the file. */
  readonly #told: [number, number] = [0, 0];
  #file: [Place, Place] = [
    { stored: 0, pruned: 0 },
    { stored: 0, pruned: 0 },
  ];
  #written: [Place, Place] | null = null;
  #rest = 0;
  #loaded = false;
  readonly #marks: [Mark | null, Mark | null] = [null, null];

  /** `step`: entries by which the file's word may lag, and the most that one transaction deletes per trail. */
  constructor(sql: Statements, step: number) {
    this.#sql = sql;
    this.#step = step;
  }

  /** Reads the file's word: at start and after a rollback. */
  load(): void {
    this.#rest = this.#loaded ? REST_TRANSACTIONS : 0;
    this.#loaded = true;
    this.#written = null;
    for (const row of this.#sql.trailStores.all()) {
      this.#file[row.log === 1 ? 1 : 0] = { stored: row.stored_size, pruned: row.pruned_size };
    }
  }

  /** Entries below `size` are synced in the segments. */
  mark(log: 0 | 1, size: number): void {
    this.#told[log] = Math.max(this.#told[log], size);
  }

  /** Whether the file would learn something. */
  get isBehind(): boolean {
    return LOGS.some((log) => this.#told[log] > this.#file[log].stored);
  }

  /**
   * Within a transaction: writes down how far the segments are and deletes a bounded number of rows, when that is worth a
   * page or `always` asks for it. `lastRecordId` is that before this transaction, `heads` those after it.
   */
  write(heads: Heads, lastRecordId: number, always = false): void {
    if (this.#rest > 0 && !always) {
      this.#rest -= 1;
      return;
    }
    const sizes = LOGS.map((log) => Math.max(this.#file[log].stored, Math.min(this.#told[log], heads[log].size)));
    const [audit = 0, two = 0] = sizes;
    const news = Math.max(audit - this.#file[0].stored, two - this.#file[1].stored);
    const limits = [this.#prunable(0, audit), this.#prunable(1, two)] as const;
    const old = Math.max(limits[0] - this.#file[0].pruned, limits[1] - this.#file[1].pruned);
    if (Math.max(news, old) < this.#step && !always) return;
    this.#written = [
      this.#writeLog(0, { stored: audit, pruned: limits[0] }, heads, lastRecordId),
      this.#writeLog(1, { stored: two, pruned: limits[1] }, heads, lastRecordId),
    ];
  }

  /** Rows below this one may go. The one before the first that is still to be read stays: it is the next one's link. */
  #prunable(log: 0 | 1, stored: number): number {
    const { pruned } = this.#file[log];
    if (stored - 1 <= pruned) return pruned;
    return Math.max(pruned, Math.min(stored - 1, this.#neededFrom(log)));
  }

  #writeLog(log: 0 | 1, to: Place, heads: Heads, lastRecordId: number): Place {
    const { pruned } = this.#file[log];
    const head = heads[log];
    const gone = Math.min(to.pruned, pruned + this.#step);
    this.#sql.setStored.run(to.stored, gone, log);
    if (gone > pruned) {
      this.#sql.dropEntries.run(log, pruned, gone);
      // The head must not hang on a row that is gone.
      this.#sql.setTrailHead.run(head.size, head.leaf, log);
    }
    const mark = this.#marks[log];
    if (mark === null || mark.size <= gone) {
      if (mark !== null) this.#sql.setAfterRecord.run(mark.record, log);
      this.#marks[log] = { size: head.size, record: lastRecordId };
    }
    return { stored: to.stored, pruned: gone };
  }

  /** A run that is under way reads what happened since it began. */
  #neededFrom(log: 0 | 1): number {
    const began = log === 1 ? this.#sql.openRun.get()?.began_index : undefined;
    return began ?? Number.POSITIVE_INFINITY;
  }

  /** Called after COMMIT. */
  committed(): void {
    if (this.#written !== null) this.#file = this.#written;
    this.#written = null;
  }
}
