/** What the PMS thinks of one record by itself, before looking at what it holds already. Pure. */
import { hash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { sequenceId } from '../../record/lane-wire.ts';
import { SCHEDULES, type Schedule, streamOf } from '../../record/types.ts';
import type { SyncRecord } from '../../record/wire.ts';
import type { StreamName } from './rows.ts';

/** Why the PMS refuses a record. Codes only: no record data travels in an answer. */
export type RefusalReason =
  | 'unknown_schedule'
  | 'wrong_stream'
  | 'schedule_differs_from_payload'
  | 'key_differs_from_payload'
  | 'sequence_id_wrong'
  | 'dual_verification_missing'
  | 'payload_not_canonical'
  | 'key_conflict'
  | 'verification_declined'
  | 'fault_injected';

export type Judgement =
  /** `payload` is the RFC 8785 text whose SHA-256 was compared. */
  | { readonly verdict: 'fit'; readonly payload: string }
  | { readonly verdict: 'hash_mismatch'; readonly computedHash: string }
  | { readonly verdict: 'rejected'; readonly reason: RefusalReason };

/**
 * Recomputes the payload's hash and checks that the record belongs where it was sent.
 * @param payload the payload as `JSON.parse` gave it, not as a schema copied it: every member counts for the hash.
 */
export function judgeRecord(name: StreamName, record: SyncRecord, payload: unknown): Judgement {
  const canonical = canonicalForm(payload);
  if (canonical === null) return { verdict: 'rejected', reason: 'payload_not_canonical' };
  const computedHash = hash('sha256', canonical, 'hex');
  if (computedHash !== record.payload_hash) return { verdict: 'hash_mismatch', computedHash };
  const reason = refusalOf(name, record);
  return reason === null ? { verdict: 'fit', payload: canonical } : { verdict: 'rejected', reason };
}

/** RFC 8785 text, or null where there is none (a lone surrogate, a number beyond a double). */
export function canonicalForm(payload: unknown): string | null {
  try {
    return canonicalize(payload) ?? null;
  } catch {
    return null;
  }
}

function refusalOf(name: StreamName, record: SyncRecord): RefusalReason | null {
  if (!isSchedule(record.schedule)) return 'unknown_schedule';
  if (streamOf(record.schedule) !== name.stream) return 'wrong_stream';
  if (record.payload.schedule !== record.schedule) return 'schedule_differs_from_payload';
  if (record.payload.idempotency_key !== record.idempotency_key) return 'key_differs_from_payload';
  if (record.sequence_id !== sequenceId(name.gatewayId, name.epoch, record.sequence)) return 'sequence_id_wrong';
  if (record.schedule === 'II' && record.dual_verification !== true) return 'dual_verification_missing';
  return null;
}

function isSchedule(text: string): text is Schedule {
  return SCHEDULES.some((schedule) => schedule === text);
}
