/** Receipts: what a lane is told about one publish, and later about the record's way. */
import { toUtcText } from '../base/clock.ts';
import type { SettledRecord, TrailLog, TrailPlace } from '../buffer/api.ts';
import { practiceId, type Receipt, type ReceiptStatus, sequenceId } from '../record/lane-wire.ts';
import type { Note, Reason, State } from '../record/types.ts';
import type { CommitAnswer } from './committer.ts';

export interface ReceiptSource {
  readonly gatewayId: string;
  readonly epoch: string;
  /** Newest signed checkpoint of a trail, null before the first. */
  checkpoint(log: TrailLog): string | null;
}

/** What was published, as far as it could be read. */
export interface Published {
  readonly idempotencyKey: string | null;
  readonly laneHash: Buffer | null;
  /** Why it is no record, or what is doubtful about it. */
  readonly reasons: readonly (Reason | Note)[];
  /** The checkpoint it carries back. */
  readonly witnessed: string | null;
}

const KEY_CONFLICT = {
  code: 'key_conflict',
  field: 'idempotency_key',
  message: 'this key already names another record; give the new record a key of its own and send it again',
};

/**
 * A receipt for what came on the training topic: the same, and marked so that nobody takes it for a sale's. `held`: a sale
 * like this would wait for a person.
 */
export function practiceReceipt(source: ReceiptSource, receipt: Receipt, held: boolean): Receipt {
  const { sequence, state } = receipt;
  return {
    ...receipt,
    state: held && state === 'PENDING' ? 'HELD' : state,
    sequence_id: sequence === null ? null : practiceId(source.gatewayId, source.epoch, sequence),
    training: true,
  };
}

/** The answer to one publish; null when the lane gets none (nothing was decided). */
export function receiptOf(
  source: ReceiptSource,
  published: Published,
  answer: CommitAnswer,
  nowMs: number,
): Receipt | null {
  if (answer.status === 'evidence_full' || answer.status === 'failed') return null;
  const known = 'sequence' in answer ? answer : null;
  const decided = answer.status === 'deferred' ? null : answer;
  return {
    idempotency_key: published.idempotencyKey,
    status: answer.status,
    state: decided?.state ?? null,
    epoch: source.epoch,
    sequence: known?.sequence ?? null,
    sequence_id: known === null ? null : sequenceId(source.gatewayId, source.epoch, known.sequence),
    lane_hash: published.laneHash?.toString('hex') ?? null,
    payload_hash: known?.payloadHash.toString('hex') ?? null,
    received_at_utc: toUtcText(decided?.receivedAtMs ?? nowMs),
    flags: known?.flags ?? [],
    reasons: reasonsOf(published, answer.status),
    trail: decided === null ? null : trailOf(source, decided.trail),
  };
}

/**
 * What a lane is told at once. That a record is held is said again as a step of its own, so that a lane learns of it in
 * the same way as of every later state.
 */
export function withHeld(receipt: Receipt): readonly Receipt[] {
  const isHeld = receipt.status === 'accepted' && receipt.state === 'HELD';
  return isHeld ? [receipt, { ...receipt, status: 'held' }] : [receipt];
}

/** What was found about a duplicate now is not what was found, and stored, about the record then. */
function reasonsOf({ reasons }: Published, status: CommitAnswer['status']): Receipt['reasons'] {
  if (status === 'conflict') return [KEY_CONFLICT];
  return status === 'duplicate' ? [] : reasons;
}

const LATER: Partial<Record<State, ReceiptStatus>> = {
  SYNCED: 'synced',
  HELD: 'held',
  REJECTED: 'rejected',
  RESOLVED: 'resolved',
};

/** What a lane is told when its record has moved on; null for states it is not told of. */
export function laterReceipt(source: ReceiptSource, record: SettledRecord): Receipt | null {
  const status = LATER[record.state];
  if (status === undefined) return null;
  return {
    idempotency_key: record.idempotencyKey,
    status,
    state: record.state,
    epoch: source.epoch,
    sequence: record.sequence,
    sequence_id: sequenceId(source.gatewayId, source.epoch, record.sequence),
    lane_hash: record.laneHash.toString('hex'),
    payload_hash: record.payloadHash.toString('hex'),
    received_at_utc: toUtcText(record.receivedAtMs),
    flags: record.flags,
    reasons: [],
    trail: trailOf(source, record.trail),
  };
}

/** The checkpoint is the newest there is: the record's own entry is only in a later one. */
function trailOf(source: ReceiptSource, { log, index, leaf }: TrailPlace): Receipt['trail'] {
  return { log, index, leaf: leaf.toString('base64'), checkpoint: source.checkpoint(log) };
}

/** What a lane carried back as a witness, once its record is on disk; null for none. */
export function witnessedBy({ witnessed }: Published, { status }: CommitAnswer): string | null {
  return status === 'accepted' || status === 'duplicate' ? witnessed : null;
}
