/**
 * What has been fixed and not yet appended, as far as memory allows. The rows have all of it: when too much waits (a slow
 * or a full disk), what is here is dropped and read back from the rows, as at the start.
 */
import type { FixedEntry, TrailLog, TrailOutbox } from '../buffer/api.ts';

/** Entries of one group: bounds what one append holds in memory and what a torn one has to repeat. */
const GROUP_ENTRIES = 4096;
const GROUP_BYTES = 1024 * 1024;

/** Entries the rows hold, from a number on that is not above it. */
export function countRows(outbox: TrailOutbox, log: TrailLog, least: number): number {
  for (let size = least; ; ) {
    const rows = outbox.read(log, size, GROUP_ENTRIES, GROUP_BYTES);
    if (rows.length === 0) return size;
    size += rows.length;
  }
}

export class EntryQueue {
  readonly #outbox: TrailOutbox;
  readonly #log: TrailLog;
  readonly #limitBytes: number;
  #entries: FixedEntry[] = [];
  #bytes = 0;

  constructor(outbox: TrailOutbox, log: TrailLog, limitBytes: number) {
    this.#outbox = outbox;
    this.#log = log;
    this.#limitBytes = limitBytes;
  }

  /** Just fixed, in order. */
  push(entries: readonly FixedEntry[]): void {
    const last = this.#entries.at(-1);
    if (last !== undefined && entries[0]?.index !== last.index + 1) this.#drop();
    for (const entry of entries) {
      this.#entries.push(entry);
      this.#bytes += entry.text.length;
    }
    if (this.#bytes > this.#limitBytes) this.#drop();
  }

  /** The next group, from entry `from` on; empty when nothing has been fixed there. They stay here until `forget`. */
  next(from: number): readonly FixedEntry[] {
    this.forget(from);
    if (this.#entries[0]?.index !== from) return this.#outbox.read(this.#log, from, GROUP_ENTRIES, GROUP_BYTES);
    let bytes = 0;
    const end = this.#entries.findIndex((entry, at) => {
      bytes += entry.text.length;
      return at >= GROUP_ENTRIES || (at > 0 && bytes > GROUP_BYTES);
    });
    return end < 0 ? [...this.#entries] : this.#entries.slice(0, end);
  }

  /** Entries below `size` are not needed any more. */
  forget(size: number): void {
    let count = 0;
    for (const { index, text } of this.#entries) {
      if (index >= size) break;
      this.#bytes -= text.length;
      count += 1;
    }
    if (count > 0) this.#entries.splice(0, count);
  }

  #drop(): void {
    this.#entries = [];
    this.#bytes = 0;
  }
}
