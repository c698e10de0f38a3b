/**
 * What the buffer offers for its archive: rows read out and sealed as frames, frames noted, rows taken out, files
 * forgotten. Who writes the files is the archive stage; what is in them is in docs/FORMATS.md.
 */
import type { LookupValue } from '../record/lookup.ts';
import type { Stream } from '../record/types.ts';
import type { TrailPlace } from './trail-api.ts';

/**
 * A record with everything its rows say, in the form it has in an archive file; members are named as there. Hashes are in
 * base64, times in ms since 1970.
 */
export interface KeptRecord {
  readonly record_id: number;
  readonly epoch: string;
  readonly sequence: number;
  /** The row's number in its stream, and the same as it is on the wire; null where it never had one. */
  readonly stream_number: number | null;
  readonly stream_sequence: number | null;
  readonly state: string;
  readonly schedule: string;
  readonly lane: string;
  readonly lane_instance: string | null;
  readonly lane_sequence: number | null;
  readonly received_ms: number;
  readonly clock: string;
  readonly flags: readonly string[];
  readonly key: string;
  readonly fill: string | null;
  readonly undoes: number | null;
  readonly prior: number | null;
  readonly lane_hash: string;
  readonly payload_hash: string;
  readonly pack: number;
  readonly slot: number;
  readonly trail: {
    readonly log: string;
    readonly index: number;
    readonly leaf: string;
    readonly boot: string;
    readonly monotonic_ms: number;
    readonly committed_ms: number;
  };
  readonly deliveries: readonly KeptDelivery[];
  readonly gap: { readonly state: string; readonly noted_ms: number | null } | null;
  /** The normalised record, RFC 8785 JSON as it was stored and sent. Null where its bytes could not be read any more. */
  readonly payload: string | null;
}

export interface KeptDelivery {
  readonly answered_ms: number;
  /** The state it led to, or `gap_noted`. */
  readonly outcome: string;
  readonly pms_id: string | null;
  readonly reason: string | null;
  /** Whether the PMS named key and hash. */
  readonly proof: boolean;
}

/** A part of a month's archive as the buffer knows it: bytes beyond `bytes` in its file do not count. */
export interface ArchivePart {
  readonly part: number;
  readonly fileId: string;
  readonly keyId: number;
  readonly bytes: number;
  readonly frames: number;
  /** Hash of its newest frame, 32 bytes. */
  readonly hash: Buffer;
  readonly isSealed: boolean;
}

/** A new part, before its first frame. */
export interface ArchiveHeader {
  readonly fileId: string;
  readonly keyId: number;
  readonly bytes: Buffer;
  /** SHA-256 of `bytes`: the first frame's link. */
  readonly hash: Buffer;
}

/** Where a frame is to stand. */
export interface FramePlace {
  readonly fileId: string;
  readonly keyId: number;
  /** From 0 in each file. */
  readonly number: number;
  /** Hash of the frame before, or of the header. */
  readonly previous: Buffer;
  readonly archivedMs: number;
}

export interface SealedFrame {
  readonly bytes: Buffer;
  readonly hash: Buffer;
}

/** A frame that is synced in its file. */
export interface WrittenFrame extends FramePlace {
  readonly stream: Stream;
  readonly month: string;
  readonly part: number;
  /** Offset in the file. */
  readonly place: number;
  readonly bytes: number;
  readonly hash: Buffer;
  readonly records: readonly FrameRecord[];
}

/** What has to be known of a record once its frame is on disk. */
export type FrameRecord = Pick<KeptRecord, 'record_id' | 'stream_number' | 'received_ms' | 'pack' | 'slot'>;

export interface Gathered {
  /** Whole packs of settled records, of one month of reception, in order. */
  readonly records: readonly KeptRecord[];
  readonly month: string | null;
  /** Where to go on. */
  readonly scannedTo: number;
  /** Nothing more beyond. */
  readonly isEnd: boolean;
  /** Packs that cannot be opened any more: they stay. */
  readonly damagedPacks: number;
}

export interface GatherQuery {
  readonly stream: Stream;
  /** Only what was received before then, UTC ms. */
  readonly beforeMs: number;
  /** Only rows above this one. */
  readonly after: number;
  /** Stops after the pack that reaches so many records. */
  readonly limit: number;
  /** Only packs of this month; null: the month of the first found. */
  readonly month: string | null;
}

export interface ArchiveTotals {
  readonly records: number;
  readonly bytes: number;
  readonly files: number;
  /** First and last reception in the archive, UTC ms; null for an empty one. */
  readonly fromMs: number | null;
  readonly toMs: number | null;
  /** Reception of the first settled record in the buffer, UTC ms; null also when none is at its head. */
  readonly oldestSettledMs: number | null;
}

/** A month of one stream, as an act of expiry names it. */
export interface ArchiveMonth {
  readonly stream: Stream;
  readonly month: string;
  readonly files: number;
  readonly records: number;
  readonly bytes: number;
  readonly toMs: number;
  readonly archivedMs: number;
  /** SHA-256 over the hashes of its files' newest frames, in order of parts: what is there and nothing else. */
  readonly hash: Buffer;
}

export interface ArchiveFileName {
  readonly stream: Stream;
  readonly month: string;
  readonly part: number;
}

/** Path of a part's file below the archive's directory. */
export function archivePath({ stream, month, part }: ArchiveFileName): string {
  return `${stream}/${month}.${String(part).padStart(4, '0')}.cfa`;
}

/** One person's part in an act of expiry; its signature has been checked. */
export interface ExpirySigner {
  readonly statement: string;
  readonly signature: string;
  readonly keyId: string;
  readonly printedName: string;
  readonly meaning: string;
  readonly signedAtMs: number;
}

export interface ExpiryAct {
  readonly actId: string;
  readonly months: readonly Pick<ArchiveMonth, 'stream' | 'month' | 'hash'>[];
  readonly signers: readonly [ExpirySigner, ExpirySigner];
}

/** What `removeRows` and `forget` did. */
export interface Removed {
  readonly rows: number;
  /** There is more to do. */
  readonly more: boolean;
}

export interface BufferArchive {
  /** Before a run: writes down how far the trail's segments are, which decides what may leave. */
  begin(): Promise<void>;
  totals(): ArchiveTotals;
  /** Newest part of a month; null when it has none. */
  newestPart(stream: Stream, month: string): ArchivePart | null;
  /** Parts that are not sealed and not to go. */
  openParts(): readonly ArchiveFileName[];
  /** Parts that are sealed and not to go, oldest first. */
  sealedParts(): readonly ArchiveFileName[];
  /**
   * Settled records to archive next: bounded work, for a loop that pauses between. Not among them: the newest SYNCED record
   * of the stream, packs in which something is not settled, packs whose `intake` entry is not in the trail's segments yet,
   * and Schedule II while a reconciliation run is under way (its manifest reads them).
   */
  gather(query: GatherQuery): Gathered;
  header(name: ArchiveFileName, previous: ArchivePart | null, createdMs: number): ArchiveHeader;
  seal(place: FramePlace, records: readonly KeptRecord[]): SealedFrame;
  /** The frame is on disk: its trail entry and its rows in one commit. From here on the archive holds its records. */
  noteFrame(frame: WrittenFrame): Promise<TrailPlace>;
  /**
   * Takes rows of archived records out of the buffer, at most `limit` in one commit; `more` also when they wait for the key
   * index. A record's key stays.
   */
  removeRows(limit: number): Promise<Removed>;
  noteSealed(name: ArchiveFileName): Promise<void>;
  /** Months in the archive, oldest first. */
  months(): readonly ArchiveMonth[];
  /** Writes the act down, in both trails; its files are to go. Throws `review_stale` when a month is not as it says. */
  expire(act: ExpiryAct): Promise<TrailPlace>;
  /** Files of an act of expiry that are still there. */
  expiredFiles(): readonly ArchiveFileName[];
  /** Forgets the keys of an expired file's records, a frame at a time. */
  forget(name: ArchiveFileName): Promise<Removed>;
  /** The file is gone. */
  noteGone(name: ArchiveFileName): Promise<void>;
  /** Keyed hash of a search's filter: who has the box's key and a guess can check it, nobody else. Hex. */
  filterHash(filter: string): string;
}

/** What a search reads: the buffer, then the archive. Each may be read beside a running gateway. */
export interface RecordSource {
  readonly gatewayId: string;
  /** Records of the buffer in order, whatever their state; `keep` is asked first, with what the row alone says. */
  fromBuffer(keep: (row: RowGlance) => boolean): Iterable<KeptRecord>;
  /** Frames of the archive in the order they were written, asked for only after the buffer has been read. */
  fromArchive(): Iterable<ArchivedFrame>;
  close(): void;
}

/** What can be said of a record without opening its bytes. */
export interface RowGlance {
  readonly schedule: string;
  readonly state: string;
  readonly lane: string;
  readonly receivedMs: number;
}

export interface ArchivedFrame {
  /** First and last reception of the file's records, UTC ms. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly stream: Stream;
  readonly file: string;
  readonly count: number;
  /** Whether one of these values may be in it; true too when that cannot be told. */
  mayHold(values: readonly LookupValue[]): boolean;
  /** Null when the file is missing or altered. */
  records(): readonly KeptRecord[] | null;
}
