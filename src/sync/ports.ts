/**
 * What the sync stage needs from others, as small types. main passes the parts in; the real buffer fits `SyncBuffer`
 * as it stands.
 */
import type { Clock, Random, Timers } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { SettledRecord, Settlement, StoredRecord, TrailBody, TrailLog } from '../buffer/api.ts';
import type { Stream } from '../record/types.ts';

/** Whom the PMS named as second verifier of a Schedule II record, for the trail and the manifest. */
export interface VerifiedBy {
  readonly verifierId: string;
  /** RFC 3339 as the PMS wrote it. */
  readonly verifiedAt: string;
}

/** A record with its key at hand: the wire names it beside the payload. */
export type SendableRecord = StoredRecord & { readonly idempotencyKey: string };

/** Stands in the line for a record that cannot be sent, so that the stream has no hole. */
export interface GapMarker {
  readonly gap: 'quarantined' | 'set_aside';
  readonly sequence: number;
  readonly streamSequence: number;
  /** The hash fixed at intake, not that of damaged bytes. */
  readonly payloadHash: Buffer;
}

export type StreamEntry = SendableRecord | GapMarker;

export function isGap(entry: StreamEntry): entry is GapMarker {
  return 'gap' in entry;
}

export interface StreamPage {
  /** In `streamSequence` order; ends before the first damaged record. */
  readonly entries: readonly StreamEntry[];
  /** Sequences at the head of the rest whose bytes no longer match their hash; to be quarantined. */
  readonly damaged: readonly number[];
}

/** A record the PMS is still verifying. */
export interface AwaitingRecord {
  readonly sequence: number;
  readonly streamSequence: number;
  readonly idempotencyKey: string;
  readonly payloadHash: Buffer;
}

/** A checked verdict, ready for the buffer. */
export type CheckedSettlement = Settlement & { readonly verification: VerifiedBy | null };

/** The part of the buffer that sync uses. Every promise resolves when the change is on disk. */
export interface SyncBuffer {
  readonly gatewayId: string;
  readonly epoch: string;
  /** PENDING records and gap markers the PMS has not noted yet; at least one entry if there is any. */
  readPending(stream: Stream, limit: number, maxBytes: number): StreamPage;
  /** From a stream number on, whatever the state; what was given up comes as a marker. */
  readFrom(stream: Stream, streamSequence: number, limit: number, maxBytes: number): StreamPage;
  /** AWAITING_VERIFICATION after a stream number, in order. */
  readAwaiting(stream: Stream, afterStreamSequence: number, limit: number): readonly AwaitingRecord[];
  /** One transaction. A settlement whose step is no longer legal is skipped and missing from the answer. */
  settle(stream: Stream, settlements: readonly CheckedSettlement[]): Promise<SettledRecord[]>;
  /** The PMS has noted these markers. Repeating it changes nothing. */
  noteGaps(stream: Stream, sequences: readonly number[]): Promise<void>;
  quarantine(stream: Stream, sequences: readonly number[]): Promise<void>;
  note(log: TrailLog, kind: string, body: TrailBody): Promise<unknown>;
}

/** Why a stream asks for a person, though it goes on trying now and then. */
export type SyncAlarm =
  /** 401 or 403, or no readable token. */
  | 'authentication'
  /** 404 or 405: nobody takes records there. */
  | 'no_service'
  /** Three records in a row were set aside: the fault is hardly in the records. */
  | 'records_refused'
  /** The PMS has used numbers up for records it does not know. */
  | 'sequence_conflict'
  /** The PMS asks for numbers that the buffer no longer holds. */
  | 'history_missing';

/** A batch was answered with at least one checked receipt. */
export interface Delivery {
  readonly stream: Stream;
  /** Monotonic. */
  readonly atMs: number;
  /** Entries of the batch with a checked verdict, gap markers included. */
  readonly count: number;
}

export interface SyncEvents {
  /** New states, on disk, for the lanes' receipts. */
  onSettled?(records: readonly SettledRecord[]): void;
  onDelivery?(delivery: Delivery): void;
  onAlarm?(stream: Stream, alarm: SyncAlarm, active: boolean): void;
}

export interface SyncParts {
  readonly buffer: SyncBuffer;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  readonly events: SyncEvents;
  /** The bearer token, null when the PMS wants none. Throws when it cannot be read. Called at start and after 401 and 403. */
  readToken(): string | null;
  /** Whether the latest heartbeat passed: decides if a refusal is the record's fault or the line's. */
  heartbeatOk(): boolean;
  /** Newest signed checkpoint of a trail, null before the first. */
  checkpoint(log: TrailLog): string | null;
}

/** The trail that tells of a stream (21 CFR 1304.04(h) wants Schedule II apart). */
export function logOf(stream: Stream): TrailLog {
  return stream === 'schedule_two' ? 'schedule_two' : 'audit';
}
