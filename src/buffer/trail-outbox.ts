/** The outbox on the main thread: what the writing thread has just fixed, and what has to be read back from the file. */
import type { Database } from 'better-sqlite3';
import type { FixedEntry, TrailLog, TrailOutbox, TrailPlace } from './api.ts';
import { logCode, logName } from './codes.ts';
import { TrailReader } from './trail-reader.ts';
import type { WriterClient } from './writer-client.ts';
import type { ThreadReply } from './writer-thread.ts';

const codeOf = (log: TrailLog): 0 | 1 => (logCode(log) === 1 ? 1 : 0);

export class Outbox implements TrailOutbox {
  readonly #writer: WriterClient;
  readonly #reader: TrailReader;
  readonly #stored: [number, number];
  #listener: ((log: TrailLog, entries: readonly FixedEntry[]) => void) | null = null;

  /** `db` is a reading connection. */
  constructor(writer: WriterClient, db: Database) {
    this.#writer = writer;
    this.#reader = new TrailReader(db);
    this.#stored = [this.#reader.store(0).stored, this.#reader.store(1).stored];
    writer.onFixed((fixed) => {
      for (const log of [0, 1] as const) if (fixed[log].length > 0) this.#listener?.(logName(log), fixed[log]);
    });
  }

  storedSize(log: TrailLog): number {
    return this.#stored[codeOf(log)];
  }

  read(log: TrailLog, from: number, limit: number, maxBytes: number): readonly FixedEntry[] {
    return this.#reader.read(codeOf(log), from, limit, maxBytes);
  }

  onFixed(listener: ((log: TrailLog, entries: readonly FixedEntry[]) => void) | null): void {
    this.#listener = listener;
  }

  markStored(log: TrailLog, size: number): void {
    const code = codeOf(log);
    if (size <= this.#stored[code]) return;
    this.#stored[code] = size;
    this.#writer.tell({ op: 'markStored', log, size });
  }

  checkpoint(log: TrailLog): { readonly note: string | null; readonly cosignedSize: number } {
    const { note, cosigned } = this.#reader.store(codeOf(log));
    return { note, cosignedSize: cosigned };
  }

  async noteCheckpoint(log: TrailLog, note: string): Promise<TrailPlace> {
    return answeredPlace(await this.#writer.ask({ op: 'noteCheckpoint', log, note }));
  }

  async noteCosignature(log: TrailLog, size: number, cosignature: string): Promise<TrailPlace> {
    return answeredPlace(await this.#writer.ask({ op: 'noteCosignature', log, size, cosignature }));
  }
}

/** The place in the writer's answer to a note. */
export function answeredPlace(reply: ThreadReply): TrailPlace {
  if (!('place' in reply)) throw new Error('the writer answered a note with something else');
  return placeOf(reply.place);
}

/** A place as it crossed the threads, where a Buffer becomes a Uint8Array. */
export const placeOf = (place: TrailPlace): TrailPlace => ({ ...place, leaf: Buffer.from(place.leaf) });
