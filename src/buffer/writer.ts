/**
 * The writer: the only code that changes the buffer. Every public operation is one SQLite transaction committed with
 * synchronous=FULL, and there are three outcomes, not two:
 *
 * - it returns: the change is on disk;
 * - it throws `storage_full`: rolled back, nothing of it is kept, the gateway goes on;
 * - it throws `storage_io` or anything else: what is on disk is unknown. The process must end and let recovery read
 *   the truth; trying the same fsync again would report success for pages the kernel has already dropped
 *   (sqlite.org/wal.html, and the "fsyncgate" reports of 2018).
 */
import type { Database } from 'better-sqlite3';
import type { Clock } from '../base/clock.ts';
import { CounterfoilError } from '../base/errors.ts';
import type { ManifestPart, ManifestStatement } from '../record/manifest.ts';
import type { TrailBodyOf, TrailKind } from '../record/trail-kinds.ts';
import { ActGroup, type ActRows } from './act-group.ts';
import type {
  GatewayStart,
  IntakeItem,
  IntakeResult,
  OpenRun,
  Settlement,
  SignedAct,
  TrailLog,
  TrailPlace,
} from './api.ts';
import { type ArchiveDone, ArchiveGroup, type ArchiveStep } from './archive/archive-group.ts';
import { FrameReader } from './archive/frames.ts';
import { type ArchiveStatements, ensureArchiveKey, prepareArchiveStatements } from './archive/statements.ts';
import { CONFLICT, logCode, REFUSED } from './codes.ts';
import { type EpochAct, type EpochOpened, openEpoch, type RestoredEpoch } from './epoch.ts';
import { type FactsSource, factsOf, type WriterFacts } from './facts.ts';
import { mergeSlice } from './index-merge.ts';
import { IntakeGroup } from './intake-group.ts';
import type { TailLimits } from './key-tail.ts';
import { Keyring } from './keyring.ts';
import { Ledger, TAIL_LIMITS } from './ledger.ts';
import { Names } from './names.ts';
import { PracticeGroup } from './practice-group.ts';
import { RunGroup } from './run-group.ts';
import { copyHeads, type FixedByLog, type Heads, type Moment, momentOf, type Session, storeEntry } from './session.ts';
import { type SettledRow, SettleGroup } from './settle-group.ts';
import { StartGroup } from './start-group.ts';
import { prepareStatements } from './statements.ts';
import { storageError, storageLost } from './storage-error.ts';
import { PRUNE_ENTRIES, TrailStore } from './trail-store.ts';

const RECENT_COMMITS = 512;

export interface WriterOptions {
  readonly clock: Clock;
  readonly bootId: string;
  readonly boxKey: Uint8Array;
  /** Directory of the archive; null or absent: there is none. */
  readonly archiveDir?: string | null;
  /** Default `TAIL_LIMITS`. */
  readonly tailLimits?: TailLimits;
  /** Default `PRUNE_ENTRIES`. */
  readonly pruneEntries?: number;
  /** Told after each commit that fixed trail entries, by trail code. */
  readonly onFixed?: (fixed: FixedByLog) => void;
}

export class Writer {
  readonly #db: Database;
  readonly #session: Session;
  readonly #archive: ArchiveStatements;
  readonly #evidenceBytes = new Map<number, number>();
  readonly #facts: FactsSource;
  readonly #store: TrailStore;
  readonly #onFixed: (fixed: FixedByLog) => void;
  /** Writes the watermarks moved by the last settling, within the next transaction. */
  #pendingWatermarks: (() => void) | null = null;
  /** Set once the disk has failed: from then on every request gets this error and touches nothing. */
  #lost: unknown = null;

  /** `db` comes from `openForWriting`. Reads the file's state; throws `key_missing` when the box key is not its own. */
  constructor(db: Database, options: WriterOptions) {
    this.#db = db;
    const sql = prepareStatements(db);
    this.#archive = prepareArchiveStatements(db);
    ensureArchiveKey(this.#archive, options);
    const keys = sql.dataKeys.all().map((row) => ({ keyId: row.key_id, purpose: row.purpose, wrapped: row.wrapped }));
    const names = new Names(sql);
    const boot = sql.findBoot.get(options.bootId)?.boot ?? Number(sql.addBoot.run(options.bootId).lastInsertRowid);
    const ring = new Keyring(options.boxKey, keys);
    this.#session = {
      sql,
      ring,
      archive: new FrameReader(db, ring, options.archiveDir ?? null),
      names,
      ledger: new Ledger(sql, names, options.tailLimits ?? TAIL_LIMITS),
      clock: options.clock,
      bufferId: sql.meta.get('buffer_id')?.value ?? '',
      bootId: options.bootId,
      boot,
      fixed: [[], []],
    };
    this.#store = new TrailStore(sql, options.pruneEntries ?? PRUNE_ENTRIES);
    this.#onFixed = options.onFixed ?? (() => {});
    this.#facts = {
      refusedOpen: 0,
      conflictOpen: 0,
      duplicatesTotal: 0,
      acceptedTotal: 0,
      unprovedTotal: 0,
      lastCommitAtMs: null,
      commitsTotal: 0,
      recentCommitMs: [],
    };
    this.#load();
  }

  #load(): void {
    this.#session.names.reload();
    this.#session.ledger.load();
    this.#store.load();
    this.#evidenceBytes.clear();
    this.#facts.refusedOpen = 0;
    this.#facts.conflictOpen = 0;
    this.#facts.unprovedTotal = this.#session.sql.unproved.get()?.count ?? 0;
    for (const { lane, state, count, bytes } of this.#session.sql.evidenceOpen.all())
      this.#countEvidence(lane, state, count, bytes);
  }

  #countEvidence(lane: number, state: number, count: number, bytes: number): void {
    this.#evidenceBytes.set(lane, (this.#evidenceBytes.get(lane) ?? 0) + bytes);
    if (state === REFUSED) this.#facts.refusedOpen += count;
    if (state === CONFLICT) this.#facts.conflictOpen += count;
  }

  /** Commits one group of publishes. */
  intake(items: readonly IntakeItem[]): IntakeResult[] {
    const moment = momentOf(this.#session.clock);
    const group = new IntakeGroup(this.#session, moment, this.#evidenceBytes);
    const results = this.#transaction(group.heads, () => group.write(items));
    group.apply();
    for (const { lane, state, bytes } of group.evidence.added) this.#countEvidence(lane, state, 1, bytes);
    this.#facts.duplicatesTotal += group.duplicates;
    this.#facts.acceptedTotal += group.drafts.length;
    return results;
  }

  settle(log: TrailLog, settlements: readonly Settlement[]): SettledRow[] {
    return this.#move(log, (group) => group.settle(settlements));
  }

  quarantine(log: TrailLog, sequences: readonly number[]): SettledRow[] {
    return this.#move(log, (group) => group.quarantine(sequences));
  }

  noteGaps(log: TrailLog, sequences: readonly number[]): void {
    this.#move(log, (group) => group.noteGaps(sequences));
  }

  #move<T>(log: TrailLog, work: (group: SettleGroup) => T): T {
    const group = new SettleGroup(this.#session, momentOf(this.#session.clock), logCode(log) === 1 ? 1 : 0);
    const result = this.#transaction(group.heads, () => work(group));
    group.apply();
    this.#facts.unprovedTotal += group.unprovedCount;
    const { ledger, sql } = this.#session;
    // A watermark that is behind is only slower to read from, so it needs no commit of its own.
    this.#pendingWatermarks = () => {
      sql.setSettledThrough.run(ledger.settledThrough[0], 0);
      sql.setSettledThrough.run(ledger.settledThrough[1], 1);
    };
    return result;
  }

  /** Does a person's signed act, all of it or nothing. Throws `review_stale` when it is not about what is here now. */
  review(act: SignedAct, correction: IntakeItem | null): ActRows {
    const group = new ActGroup(this.#session, momentOf(this.#session.clock), act, this.#evidenceBytes);
    const rows = this.#transaction(group.heads, () => group.write(correction));
    if (rows.repeated) return rows;
    group.apply();
    for (const { lane, state, bytes } of group.closed) this.#countEvidence(lane, state, -1, -bytes);
    if (rows.correction !== null) this.#facts.acceptedTotal += 1;
    return rows;
  }

  /** Opens the next epoch, or that of a restored buffer; see `epoch.ts`. The gateway is not running then. */
  openEpoch(cause: EpochAct | RestoredEpoch, epoch: string): EpochOpened {
    const moment = momentOf(this.#session.clock);
    const heads = copyHeads(this.#session.ledger);
    const opened = this.#transaction(heads, () => openEpoch(this.#session, heads, moment, cause, epoch));
    this.#load();
    return opened;
  }

  /** Begins a reconciliation run; the one under way when there is one. */
  beginRun(): OpenRun {
    return this.#inGroup(RunGroup, (group) => group.begin());
  }

  /** Ends a run with its signed manifest; `statement` null: without one. */
  closeRun(run: number, parts: readonly ManifestPart[], statement: ManifestStatement | null): TrailPlace | null {
    return this.#inGroup(RunGroup, (group) => group.close(run, parts, statement));
  }

  /** One transaction of a group that changes nothing in memory but the heads. */
  #inGroup<G extends { readonly heads: Heads }, T>(
    Group: new (session: Session, moment: Moment) => G,
    work: (group: G) => T,
  ): T {
    const group = new Group(this.#session, momentOf(this.#session.clock));
    const result = this.#transaction(group.heads, () => work(group));
    this.#takeHeads(group.heads);
    return result;
  }

  #takeHeads(heads: Heads): void {
    this.#session.ledger.heads = [{ ...heads[0] }, { ...heads[1] }];
  }

  /** Practice records of lanes in training. */
  practise(items: readonly IntakeItem[]): IntakeResult[] {
    return this.#inGroup(PracticeGroup, (group) => group.write(items));
  }

  setTraining(lane: string, untilMs: number | null): void {
    this.#inGroup(PracticeGroup, (group) => group.setTraining(lane, untilMs));
  }

  /** One step of the archive; see `archive/archive-group.ts`. */
  archive(step: Exclude<ArchiveStep, { step: 'begin' }>): ArchiveDone {
    const group = new ArchiveGroup(this.#session, this.#archive, momentOf(this.#session.clock));
    const done = this.#transaction(group.heads, () => group.write(step));
    group.apply();
    return done;
  }

  /** Writes one trail entry of its own. */
  note<K extends TrailKind>(log: TrailLog, kind: K, body: TrailBodyOf<K>): TrailPlace {
    return this.#enter(log, kind, body, () => {});
  }

  #enter<K extends TrailKind>(
    log: TrailLog,
    kind: K,
    body: TrailBodyOf<K>,
    also: (sql: Session['sql']) => void,
  ): TrailPlace {
    const moment: Moment = momentOf(this.#session.clock);
    const heads = copyHeads(this.#session.ledger);
    const place = this.#transaction(heads, () => {
      also(this.#session.sql);
      return storeEntry(this.#session, heads, logCode(log) === 1 ? 1 : 0, moment, kind, body);
    });
    this.#takeHeads(heads);
    return place;
  }

  /** Writes down that the gateway starts, and what is not as at the start before. */
  noteStart(start: GatewayStart): TrailPlace {
    return this.#inGroup(StartGroup, (group) => group.start(start));
  }

  /** Writes down its clean end. */
  noteStop(): TrailPlace {
    return this.#inGroup(StartGroup, (group) => group.stop());
  }

  /** Writes the entry of a signed checkpoint and remembers its note. */
  noteCheckpoint(log: TrailLog, note: string): TrailPlace {
    const code = logCode(log) === 1 ? 1 : 0;
    return this.#enter(log, 'cp', { note }, (sql) => sql.setCheckpoint.run(note, code));
  }

  /** Writes the entry of a witness's cosignature and remembers the size it is over. */
  noteCosignature(log: TrailLog, size: number, cosignature: string): TrailPlace {
    const code = logCode(log) === 1 ? 1 : 0;
    return this.#enter(log, 'cosigned', { cosignature, size }, (sql) => sql.setCosigned.run(size, code));
  }

  /** Entries below `size` are synced in the segments: their rows go within later transactions. */
  markStored(log: TrailLog, size: number): void {
    this.#store.mark(logCode(log) === 1 ? 1 : 0, size);
  }

  /** Writes down what has only been kept in memory. Nothing is lost without it. */
  flush(): void {
    if (!this.#store.isBehind) return;
    const { ledger } = this.#session;
    const heads = copyHeads(ledger);
    this.#transaction(heads, () => this.#store.write(heads, ledger.lastRecordId, true));
  }

  facts(): WriterFacts {
    return factsOf(this.#session, this.#facts);
  }

  #transaction<T>(heads: Heads, work: () => T): T {
    if (this.#lost !== null) throw this.#lost;
    const { sql, clock, ledger } = this.#session;
    const started = clock.monotonicMs();
    const slice = ledger.tail.nextSlice();
    const fixed: FixedByLog = [[], []];
    this.#session.fixed = fixed;
    let result: T;
    try {
      sql.begin.run();
      result = work();
      if (slice !== null) mergeSlice(this.#session, slice, heads);
      this.#pendingWatermarks?.();
      this.#store.write(heads, ledger.lastRecordId);
      sql.commit.run();
    } catch (error) {
      throw this.#undo(storageError(error));
    }
    this.#pendingWatermarks = null;
    this.#store.committed();
    if (slice !== null) {
      ledger.tail.merged(slice);
      if (slice.reaches !== null) ledger.mergedThrough = slice.reaches;
    }
    this.#noteCommit(started);
    if (fixed[0].length + fixed[1].length > 0) this.#onFixed(fixed);
    return result;
  }

  /**
   * Back to what the file holds. Returns the error to throw: the first one, or `storage_io` when the way back failed too,
   * because then nobody knows what the file holds and nothing more may be tried on it.
   */
  #undo(error: unknown): unknown {
    const failed = error instanceof CounterfoilError && error.code === 'storage_io';
    try {
      // After SQLITE_FULL and some I/O errors SQLite has rolled back by itself.
      if (this.#db.inTransaction) this.#session.sql.rollback.run();
      if (!failed) this.#load();
    } catch (second) {
      this.#lost = failed ? error : storageLost(second);
      return this.#lost;
    }
    if (failed) this.#lost = error;
    return error;
  }

  #noteCommit(startedMs: number): void {
    const { clock } = this.#session;
    const recent = this.#facts.recentCommitMs;
    recent.push(clock.monotonicMs() - startedMs);
    if (recent.length > RECENT_COMMITS) recent.shift();
    this.#facts.commitsTotal += 1;
    this.#facts.lastCommitAtMs = clock.utcMs();
  }
}
