/** How the buffer's row numbers become the numbers people see. */
import type Database from 'better-sqlite3';

/** Codes of column `schedule`. */
export const SCHEDULES: Readonly<Record<number, string>> = { 0: 'NONE', 2: 'II', 3: 'III', 4: 'IV', 5: 'V' };

interface EpochRow {
  readonly epoch: string;
  readonly base: number;
  readonly baseStandard: number;
  readonly baseTwo: number;
  /** Rows above this one were taken in this epoch. */
  readonly openedAfter: number;
}

export class Epochs {
  readonly #newestFirst: readonly EpochRow[];

  constructor(db: Database.Database) {
    this.#newestFirst = db
      .prepare<[], EpochRow>(
        `SELECT epoch, base_record_id AS base, base_standard AS baseStandard, base_schedule_two AS baseTwo,
         opened_after AS openedAfter FROM epoch ORDER BY ordinal DESC`,
      )
      .all();
    if (this.#newestFirst.length === 0) throw new Error('the buffer has no epoch');
  }

  /** Epoch and sequence of the row with that `record_id`: those of the newest epoch whose base is below it. */
  placeOf(recordId: number): { readonly epoch: string; readonly sequence: number } {
    const found = this.#newestFirst.find(({ base }) => base < recordId);
    if (found === undefined) throw new Error(`row ${recordId} is older than every epoch`);
    return { epoch: found.epoch, sequence: recordId - found.base };
  }

  /** The sequence this row had when it was taken, as its trail entry states it. */
  sequenceWhenTaken(recordId: number): number {
    return recordId - (this.#newestFirst.find(({ openedAfter }) => openedAfter < recordId)?.base ?? 0);
  }

  /** A row's number on the wire, from the one in the row. */
  wireNumber(recordId: number, isTwo: boolean, number: number | null): number | null {
    const found = this.#newestFirst.find(({ base }) => base < recordId);
    return number === null ? null : number - ((isTwo ? found?.baseTwo : found?.baseStandard) ?? 0);
  }
}
