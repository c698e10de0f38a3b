/** What the soak finds. */

/** Bytes on disk by what they are for. */
export interface Sizes {
  readonly buffer: number;
  readonly wal: number;
  /** Segments of both trails, closed and open, without room that is only reserved. */
  readonly trail: number;
  readonly archive: number;
  readonly reports: number;
  /** Zeros, laid in once. */
  readonly ballast: number;
  readonly rest: number;
}

/** How things stood at the end of a simulated day. */
export interface DayEnd {
  readonly day: number;
  readonly records: number;
  /** Real time the day took. */
  readonly seconds: number;
  readonly sizes: Sizes;
  /** Rows of records in the buffer, settled ones included. */
  readonly bufferRows: number;
  readonly archived: number;
  readonly rssBytes: number;
  /** Bytes the gateway's process caused to be written that day (`write_bytes` of proc_pid_io(5)). */
  readonly writtenBytes: number;
}

export interface SoakResult {
  readonly startedAtUtcMs: number;
  readonly endedAtUtcMs: number;
  readonly version: string;
  readonly machine: readonly string[];
  readonly days: number;
  readonly recordsPerDay: number;
  readonly bufferDays: number;
  readonly ends: readonly DayEnd[];
  /** Part of one more day, sold one record at a time with the shop's pauses: what a real record writes. Null: left out. */
  readonly oneByOne: DayEnd | null;
  readonly acknowledged: number;
  readonly atPms: number;
  readonly otherReceipts: Readonly<Record<string, number>>;
  /** `trail verify` over the whole trail and archive at the end. */
  readonly trailVerified: boolean;
}
