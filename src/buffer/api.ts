/**
 * What the buffer offers to the stages. The buffer is one SQLite file with one writing thread; everything that changes
 * it is a promise that resolves when the change is on disk (committed with synchronous=FULL) and rejects with a
 * `CounterfoilError` when nothing of it was kept. Reads use a connection of their own and never wait for the writer.
 */
import type { ManifestPart, ManifestStatement } from '../record/manifest.ts';
import type { TrailBodyOf, TrailKind } from '../record/trail-kinds.ts';
import type { CheckedRecord, Flag, Reason, Schedule, State, Stream } from '../record/types.ts';
import type { BufferArchive } from './archive-api.ts';
import type { TrailBody, TrailLog, TrailOutbox, TrailPlace } from './trail-api.ts';
import type { DoubleSale, WaitingDetail, WaitingItem, WaitingQuery, WaitingState } from './waiting-api.ts';

export * from './archive-api.ts';
export type { FixedEntry, TrailBody, TrailLog, TrailOutbox, TrailPlace } from './trail-api.ts';
export * from './waiting-api.ts';

/** How far the gateway's wall clock could be trusted when something was recorded. */
export type ClockQuality = 'unknown' | 'synchronised' | 'unsynchronised';

export type IntakeItem =
  | {
      readonly type: 'record';
      readonly lane: string;
      readonly receivedAtMs: number;
      readonly clock: ClockQuality;
      readonly record: CheckedRecord;
      /** The record may not be sent before a person has looked: it starts HELD. Its flags say why. Absent: PENDING. */
      readonly hold?: boolean;
    }
  | {
      readonly type: 'refused';
      readonly lane: string;
      readonly receivedAtMs: number;
      readonly idempotencyKey: string | null;
      /** lane_hash; SHA-256 of the bytes where they are no JSON. */
      readonly hash: Buffer;
      readonly reasons: readonly Reason[];
      /** What was published, at most 256 KiB of it. */
      readonly bytes: Buffer;
    };

export type IntakeResult =
  | {
      readonly status: 'accepted' | 'duplicate';
      readonly state: State;
      readonly sequence: number;
      readonly receivedAtMs: number;
      readonly flags: readonly Flag[];
      readonly laneHash: Buffer;
      readonly payloadHash: Buffer;
      readonly trail: TrailPlace;
    }
  /** Not kept and not to be acknowledged: the lane's evidence budget is used up, or this one item could not be written. */
  | { readonly status: 'evidence_full' }
  | { readonly status: 'failed' }
  | {
      readonly status: 'conflict' | 'refused';
      readonly state: 'CONFLICT' | 'REFUSED';
      readonly receivedAtMs: number;
      readonly trail: TrailPlace;
    };

/** A record as the sync stage sends it. `payload` has been checked against `payloadHash` when it is handed out. */
export interface StoredRecord {
  readonly sequence: number;
  readonly idempotencyKey: string;
  readonly streamSequence: number;
  readonly state: State;
  readonly lane: string;
  readonly laneHash: Buffer;
  readonly payloadHash: Buffer;
  readonly schedule: Schedule;
  readonly receivedAtMs: number;
  readonly flags: readonly Flag[];
  readonly payload: Buffer;
}

/** Stands in the line for a record that cannot be sent, so that its number is used up at the PMS. */
export interface GapMarker {
  readonly gap: 'quarantined' | 'set_aside';
  readonly sequence: number;
  readonly streamSequence: number;
  /** The hash fixed at intake, not that of the damaged bytes. */
  readonly payloadHash: Buffer;
}

/** Told apart by `'gap' in entry`. */
export type StreamEntry = StoredRecord | GapMarker;

export interface PendingPage {
  /** In `streamSequence` order. Ends before the first damaged record. */
  readonly entries: readonly StreamEntry[];
  /** Sequences at the head of the line whose stored bytes no longer match their hash; to be quarantined. */
  readonly damaged: readonly number[];
}

/** A record as a look-up names it. */
export interface AwaitingRecord {
  readonly sequence: number;
  readonly streamSequence: number;
  readonly idempotencyKey: string;
  readonly payloadHash: Buffer;
}

/** One record's next state by a checked PMS answer. */
export interface Settlement {
  readonly sequence: number;
  readonly to: 'SYNCED' | 'REJECTED' | 'AWAITING_VERIFICATION' | 'SET_ASIDE';
  /** The PMS's own identifier for the record, where it gave one. */
  readonly pmsId: string | null;
  /** Short reason code or text of the PMS for a refusal; no record data. */
  readonly reason: string | null;
  /** The PMS's own verification of a Schedule II record, where it gave one. */
  readonly verification: { readonly verifierId: string; readonly verifiedAt: string } | null;
  /** The PMS named neither key nor hash; settled because the configuration says so (`sync.accept_unproved`). */
  readonly unproved?: true;
}

/** Who to tell about a record's new state, for receipts. */
export interface SettledRecord {
  readonly sequence: number;
  readonly lane: string;
  readonly idempotencyKey: string;
  readonly state: State;
  readonly laneHash: Buffer;
  readonly payloadHash: Buffer;
  readonly receivedAtMs: number;
  readonly flags: readonly Flag[];
  readonly trail: TrailPlace;
}

/** Oldest waiting record of one schedule. */
export interface OldestPending {
  readonly sequence: number;
  readonly receivedAtMs: number;
  /** Age in ms on the monotonic clock when `sameBoot`; otherwise a lower bound (time since this boot). */
  readonly ageMs: number;
  readonly sameBoot: boolean;
}

/** The buffer's own facts, kept in memory; told by the writer at most 100 ms after a commit. For people and slow loops. */
export interface BufferFacts {
  readonly epoch: string;
  readonly lastSequence: number;
  /** Records by schedule and state; states without records are absent. */
  readonly counts: Readonly<Record<Schedule, Partial<Record<State, number>>>>;
  readonly oldestPending: Readonly<Partial<Record<Schedule, OldestPending>>>;
  /** Open publishes that became no record. */
  readonly refusedOpen: number;
  readonly conflictOpen: number;
  readonly duplicatesTotal: number;
  readonly acceptedTotal: number;
  /** Records settled by an answer that proved nothing, over the life of the file. */
  readonly unprovedTotal: number;
  readonly lastCommitAtMs: number | null;
  readonly commitsTotal: number;
  /** Duration of recent commits in ms (at most 512 of them): begin to durable. */
  readonly recentCommitMs: readonly number[];
  readonly auditSize: Readonly<Record<TrailLog, number>>;
}

/** One item a signed act is about, as the person saw it: an act on what has changed since is refused. */
export interface ReviewSubject {
  readonly of: WaitingItem['of'];
  readonly number: number;
  readonly state: WaitingState;
  readonly hash: Buffer;
}

/**
 * A person's signed act. `release`: HELD records go to the PMS. `dismiss`: the items end as RESOLVED. `resolve`: the same
 * with a corrected new record. The signature has been checked when this reaches the buffer.
 */
export interface SignedAct {
  /** Unique; the same act again changes nothing. */
  readonly actId: string;
  readonly step: 'release' | 'dismiss' | 'resolve';
  readonly subjects: readonly ReviewSubject[];
  /** The exact text that was signed (RFC 8785 JSON) and its detached JWS. */
  readonly statement: string;
  readonly signature: string;
  readonly keyId: string;
  readonly printedName: string;
  readonly meaning: string;
  /** The signer's word. */
  readonly signedAtMs: number;
}

export interface ActOutcome {
  /** The act had been done before; nothing was changed now. */
  readonly repeated: boolean;
  /** Records in their new state, for the lanes' receipts. */
  readonly moved: readonly SettledRecord[];
  /** The corrected record's own result; null without one, or for a repeated act. */
  readonly correction: IntakeResult | null;
  /** The act's entry in the audit trail; `schedule_two` records have one in their own trail beside it. */
  readonly trail: TrailPlace;
}

/** A lane in training: what it publishes on its training topic is kept apart from all records. */
export interface LaneTraining {
  readonly lane: string;
  /** UTC, when it ends by itself. */
  readonly untilMs: number;
}

/** A reconciliation run that has not ended: from the loss of the line until the queue is empty, or it is lost again. */
export interface OpenRun {
  readonly run: number;
  /** UTC. */
  readonly beganAtMs: number;
}

/** Where a Schedule II record has come to in a run, as the trail tells it. Hashes in base64. */
export interface RunOutcome {
  readonly sequence: number;
  /** Null for a record that was never free to go. */
  readonly streamSequence: number | null;
  readonly state: State;
  readonly payloadHash: string;
  readonly laneHash: string | null;
  readonly verifierId: string | null;
  readonly verifiedAt: string | null;
  /** UTC text of the entry that told it. */
  readonly settledAt: string;
}

/** A signed manifest as the trail holds it. */
export interface Manifest {
  readonly run: number;
  readonly beganAtMs: number;
  readonly endedAtMs: number;
  /** Index of the signed entry in trail `schedule_two`. */
  readonly index: number;
  /** Bodies of the part entries, in order; the statement names their hashes. */
  readonly parts: readonly TrailBody[];
  /** `{"signature","statement"}`. */
  readonly body: TrailBody;
}

/** What a start of the gateway is compared by with the one before. */
export interface GatewayStart {
  readonly version: string;
  /** SHA-256 of all settings, and of each by its name; base64. */
  readonly configuration: string;
  readonly settings: Readonly<Record<string, string>>;
}

export interface RecordBuffer {
  readonly trail: TrailOutbox;
  readonly archive: BufferArchive;
  readonly gatewayId: string;
  readonly epoch: string;
  /** Commits one group in the given order; result i belongs to item i. */
  intake(items: readonly IntakeItem[]): Promise<IntakeResult[]>;
  /** Next PENDING records and gap markers not noted yet, in order, limited by count and payload bytes (at least one). */
  readPending(stream: Stream, limit: number, maxBytes: number): PendingPage;
  /** Entries from a stream number on, whatever their state, for a PMS that asks to resume earlier. */
  readFrom(stream: Stream, streamSequence: number, limit: number, maxBytes: number): PendingPage;
  /** Records in AWAITING_VERIFICATION above a stream number, in order. */
  readAwaiting(stream: Stream, afterStreamSequence: number, limit: number): readonly AwaitingRecord[];
  /** The newest SYNCED record of a stream; null when there is none in this epoch. */
  newestSynced(stream: Stream): AwaitingRecord | null;
  /**
   * Settles checked answers in one transaction with its trail entry. A settlement whose record no longer stands where
   * the step is legal is skipped and missing from the answer.
   */
  settle(stream: Stream, settlements: readonly Settlement[]): Promise<SettledRecord[]>;
  /** The PMS has noted these gap markers; they leave the line. Idempotent. */
  noteGaps(stream: Stream, sequences: readonly number[]): Promise<void>;
  /** PENDING → QUARANTINED for records whose bytes are damaged. */
  quarantine(stream: Stream, sequences: readonly number[]): Promise<void>;
  /** What waits for a person, by number; at most `limit`. */
  readWaiting(query: WaitingQuery): readonly WaitingItem[];
  /** One item with its bytes; null when there is none of that number, or it waits no more. */
  readWaitingDetail(of: WaitingItem['of'], number: number): WaitingDetail | null;
  /** Sales of a fill that another sale already stood for, newest first, among the newest records of the buffer. */
  readDoubleSales(limit: number): readonly DoubleSale[];
  /**
   * Does a signed act, all of it or nothing, with its trail entries. `correction` is the corrected record of a `resolve`.
   * Throws `review_stale` when a subject is no longer what the act says, or the correction is no new record.
   */
  review(act: SignedAct, correction: IntakeItem | null): Promise<ActOutcome>;
  /** Practice records of lanes in training: numbered and answered like records, kept apart, never sent. */
  practise(items: readonly IntakeItem[]): Promise<IntakeResult[]>;
  /** Puts a lane in training until then; null ends it. */
  setTraining(lane: string, untilMs: number | null): Promise<void>;
  trainingLanes(): readonly LaneTraining[];
  /** The run under way, also one that a restart interrupted. */
  openRun(): OpenRun | null;
  /** Begins a run; the one under way when there is one. */
  beginRun(): Promise<OpenRun>;
  /** Where Schedule II records have come to since the run began. */
  readRun(run: number): readonly RunOutcome[];
  /** The stored bytes of a record; null when they can no longer be read or are not those that were hashed. */
  payloadOf(sequence: number): Buffer | null;
  /**
   * Ends a run in one commit: with its manifest, signed by the gateway, or without one (`statement` null). Gives the place
   * of the signed entry; null without one, or when the run had ended before.
   */
  closeRun(
    run: number,
    parts: readonly ManifestPart[],
    statement: ManifestStatement | null,
  ): Promise<TrailPlace | null>;
  /** Writes one trail entry of its own, for example a sync attempt before its bytes leave. */
  note<K extends TrailKind>(log: TrailLog, kind: K, body: TrailBodyOf<K>): Promise<TrailPlace>;
  /** Writes the entry `start`, before it those of what is not as at the start before (end, boot, version, settings). */
  noteStart(start: GatewayStart): Promise<TrailPlace>;
  /** Writes the entry `stop`: the end was clean. */
  noteStop(): Promise<TrailPlace>;
  facts(): BufferFacts;
  /** Bytes of free pages inside the buffer's file: room that takes records without a byte of disk. */
  reusableBytes(): number;
  close(): Promise<void>;
}
