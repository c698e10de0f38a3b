/**
 * Taking a batch: its place in the stream first, then entry by entry. Everything happens in one SQLite transaction
 * that is on disk before the answer leaves; if the power goes before the commit, the PMS knows nothing of the batch,
 * if it goes after, the repeated batch gets the kept answer.
 */
import { type GapMarker, isGapMarker, type SyncRecord, type SyncRequest, type SyncResult } from '../../record/wire.ts';
import { type Echo, heldResult } from './answers.ts';
import { type Judgement, judgeRecord, type RefusalReason } from './judge.ts';
import type { Decision, Standing, StreamName } from './rows.ts';
import type { PmsStore } from './store.ts';
import { type Shown, type WitnessDesk, type WitnessWord, witness } from './witness.ts';

type Entry = SyncRecord | GapMarker;

/** What a fault may put in place of the PMS's own opinion of a record it has not seen before. */
export type Whim =
  | { readonly whim: 'hash_mismatch' }
  | { readonly whim: 'rejected' }
  /** Nulls: nothing is planned, so it waits until somebody decides by hand. */
  | { readonly whim: 'verify_later'; readonly lookups: number | null; readonly decision: Decision | null };

export interface Batch {
  readonly request: SyncRequest;
  /** Payloads as parsed, in the order of the entries (undefined for gap markers). */
  readonly payloads: readonly unknown[];
  readonly batchKey: string;
  /** SHA-256 of the JSON bytes, hex. */
  readonly bodyHash: string;
  /** The checkpoint that came along and what belongs to it. */
  readonly shown: Shown;
}

export interface Desk {
  readonly store: PmsStore;
  /** Time of this batch, RFC 3339. */
  readonly nowUtc: string;
  readonly verifierId: string;
  readonly witness: WitnessDesk;
  whimFor(record: SyncRecord): Whim | null;
}

type ConflictReason = 'ahead_of_stream' | 'not_consecutive' | 'number_reused';

export type BatchOutcome =
  | ({ readonly type: 'answered' } & KeptAnswer)
  | {
      readonly type: 'conflict';
      readonly expectedSequence: number;
      readonly reason: ConflictReason;
      readonly witness: WitnessWord;
    }
  /** The batch key was used for other bytes. */
  | { readonly type: 'key_reused' };

/** What is remembered of an answer: the same batch again gets the same. */
interface KeptAnswer {
  readonly results: readonly SyncResult[];
  readonly witness: WitnessWord;
}

/** Takes a batch or says why not; durable when it returns. */
export function takeBatch(desk: Desk, batch: Batch): BatchOutcome {
  const { request } = batch;
  const name = { gatewayId: request.gateway_id, epoch: request.epoch, stream: request.stream };
  return desk.store.atomically(() => {
    const kept = desk.store.findAnswer(name.gatewayId, batch.batchKey);
    if (kept !== undefined) {
      if (kept.body_hash !== batch.bodyHash) return { type: 'key_reused' };
      desk.store.countBatchDelivery(name.gatewayId, kept, desk.nowUtc);
      return { type: 'answered', ...keptAnswer(kept.answer) };
    }
    const expected = desk.store.expectedSequence(name);
    const reason = conflictOf(desk.store, name, request, expected);
    if (reason !== null) {
      return { type: 'conflict', expectedSequence: expected, reason, witness: witnessBatch(desk, name, batch, false) };
    }
    return { type: 'answered', ...answerBatch(desk, name, batch, expected) };
  });
}

/** A file of the first version has results alone. */
function keptAnswer(text: string): KeptAnswer {
  const kept: KeptAnswer | SyncResult[] = JSON.parse(text);
  return Array.isArray(kept) ? { results: kept, witness: {} } : kept;
}

/** Why the batch does not continue the stream; null when it does or repeats what the stream has. */
function conflictOf(store: PmsStore, name: StreamName, request: SyncRequest, expected: number): ConflictReason | null {
  if (request.first_sequence > expected) return 'ahead_of_stream';
  for (const [index, entry] of request.records.entries()) {
    if (entry.stream_sequence !== request.first_sequence + index) return 'not_consecutive';
    if (entry.stream_sequence < expected && !isRepeated(store, name, entry)) return 'number_reused';
  }
  return null;
}

/**
 * Whether an entry is the one that used its number before. A gap marker may also come for a record that was accepted:
 * its answer was lost and the gateway's copy damaged since.
 */
function isRepeated(store: PmsStore, name: StreamName, entry: Entry): boolean {
  const place = store.findPlace(name, entry.stream_sequence);
  if (place === undefined || place.payload_hash !== entry.payload_hash) return false;
  return isGapMarker(entry) || place.idempotency_key === entry.idempotency_key;
}

function answerBatch(desk: Desk, name: StreamName, batch: Batch, expected: number): KeptAnswer {
  const { request } = batch;
  const results: SyncResult[] = [];
  for (const [index, entry] of request.records.entries()) {
    const seen = entry.stream_sequence < expected;
    const result = seen ? repeatEntry(desk, name, entry) : takeEntry(desk, name, entry, batch.payloads[index]);
    results.push(result);
    // Its number stays free for the same record read again, so nothing behind it can be taken yet.
    if (result.status === 'hash_mismatch') break;
  }
  const answer = { results, witness: witnessBatch(desk, name, batch, true) };
  if (results.length === request.records.length && results.at(-1)?.status !== 'hash_mismatch') {
    const last = request.first_sequence + results.length - 1;
    const place = {
      epoch: name.epoch,
      stream: name.stream,
      first_sequence: request.first_sequence,
      last_sequence: last,
    };
    const kept = { ...place, body_hash: batch.bodyHash, answer: JSON.stringify(answer) };
    desk.store.keepAnswer(name.gatewayId, batch.batchKey, kept, desk.nowUtc);
  }
  return answer;
}

/** Longer ones are no checkpoints. */
const MAX_CHECKPOINT_LENGTH = 8192;

function witnessBatch(desk: Desk, name: StreamName, { shown }: Batch, isTaken: boolean): WitnessWord {
  const { checkpoint } = shown;
  const isText = typeof checkpoint === 'string' && checkpoint.length <= MAX_CHECKPOINT_LENGTH;
  if (isText && isTaken) desk.store.keepCheckpoint(name, checkpoint, desk.nowUtc);
  return witness(desk.witness, name, isText ? shown : { ...shown, checkpoint: null }, isTaken);
}

/** The answer to an entry whose number is used already by the same entry. */
function repeatEntry(desk: Desk, name: StreamName, entry: Entry): SyncResult {
  const echo = echoOf(entry);
  if (isGapMarker(entry)) return { ...echo, status: 'noted' };
  const place = desk.store.findPlace(name, entry.stream_sequence);
  const held = place?.record_id == null ? undefined : desk.store.recordById(place.record_id);
  if (held === undefined) return { ...echo, status: 'rejected', reason: place?.reason ?? null };
  desk.store.countDelivery(held.id, desk.nowUtc);
  return heldResult(echo, held, false);
}

/** The answer to an entry that comes next in its stream. */
function takeEntry(desk: Desk, name: StreamName, entry: Entry, payload: unknown): SyncResult {
  const echo = echoOf(entry);
  if (isGapMarker(entry)) {
    desk.store.insertPlace(name, entry, { status: 'noted', reason: entry.gap, record_id: null }, desk.nowUtc);
    return { ...echo, status: 'noted' };
  }
  const whim = desk.whimFor(entry);
  const judgement = overruled(judgeRecord(name, entry, payload), whim, entry);
  if (judgement.verdict === 'hash_mismatch') {
    return { ...echo, status: 'hash_mismatch', computed_hash: judgement.computedHash };
  }
  if (judgement.verdict === 'rejected') return refuse(desk, name, entry, judgement.reason);
  const held = desk.store.findRecord(name.gatewayId, entry.idempotency_key);
  if (held !== undefined && held.payload_hash !== entry.payload_hash) return refuse(desk, name, entry, 'key_conflict');
  if (held !== undefined) {
    desk.store.countDelivery(held.id, desk.nowUtc);
    desk.store.insertPlace(name, entry, { status: 'stored', reason: null, record_id: held.id }, desk.nowUtc);
    return heldResult(echo, held, false);
  }
  return keepRecord(desk, name, entry, judgement.payload, whim);
}

function keepRecord(desk: Desk, name: StreamName, record: SyncRecord, payload: string, whim: Whim | null): SyncResult {
  const id = desk.store.insertRecord(name, record, payload, standingOf(desk, name, whim), desk.nowUtc);
  desk.store.insertPlace(name, record, { status: 'stored', reason: null, record_id: id }, desk.nowUtc);
  const held = desk.store.recordById(id);
  if (held === undefined) throw new Error('a record just inserted is not there');
  return heldResult(echoOf(record), held, true);
}

/** Schedule II is verified at once unless a fault says later; other records need no verification. */
function standingOf(desk: Desk, name: StreamName, whim: Whim | null): Standing {
  const none = {
    status: 'accepted',
    lookupsLeft: null,
    decision: null,
    verifierId: null,
    verifiedAtUtc: null,
  } as const;
  if (name.stream !== 'schedule_two') return none;
  if (whim?.whim !== 'verify_later') return { ...none, verifierId: desk.verifierId, verifiedAtUtc: desk.nowUtc };
  return { ...none, status: 'pending_verification', lookupsLeft: whim.lookups, decision: whim.decision };
}

function refuse(desk: Desk, name: StreamName, record: SyncRecord, reason: RefusalReason): SyncResult {
  desk.store.insertPlace(name, record, { status: 'rejected', reason, record_id: null }, desk.nowUtc);
  return { ...echoOf(record), status: 'rejected', reason };
}

function overruled(judgement: Judgement, whim: Whim | null, record: SyncRecord): Judgement {
  if (judgement.verdict !== 'fit') return judgement;
  if (whim?.whim === 'rejected') return { verdict: 'rejected', reason: 'fault_injected' };
  if (whim?.whim === 'hash_mismatch') return { verdict: 'hash_mismatch', computedHash: otherHash(record.payload_hash) };
  return judgement;
}

/** A well-formed hash that is certainly not this one. */
export function otherHash(hashHex: string): string {
  return (hashHex.startsWith('0') ? '1' : '0') + hashHex.slice(1);
}

function echoOf(entry: Entry): Echo {
  const { stream_sequence, payload_hash } = entry;
  if (isGapMarker(entry)) return { stream_sequence, payload_hash };
  return { stream_sequence, idempotency_key: entry.idempotency_key, payload_hash };
}
