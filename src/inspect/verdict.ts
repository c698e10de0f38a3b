/** What a verification says: the JSON of `trail verify --json`, described in docs/OPERATIONS.md. Names stay; new ones may come. */

/** Everything that can be wrong with a trail. The words for people are in the fault's message. */
export type FaultCode =
  | 'framing_damaged'
  | 'framing_changed'
  | 'framing_misplaced'
  | 'segment_missing'
  | 'segment_cut'
  | 'tail_changed'
  | 'tail_rewritten'
  | 'line_damaged'
  | 'hash_mismatch'
  | 'entry_malformed'
  | 'entries_missing'
  | 'entry_out_of_order'
  | 'chain_broken'
  | 'wrong_trail'
  | 'key_unusable'
  | 'key_foreign'
  | 'checkpoint_unreadable'
  | 'checkpoint_signature'
  | 'checkpoint_ahead'
  | 'checkpoint_smaller'
  | 'checkpoint_root'
  | 'cosignature_invalid'
  | 'nothing_signed'
  | 'tail_lost'
  | 'fork'
  | 'window_unusable';

export interface Fault {
  readonly code: FaultCode;
  /** Number of the segment, null when it is about the trail as a whole. */
  readonly segment: number | null;
  /** Byte in that segment's file, from 0. */
  readonly offset: number | null;
  /** Index of the entry, as far as it can be told. */
  readonly index: number | null;
  readonly message: string;
}

export type RemarkCode =
  | 'torn_tail'
  | 'tail_not_repeated'
  | 'tail_in_doubt'
  | 'framing_unlogged'
  | 'files_unknown'
  | 'files_ready'
  | 'nothing_signed'
  | 'no_segments'
  | 'records_missing'
  | 'unsigned_end'
  | 'key_changed'
  | 'witness_key_missing'
  | 'time_back'
  | 'time_jump'
  | 'time_before_2020'
  | 'new_epoch'
  | 'disk_failed'
  | 'window';

/** Nothing wrong, but an inspector wants to know. */
export interface Remark {
  readonly code: RemarkCode;
  readonly segment: number | null;
  readonly index: number | null;
  readonly message: string;
}

export interface SegmentVerdict {
  readonly n: number;
  readonly bytes: number;
  /** Bytes that count, with the framing line; what follows up to `bytes` is a torn tail. */
  readonly valid_bytes: number;
  readonly torn_bytes: number;
  readonly framing: 'ok' | 'torn' | 'damaged' | 'missing';
  /** Whether an entry of the trail vouches for the framing line. */
  readonly framing_logged: boolean;
  readonly entries: number;
  readonly first_index: number | null;
  readonly first_time: string | null;
  readonly last_time: string | null;
  readonly faults: number;
}

export interface EpochVerdict {
  readonly origin: string;
  /** C2SP verifier key. */
  readonly key: string;
  /** Index of the entry that tells of the key. */
  readonly index: number;
}

export interface LogVerdict {
  /** Number of the next entry: entries in the trail, when none are left out at its beginning. */
  readonly entries: number;
  /** Index of the first entry that is here; above 0 only in a window. */
  readonly first_index: number;
  /** RFC 6962 root of all entries, base64; null when it cannot be told. */
  readonly root: string | null;
  readonly records: number;
  readonly first_time: string | null;
  readonly last_time: string | null;
  readonly segments: readonly SegmentVerdict[];
  readonly epochs: readonly EpochVerdict[];
  readonly checkpoints: {
    readonly seen: number;
    /** Signature holds and root is that of the entries. */
    readonly proven: number;
    readonly newest: {
      readonly origin: string;
      readonly size: number;
      readonly root: string;
      readonly note: string;
    } | null;
  };
  readonly cosignatures: { readonly seen: number; readonly proven: number };
  /** The first hundred; `faults_total` counts all. */
  readonly faults: readonly Fault[];
  readonly faults_total: number;
  readonly remarks: readonly Remark[];
  /** How many remarks there would be with all of a kind. */
  readonly remarks_total: number;
}

export type WitnessWord = 'proven' | 'contradicted' | 'ahead' | 'unusable';

/** One thing that a witness holds. */
export interface WitnessFinding {
  readonly kind: 'receipt' | 'checkpoint' | 'cosignature' | 'file';
  readonly verdict: WitnessWord;
  readonly log: string | null;
  /** Size of a checkpoint, index of a receipt's entry. */
  readonly at: number | null;
  readonly message: string;
}

export interface WitnessVerdict {
  readonly file: string;
  /** The worst of its findings. */
  readonly verdict: WitnessWord;
  readonly counts: Readonly<Record<WitnessWord, number>>;
  /** The first fifty that are not proven; when all are, the newest. */
  readonly findings: readonly WitnessFinding[];
}

export type ArchiveFaultCode = 'archive_missing' | 'archive_cut' | 'archive_header' | 'archive_frame' | 'archive_chain';

export interface ArchiveFault {
  readonly code: ArchiveFaultCode;
  /** Below the archive's folder; null when it is about all of it. */
  readonly file: string | null;
  /** Byte in that file, from 0, where the frame begins. */
  readonly offset: number | null;
  readonly frame: number | null;
  readonly message: string;
}

export interface ArchiveRemark {
  readonly code: 'archive_untold' | 'archive_ended';
  readonly file: string;
  readonly message: string;
}

export interface ArchiveVerdict {
  /** False: left out, because the reader said so or because an export has none. */
  readonly checked: boolean;
  /** Files that the trails tell of and that are here, and their bytes. */
  readonly files: number;
  readonly bytes: number;
  /** Frames that are as they were written, and the records in them. */
  readonly frames: number;
  readonly records: number;
  /** Frames the trails tell of, without those of ended months. */
  readonly frames_told: number;
  /** Months, of each stream, that acts of expiry have ended. */
  readonly months_ended: number;
  /** The first hundred; `faults_total` counts all. */
  readonly faults: readonly ArchiveFault[];
  readonly faults_total: number;
  /** The first twenty. */
  readonly remarks: readonly ArchiveRemark[];
  readonly remarks_total: number;
}

export interface TrailVerdict {
  /** True when every log, every witness and the archive hold: exit code 0. */
  readonly ok: boolean;
  readonly logs: Readonly<Record<string, LogVerdict>>;
  readonly witnesses: readonly WitnessVerdict[];
  /** Null when there is none and the trails tell of none. */
  readonly archive: ArchiveVerdict | null;
  /** Whether a key was given from outside, so that no key in the trail had to be believed. */
  readonly key_given: boolean;
}
