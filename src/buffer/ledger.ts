/**
 * The writer's memory of where everything stands: next numbers, trail heads, counts, oldest pending, young index keys.
 * It is a cache of the file, rebuilt at start; it changes only after a commit, or is rebuilt after a rollback.
 */
import type { Schedule, State } from '../record/types.ts';
import { PENDING, SCHEDULE_TWO, scheduleName, stateName, streamCodeOfSchedule } from './codes.ts';
import { NO_LEAF } from './entry.ts';
import { KeyTail, type TailLimits, UNDONE } from './key-tail.ts';
import type { Names } from './names.ts';
import type { Statements, TailRow } from './statements.ts';

/** Measured: with 16,384 keys a generation, merging costs under 0.5 KB a record even into a large index. */
export const TAIL_LIMITS: TailLimits = { generationKeys: 16_384, sliceKeys: 256 };

export interface TrailHead {
  size: number;
  leaf: Buffer;
}

interface Oldest {
  readonly recordId: number;
  readonly receivedMs: number;
  readonly pack: number;
}

const SCHEDULE_CODES = [0, 2, 3, 4, 5];

export class Ledger {
  readonly #sql: Statements;
  readonly #names: Names;
  readonly #limits: TailLimits;
  epoch = '';
  baseRecordId = 0;
  /** By stream code: what a row's stream number has over the one on the wire. */
  streamBase: [number, number] = [0, 0];
  lastRecordId = 0;
  mergedThrough = 0;
  /** Last stream number and trail head by stream code. */
  lastNumber: [number, number] = [0, 0];
  settledThrough: [number, number] = [0, 0];
  heads: [TrailHead, TrailHead] = [
    { size: 0, leaf: NO_LEAF },
    { size: 0, leaf: NO_LEAF },
  ];
  tail: KeyTail;
  readonly #counts = new Map<number, number>();
  readonly #oldest = new Map<number, Oldest>();

  constructor(sql: Statements, names: Names, limits: TailLimits) {
    this.#sql = sql;
    this.#names = names;
    this.#limits = limits;
    this.tail = new KeyTail(limits);
  }

  /** Reads everything back from the file: at start and after a rollback. */
  load(): void {
    const epoch = this.#sql.epoch.get();
    if (epoch === undefined) throw new Error('the buffer has no epoch');
    this.epoch = epoch.epoch;
    this.baseRecordId = epoch.base_record_id;
    this.streamBase = [epoch.base_standard, epoch.base_schedule_two];
    this.mergedThrough = this.#sql.mergedThrough.get()?.record_id ?? 0;
    this.lastRecordId = Math.max(this.mergedThrough, this.baseRecordId);
    this.tail = new KeyTail(this.#limits);
    this.#counts.clear();
    for (const { schedule, state, count } of this.#sql.counters.all()) this.count(schedule, state, count);
    this.#loadStreams();
    for (const row of this.#sql.tail.iterate(this.mergedThrough)) this.#readTailRow(row);
    this.#findOldest();
  }

  #loadStreams(): void {
    for (const row of this.#sql.streams.all()) {
      const at = row.stream === 1 ? 1 : 0;
      this.lastNumber[at] = row.last_number;
      this.settledThrough[at] = row.settled_through;
      const entry = this.#sql.lastEntry.get(at);
      const newer = entry !== undefined && entry.i >= row.trail_size;
      this.heads[at] = newer ? { size: entry.i + 1, leaf: entry.leaf } : { size: row.trail_size, leaf: row.trail_leaf };
    }
  }

  #readTailRow(row: TailRow): void {
    const at = streamCodeOfSchedule(row.schedule) === 1 ? 1 : 0;
    this.lastRecordId = row.record_id;
    this.count(row.schedule, row.state, 1);
    this.lastNumber[at] = Math.max(this.lastNumber[at], row.stream_sequence ?? 0);
    if (row.trail_index !== null && row.leaf !== null && row.trail_index >= this.heads[at].size) {
      this.heads[at] = { size: row.trail_index + 1, leaf: row.leaf };
    }
    this.tail.addKey(row.key.toString('latin1'), row.record_id);
    if (row.fill !== null) this.noteFill(row.fill.toString('latin1'), row.record_id, row.undoes);
    if (row.instance !== null && row.lane_sequence !== null) this.#names.leavesGap(row.instance, row.lane_sequence);
  }

  /**
   * A row's effect on the fills: a sale stands as the newest of its fill; undoing the newest lets the one before it stand
   * again (a doubt raised once too often is better than a double sale missed).
   */
  noteFill(fill: string, recordId: number, undoes: number | null): void {
    if (undoes === null) this.tail.setFill(fill, recordId);
    else if (this.findFill(fill) === undoes) this.tail.setFill(fill, this.#sql.head.get(undoes)?.prior ?? UNDONE);
  }

  /** record_id that holds this key hash, if any. */
  findKey(hash: string): number | undefined {
    return this.tail.key(hash) ?? this.#sql.findKey.get(Buffer.from(hash, 'latin1'))?.record_id;
  }

  /** record_id of the newest sale of this fill that stands, if any. */
  findFill(hash: string): number | undefined {
    const young = this.tail.fill(hash);
    if (young !== undefined) return young === UNDONE ? undefined : young;
    return this.#sql.findFill.get(Buffer.from(hash, 'latin1'))?.record_id;
  }

  count(schedule: number, state: number, change: number): void {
    const at = schedule * 16 + state;
    this.#counts.set(at, (this.#counts.get(at) ?? 0) + change);
  }

  /** A record that has just been committed as PENDING. */
  notePending(schedule: number, recordId: number, receivedMs: number, pack: number): void {
    if (!this.#oldest.has(schedule)) this.#oldest.set(schedule, { recordId, receivedMs, pack });
  }

  /** Finds the oldest again for schedules whose oldest has left the line, and moves the watermarks up. */
  refreshOldest(): void {
    for (const schedule of SCHEDULE_CODES) {
      const oldest = this.#oldest.get(schedule);
      if (oldest === undefined || this.#sql.head.get(oldest.recordId)?.state === PENDING) continue;
      this.#setOldest(schedule, oldest.recordId);
    }
    this.#moveWatermarks();
  }

  #findOldest(): void {
    this.#oldest.clear();
    for (const schedule of SCHEDULE_CODES)
      this.#setOldest(schedule, this.settledThrough[streamCodeOfSchedule(schedule) === 1 ? 1 : 0]);
    this.#moveWatermarks();
  }

  #setOldest(schedule: number, after: number): void {
    this.#oldest.delete(schedule);
    if ((this.#counts.get(schedule * 16 + PENDING) ?? 0) <= 0) return;
    const row = schedule === SCHEDULE_TWO ? this.#sql.nextPendingTwo.get() : this.#sql.nextPending.get(after, schedule);
    if (row !== undefined)
      this.#oldest.set(schedule, { recordId: row.record_id, receivedMs: row.received_ms, pack: row.pack });
  }

  #moveWatermarks(): void {
    const standard = SCHEDULE_CODES.filter((code) => code !== SCHEDULE_TWO).map(
      (code) => this.#oldest.get(code)?.recordId,
    );
    const firstOpen = standard.filter((id): id is number => id !== undefined);
    this.settledThrough[0] = firstOpen.length === 0 ? this.lastRecordId : Math.min(...firstOpen) - 1;
    this.settledThrough[1] = (this.#oldest.get(SCHEDULE_TWO)?.recordId ?? this.lastRecordId + 1) - 1;
  }

  oldest(): ReadonlyMap<number, Oldest> {
    return this.#oldest;
  }

  countsByName(): Record<Schedule, Partial<Record<State, number>>> {
    const named: Record<Schedule, Partial<Record<State, number>>> = { NONE: {}, II: {}, III: {}, IV: {}, V: {} };
    for (const [at, count] of this.#counts) {
      if (count > 0) named[scheduleName(Math.floor(at / 16))][stateName(at % 16)] = count;
    }
    return named;
  }
}
