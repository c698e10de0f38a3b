/**
 * Every record that is not settled, followed from entry to entry. Records are known by their payload hash, which stays the
 * same when a new epoch numbers them again. Whoever wants to count listens.
 */
import type { Schedule, State } from '../../record/types.ts';
import { stepsIn, type TakenRecord, type Told, takenIn } from './bodies.ts';
import { RecordStore, type StoredRecord } from './record-store.ts';

export type StandingRecord = StoredRecord;

export interface RecordListener {
  taken?(record: StandingRecord, entry: Told): void;
  /** Before the step: `record.state` is still the old one. */
  moves?(record: StandingRecord, to: State, step: { readonly isUnproved: boolean }, entry: Told): void;
}

const SETTLED: ReadonlySet<State> = new Set(['SYNCED', 'RESOLVED']);
/** A `hold` stands behind the `intake` of its commit: a number is looked for among that many records. */
const HOLD_REACH = 8192;

export class StandingRecords {
  readonly #listeners: readonly RecordListener[];
  readonly #records = new RecordStore();
  /** No record below this slot has been PENDING ever since it was taken. */
  #lineAt = 0;
  /** Those PENDING again: released, or begun anew. */
  readonly #late = new Set<number>();
  /** Of these the one received first; null: to be looked for. */
  #firstLate: number | null = null;
  /** Records of this epoch begin at this slot: `hold` names them by number. */
  #epochAt = 0;
  /** Steps of records whose `intake` entry is not here. */
  unknownSteps = 0;

  constructor(listeners: readonly RecordListener[]) {
    this.#listeners = listeners;
  }

  see(entry: Told): void {
    switch (entry.kind) {
      case 'intake':
        for (const taken of takenIn(entry.body)) this.#take(taken, entry);
        return;
      case 'settle':
      case 'quarantine':
        for (const step of stepsIn(entry.body)) this.#step(step.hash, step.state, step.isUnproved, entry);
        return;
      case 'hold':
        for (const sequence of entry.body.sequences) {
          const slot = this.#numbered(sequence);
          if (slot !== null) this.#move(slot, 'HELD', false, entry);
        }
        return;
      case 'review':
        for (const [of, , , to, hash] of entry.body.subjects) {
          if (of === 'record') this.#step(hash, to, false, entry);
        }
        return;
      case 'epoch':
        this.#epochAt = this.#records.length;
        return;
      default:
    }
  }

  #take(taken: TakenRecord, entry: Told): void {
    const { boot, monotonicMs, atMs } = entry;
    const record: StandingRecord = { ...taken, state: 'PENDING', boot, monotonicMs, atMs };
    const standing = this.#records.find(record.hash);
    // Sent again to a gateway that was put back from a backup: it stands already, and is not captured twice.
    if (standing !== null) {
      if (this.#records.stateOf(standing) !== 'PENDING') this.#move(standing, 'PENDING', false, entry);
      return;
    }
    this.#records.add(record);
    for (const listener of this.#listeners) listener.taken?.(record, entry);
  }

  /** Newest first: a hold is about what was taken just now. */
  #numbered(sequence: number): number | null {
    const end = Math.max(this.#epochAt, this.#records.length - HOLD_REACH);
    for (let slot = this.#records.length - 1; slot >= end; slot -= 1) {
      if (this.#records.stateOf(slot) === null) continue;
      if (this.#records.sequenceOf(slot) === sequence && this.#records.scheduleOf(slot) === 'II') return slot;
    }
    return null;
  }

  #step(hash: string, to: State, isUnproved: boolean, entry: Told): void {
    const slot = this.#records.find(hash);
    if (slot === null) this.unknownSteps += 1;
    else this.#move(slot, to, isUnproved, entry);
  }

  #move(slot: number, to: State, isUnproved: boolean, entry: Told): void {
    const record = this.#records.get(slot);
    for (const listener of this.#listeners) listener.moves?.(record, to, { isUnproved }, entry);
    if (record.state === 'PENDING' && this.#late.delete(slot) && this.#firstLate === slot) this.#firstLate = null;
    if (SETTLED.has(to)) {
      this.#records.remove(slot);
      return;
    }
    this.#records.setState(slot, to);
    if (to === 'PENDING' && slot < this.#lineAt) this.#addLate(slot);
  }

  #addLate(slot: number): void {
    this.#late.add(slot);
    if (this.#late.size === 1) this.#firstLate = slot;
    else if (this.#firstLate !== null) this.#firstLate = this.#earlier(this.#firstLate, slot);
  }

  #earlier(one: number, other: number): number {
    return this.#records.receivedMsOf(other) < this.#records.receivedMsOf(one) ? other : one;
  }

  /** Reception of the record that has been PENDING longest, UTC ms; null when none is. */
  oldestPendingMs(): number | null {
    while (this.#lineAt < this.#records.length && this.#records.stateOf(this.#lineAt) !== 'PENDING') this.#lineAt += 1;
    const inLine = this.#lineAt < this.#records.length ? this.#records.receivedMsOf(this.#lineAt) : null;
    if (this.#late.size === 0) return inLine;
    this.#firstLate ??= [...this.#late].reduce((one, other) => this.#earlier(one, other));
    const late = this.#records.receivedMsOf(this.#firstLate);
    return inLine === null ? late : Math.min(inLine, late);
  }

  /** All that are not settled, in the order in which they were taken. */
  *all(): Generator<StandingRecord, undefined> {
    for (const slot of this.#records.slots()) yield this.#records.get(slot);
    return undefined;
  }

  /** How many are not settled, by schedule and state. */
  counts(): Map<Schedule, Map<State, number>> {
    const counts = new Map<Schedule, Map<State, number>>();
    for (const slot of this.#records.slots()) {
      const [schedule, state] = [this.#records.scheduleOf(slot), this.#records.stateOf(slot) ?? 'PENDING'];
      const states = counts.get(schedule) ?? new Map<State, number>();
      counts.set(schedule, states.set(state, (states.get(state) ?? 0) + 1));
    }
    return counts;
  }
}
