/** The PMS's verdicts in the form of the wire. */
import type { LookupResult, SyncResult, Verification } from '../../record/wire.ts';
import type { RefusalReason } from './judge.ts';
import type { HeldRecord, Place } from './rows.ts';

/** What is echoed of an entry, whatever the verdict. */
export interface Echo {
  readonly stream_sequence: number;
  readonly idempotency_key?: string;
  readonly payload_hash: string;
}

function pmsIdOf(recordId: number): string {
  return `pms-${String(recordId).padStart(12, '0')}`;
}

/**
 * The answer about a record that is held. Only one whose verification is over may be called accepted or duplicate:
 * the gateway settles on these words.
 */
export function heldResult(echo: Echo, held: HeldRecord, first: boolean): SyncResult {
  const pms_id = pmsIdOf(held.id);
  if (held.status === 'pending_verification') return { ...echo, status: 'pending_verification', pms_id };
  if (held.status === 'declined') {
    return { ...echo, status: 'rejected', pms_id, reason: 'verification_declined' satisfies RefusalReason };
  }
  return { ...echo, status: first ? 'accepted' : 'duplicate', pms_id, ...verificationOf(held) };
}

/** The answer about a key for a look-up. */
export function lookupResult(held: HeldRecord): LookupResult {
  const { idempotency_key, payload_hash, gateway_id, epoch, stream, stream_sequence, status } = held;
  const place = { idempotency_key, payload_hash, gateway_id, epoch, stream, stream_sequence };
  const reason = status === 'declined' ? { reason: 'verification_declined' satisfies RefusalReason } : {};
  return { ...place, status, pms_id: pmsIdOf(held.id), ...reason, ...verificationOf(held) };
}

/** The look-up answer for a key whose only trace is a refusal. */
export function refusedLookup(key: string, place: Place): LookupResult {
  const { payload_hash, gateway_id, epoch, stream, stream_sequence, reason } = place;
  return { idempotency_key: key, status: 'rejected', payload_hash, gateway_id, epoch, stream, stream_sequence, reason };
}

function verificationOf(held: HeldRecord): { verification?: Verification } {
  if (held.status !== 'accepted' || held.verifier_id === null || held.verified_at_utc === null) return {};
  const { payload_hash, verifier_id, verified_at_utc } = held;
  return { verification: { status: 'verified', payload_hash, verifier_id, verified_at_utc } };
}
