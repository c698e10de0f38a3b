/**
 * Every record that is not settled, followed from entry to entry. Records are known by their payload hash, which stays the
 * same when a new epoch numbers them again. Whoever wants to count listens.
 */
import type { Schedule, State } from '../../record/types.ts';
import { stepsIn, type TakenRecord, type Told, takenIn } from './bodies.ts';

export interface StandingRecord extends TakenRecord {
  state: State;
  /** Of its `intake` entry. */
  readonly boot: string;
  readonly monotonicMs: number;
  readonly atMs: number;
}

export interface RecordListener {
  taken?(record: StandingRecord, entry: Told): void;
  /** Before the step: `record.state` is still the old one. */
  moves?(record: StandingRecord, to: State, step: { readonly isUnproved: boolean }, entry: Told): void;
}

const SETTLED: ReadonlySet<State> = new Set(['SYNCED', 'RESOLVED']);

export class StandingRecords {
  readonly #listeners: readonly RecordListener[];
  readonly #records = new Map<string, StandingRecord>();
  /** Those PENDING, oldest first, but for the few that were released or began again. */
  readonly #line = new Map<string, StandingRecord>();
  readonly #late = new Map<string, StandingRecord>();
  /** Schedule II records of this epoch by number: `hold` names them so. */
  readonly #byNumber = new Map<number, StandingRecord>();
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
        for (const step of stepsIn(entry.body)) this.#move(step.hash, step.state, step.isUnproved, entry);
        return;
      case 'hold':
        for (const sequence of entry.body.sequences) {
          const record = this.#byNumber.get(sequence);
          if (record !== undefined) this.#move(record.hash, 'HELD', false, entry);
        }
        return;
      case 'review':
        for (const [of, , , to, hash] of entry.body.subjects) {
          if (of === 'record') this.#move(hash, to, false, entry);
        }
        return;
      case 'epoch':
        this.#byNumber.clear();
        return;
      default:
    }
  }

  #take(taken: TakenRecord, entry: Told): void {
    const { boot, monotonicMs, atMs } = entry;
    const record: StandingRecord = { ...taken, state: 'PENDING', boot, monotonicMs, atMs };
    this.#records.set(record.hash, record);
    this.#line.set(record.hash, record);
    if (record.schedule === 'II') this.#byNumber.set(record.sequence, record);
    for (const listener of this.#listeners) listener.taken?.(record, entry);
  }

  #move(hash: string, to: State, isUnproved: boolean, entry: Told): void {
    const record = this.#records.get(hash);
    if (record === undefined) {
      this.unknownSteps += 1;
      return;
    }
    for (const listener of this.#listeners) listener.moves?.(record, to, { isUnproved }, entry);
    if (record.state === 'PENDING') {
      this.#line.delete(hash);
      this.#late.delete(hash);
    }
    record.state = to;
    if (to === 'PENDING') this.#late.set(hash, record);
    if (!SETTLED.has(to)) return;
    this.#records.delete(hash);
    this.#byNumber.delete(record.sequence);
  }

  /** Reception of the record that has been PENDING longest, UTC ms; null when none is. */
  oldestPendingMs(): number | null {
    let oldest: number | null = null;
    for (const first of [this.#line.values(), this.#late.values()]) {
      const next = first.next();
      if (next.done !== true && (oldest === null || next.value.receivedMs < oldest)) oldest = next.value.receivedMs;
    }
    return oldest;
  }

  /** All that are not settled, in the order in which they were taken. */
  all(): Iterable<StandingRecord> {
    return this.#records.values();
  }

  /** How many are not settled, by schedule and state. */
  counts(): Map<Schedule, Map<State, number>> {
    const counts = new Map<Schedule, Map<State, number>>();
    for (const { schedule, state } of this.#records.values()) {
      const states = counts.get(schedule) ?? new Map<State, number>();
      counts.set(schedule, states.set(state, (states.get(state) ?? 0) + 1));
    }
    return counts;
  }
}
