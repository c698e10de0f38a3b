/** The trail's outbox over a `Writer` in the same thread: for recovering crash states without a thread for each. */
import type { Database } from 'better-sqlite3';
import type { FixedEntry, TrailLog, TrailOutbox, TrailPlace } from '../../../src/buffer/api.ts';
import { TrailReader } from '../../../src/buffer/trail-reader.ts';
import type { Writer } from '../../../src/buffer/writer.ts';

const LOGS: readonly TrailLog[] = ['audit', 'schedule_two'];
const codeOf = (log: TrailLog): 0 | 1 => (log === 'audit' ? 0 : 1);

export class DirectOutbox implements TrailOutbox {
  readonly #reader: TrailReader;
  readonly #writer: Writer;
  readonly #stored: [number, number];
  #listener: Parameters<TrailOutbox['onFixed']>[0] = null;

  /** `db` is the writer's connection, or one that reads beside it. */
  constructor(writer: Writer, db: Database) {
    this.#writer = writer;
    this.#reader = new TrailReader(db);
    this.#stored = [this.#reader.store(0).stored, this.#reader.store(1).stored];
  }

  /** The writer's `onFixed`. */
  tell(fixed: readonly [readonly FixedEntry[], readonly FixedEntry[]]): void {
    for (const log of LOGS) {
      const entries = fixed[codeOf(log)];
      if (entries.length > 0) this.#listener?.(log, entries);
    }
  }

  storedSize(log: TrailLog): number {
    return this.#stored[codeOf(log)];
  }

  read(log: TrailLog, from: number, limit: number, maxBytes: number): readonly FixedEntry[] {
    return this.#reader.read(codeOf(log), from, limit, maxBytes);
  }

  onFixed(listener: Parameters<TrailOutbox['onFixed']>[0]): void {
    this.#listener = listener;
  }

  markStored(log: TrailLog, size: number): void {
    this.#stored[codeOf(log)] = Math.max(this.#stored[codeOf(log)], size);
    this.#writer.markStored(log, size);
  }

  checkpoint(log: TrailLog) {
    const { note, cosigned } = this.#reader.store(codeOf(log));
    return { note, cosignedSize: cosigned };
  }

  async noteCheckpoint(log: TrailLog, note: string): Promise<TrailPlace> {
    return this.#writer.noteCheckpoint(log, note);
  }

  async noteCosignature(log: TrailLog, size: number, cosignature: string): Promise<TrailPlace> {
    return this.#writer.noteCosignature(log, size, cosignature);
  }

  note = async (...what: Parameters<Writer['note']>): Promise<TrailPlace> => this.#writer.note(...what);
}
