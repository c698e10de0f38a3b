/**
 * What has been fixed and not yet appended, as one group of lines. The rows have all of it: what does not fit here (a slow
 * or a full disk, a start) is read back from them, a group at a time, by the same code.
 */
import type { FixedEntry, TrailLog, TrailOutbox } from '../buffer/api.ts';
import { LineGroup } from './line-group.ts';

const ROWS_AT_ONCE = 4096;
const ROW_BYTES_AT_ONCE = 1024 * 1024;

/** Entries the rows hold, from a number on that is not above it. */
export function countRows(outbox: TrailOutbox, log: TrailLog, least: number): number {
  for (let size = least; ; ) {
    const rows = outbox.read(log, size, ROWS_AT_ONCE, ROW_BYTES_AT_ONCE);
    if (rows.length === 0) return size;
    size += rows.length;
  }
}

export class EntryQueue {
  readonly #outbox: TrailOutbox;
  readonly #log: TrailLog;
  #gathering: LineGroup | null = null;
  /** Something did not fit: what follows is in the rows. */
  #isFull = false;
  #room: Buffer | null = null;

  constructor(outbox: TrailOutbox, log: TrailLog) {
    this.#outbox = outbox;
    this.#log = log;
  }

  /** Just fixed, in order. */
  push(entries: readonly FixedEntry[]): void {
    for (const entry of entries) {
      if (this.#isFull) return;
      this.#gathering ??= this.#newGroup(entry);
      if (!this.#gathering.add(entry)) this.#isFull = true;
    }
  }

  /**
   * The next group, from entry `from` on; `lastLeaf` (base64) is that of the entry before. Null when what comes next does
   * not continue it. Throws what the rows throw.
   */
  next(from: number, lastLeaf: string): LineGroup | null {
    const gathered = this.#gathering;
    if (gathered !== null && gathered.first <= from) {
      this.#gathering = null;
      this.#isFull = false;
      if (gathered.first === from && gathered.link === lastLeaf && gathered.end > from) return gathered;
    }
    const limit = Math.min(ROWS_AT_ONCE, (this.#gathering?.first ?? Number.POSITIVE_INFINITY) - from);
    const rows = this.#outbox.read(this.#log, from, limit, ROW_BYTES_AT_ONCE);
    const [first] = rows;
    if (first === undefined || first.index !== from) return null;
    const group = this.#newGroup(first);
    rows.every((row) => group.add(row));
    return group.end > from && group.link === lastLeaf ? group : null;
  }

  /** This group is on disk; its room can be used again. */
  done(group: LineGroup): void {
    this.#room = group.room;
  }

  #newGroup(first: FixedEntry): LineGroup {
    const room = this.#room;
    this.#room = null;
    return new LineGroup(first, room);
  }
}
