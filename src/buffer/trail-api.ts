/** The trail as the buffer offers it: where an event stands, and the outbox for the one who writes the segments. */

export type TrailLog = 'audit' | 'schedule_two';

/** Where an event stands in the trail. `leaf` is the RFC 6962 leaf hash, 32 bytes. */
export interface TrailPlace {
  readonly log: TrailLog;
  readonly index: number;
  readonly leaf: Buffer;
}

export type TrailBody = Readonly<Record<string, unknown>>;

/** A trail entry as the transaction of its change fixed it: final bytes, place and link. */
export interface FixedEntry {
  readonly index: number;
  readonly text: string;
  /** RFC 6962 leaf hash, base64. */
  readonly leaf: string;
}

/** What the trail's writer needs of the buffer: the outbox. */
export interface TrailOutbox {
  /** Entries of a trail that are known to be synced in its segments; rows below this number may be gone. */
  storedSize(log: TrailLog): number;
  /**
   * Entries from an index on, from the rows, in order without gaps; at least one unless `from` is the head. `from` is not
   * below `storedSize`. Throws `buffer_damaged` where an entry is missing or does not hash to its leaf.
   */
  read(log: TrailLog, from: number, limit: number, maxBytes: number): readonly FixedEntry[];
  /** Told after every commit that fixed entries, in order. One listener; null stops it. What it misses, `read` has. */
  onFixed(listener: ((log: TrailLog, entries: readonly FixedEntry[]) => void) | null): void;
  /**
   * Entries below `size` are synced in the segments, and their rows may go. It is written down with a later transaction
   * (every few hundred entries: a commit should not be larger for it), at the latest on close.
   */
  markStored(log: TrailLog, size: number): void;
  /** Newest checkpoint (signed note) of a trail that the buffer knows, and the newest size a witness has cosigned. */
  checkpoint(log: TrailLog): { readonly note: string | null; readonly cosignedSize: number };
  /** Writes the entry `cp` and remembers the note, in one commit. */
  noteCheckpoint(log: TrailLog, note: string): Promise<TrailPlace>;
  /** Writes the entry `cosigned` and remembers the size, in one commit. */
  noteCosignature(log: TrailLog, size: number, cosignature: string): Promise<TrailPlace>;
}
