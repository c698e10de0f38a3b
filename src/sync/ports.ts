/**
 * What the sync stage needs from others, and what it tells them, as small types. main puts the parts together.
 */
import type { Clock, Random, Timers } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { GapMarker, RecordBuffer, SettledRecord, StreamEntry, TrailLog } from '../buffer/api.ts';
import type { Stream } from '../record/types.ts';

/** The part of the buffer that sync uses. */
export type SyncBuffer = Pick<
  RecordBuffer,
  | 'gatewayId'
  | 'epoch'
  | 'readPending'
  | 'readFrom'
  | 'readAwaiting'
  | 'newestSynced'
  | 'settle'
  | 'noteGaps'
  | 'quarantine'
  | 'note'
>;

export function isGap(entry: StreamEntry): entry is GapMarker {
  return 'gap' in entry;
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

/**
 * What is wrong between the PMS and the trail it witnesses. Records go on all the same; only a true cosignature ends it.
 */
export type WitnessAlarm =
  /** It has cosigned what is not here: an old disk was put back, or there are two histories. */
  | 'witness_inconsistent'
  /** It has another key of this gateway pinned. */
  | 'witness_unknown_key'
  /** Its cosignature is not true by the key that is pinned. */
  | 'witness_untrue'
  /** It finds no checkpoint in ours, or contradicts itself. */
  | 'witness_refuses';

/** What a trail finds about a checkpoint that somebody outside shows. */
type Verdict = 'consistent' | 'ahead' | 'fork' | 'not_ours';

/** A checkpoint with what a witness needs beside it. */
interface ForWitness {
  readonly note: string;
  readonly verifierKey: string;
  readonly oldSize: number;
  readonly proof: readonly Buffer[];
}

/** The trails, as far as their witness is concerned. */
export interface TrailPort {
  /** Newest signed checkpoint, null before the first. */
  checkpoint(log: TrailLog): string | null;
  /** The size that the PMS has cosigned last, as the trail remembers it. */
  cosignedSize(log: TrailLog): number;
  /** The newest checkpoint with the proof from that size; null when there is nothing new to witness. */
  forWitness(log: TrailLog, oldSize: number): Promise<ForWitness | null>;
  /** Judges a checkpoint the PMS shows; logs and alarms what does not fit. */
  judge(by: 'pms', note: string): Promise<Verdict>;
  /** On disk when it resolves. */
  takeCosignature(log: TrailLog, size: number, cosignature: string): Promise<void>;
}

/** By which key the PMS cosigns. */
export interface WitnessKeys {
  /** The verifier key that is configured, or was seen first; null before that. */
  pinned(): string | null;
  /** This is the first one seen. */
  pin(key: string): Promise<void>;
}

/** A batch was answered with at least one checked receipt. */
export interface Delivery {
  readonly stream: Stream;
  /** Monotonic. */
  readonly atMs: number;
  /** Entries of the batch with a checked verdict, gap markers included. */
  readonly count: number;
}

interface SyncEvents {
  /** New states, on disk, for the lanes' receipts. */
  onSettled?(records: readonly SettledRecord[]): void;
  onDelivery?(delivery: Delivery): void;
  onAlarm?(stream: Stream, alarm: SyncAlarm | WitnessAlarm, active: boolean): void;
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
  readonly trail: TrailPort;
  readonly witnessKeys: WitnessKeys;
}

/** The trail that tells of a stream (21 CFR 1304.04(h) wants Schedule II apart). */
export function logOf(stream: Stream): TrailLog {
  return stream === 'schedule_two' ? 'schedule_two' : 'audit';
}
