/**
 * One record against one word of the PMS. The rule everything rests on (promise 3): a record becomes SYNCED only when
 * the PMS names its key and its hash and says accepted or duplicate, for Schedule II with its own verification of that
 * same hash. Everything else leaves the record where it is. Pure.
 */
import type { Settlement, StoredRecord } from '../buffer/api.ts';
import type { LookupResult, SyncResult } from '../record/wire.ts';

/** Why a record stays as it is although the PMS answered. A short code for log and trail. */
export type LeftWhy =
  | 'missing'
  | 'not_understood'
  | 'contradictory'
  | 'key_not_echoed'
  | 'hash_not_echoed'
  | 'unverified'
  | 'unproved'
  | 'hash_mismatch'
  | 'not_known';

export type Verdict = { readonly settle: Settlement } | { readonly left: LeftWhy };

/** What must be known of a record to check a word about it. */
export interface Subject {
  readonly sequence: number;
  readonly idempotencyKey: string;
  readonly payloadHash: Buffer;
  /** Schedule II: the PMS's own verification has to come with its yes. */
  readonly mustBeVerified: boolean;
  /** The stored record, where it is at hand: no word of the PMS that repeats it is kept. */
  readonly payload?: Buffer;
}

export function subjectOf(record: StoredRecord): Subject {
  const { sequence, idempotencyKey, payload, payloadHash, schedule } = record;
  return { sequence, idempotencyKey, payload, payloadHash, mustBeVerified: schedule === 'II' };
}

/**
 * The verdict of a batch answer on one record. `resent` says that the same record met `hash_mismatch` before and was
 * read again since: the second time it is set aside.
 */
export function verdictOn(record: StoredRecord, result: SyncResult, resent: boolean): Verdict {
  const subject = subjectOf(record);
  const stranger = echoFault(subject, result.idempotency_key, result.payload_hash);
  if (stranger !== null) return { left: stranger };
  switch (result.status) {
    case 'accepted':
    case 'duplicate':
      return accept(subject, result);
    case 'rejected':
      return { settle: settlement(subject, 'REJECTED', result, safeReason(result.reason, record.payload)) };
    case 'pending_verification':
      return { settle: settlement(subject, 'AWAITING_VERIFICATION', result, null) };
    case 'hash_mismatch':
      if (!resent) return { left: 'hash_mismatch' };
      return { settle: settlement(subject, 'SET_ASIDE', result, 'hash_mismatch') };
    case 'noted':
      return { left: 'not_understood' };
  }
}

/** The verdict of a look-up. A reason is kept only as a fact, because the payload to compare it with is not at hand. */
export function lookupVerdictOn(subject: Subject, result: LookupResult): Verdict {
  if (result.status === 'unknown') return { left: 'not_known' };
  const stranger = echoFault(subject, result.idempotency_key, result.payload_hash);
  if (stranger !== null) return { left: stranger };
  switch (result.status) {
    case 'accepted':
      return accept(subject, result);
    case 'rejected':
    case 'declined':
      return { settle: settlement(subject, 'REJECTED', result, result.status) };
    case 'pending_verification':
      return { settle: settlement(subject, 'AWAITING_VERIFICATION', result, null) };
  }
}

function echoFault(subject: Subject, key: string | null | undefined, hash: string | null | undefined): LeftWhy | null {
  if (key !== subject.idempotencyKey) return 'key_not_echoed';
  return hash === subject.payloadHash.toString('hex') ? null : 'hash_not_echoed';
}

function accept(subject: Subject, result: SyncResult | LookupResult): Verdict {
  const { verification } = result;
  const verifiesThis = verification?.payload_hash === subject.payloadHash.toString('hex');
  if (subject.mustBeVerified && !verifiesThis) return { left: 'unverified' };
  const verifiedBy =
    verification && verifiesThis
      ? {
          verifierId: safeName(verification.verifier_id, subject) ?? 'unnamed',
          verifiedAt: verification.verified_at_utc,
        }
      : null;
  return { settle: settlement(subject, 'SYNCED', result, null, verifiedBy) };
}

function settlement(
  subject: Subject,
  to: Settlement['to'],
  result: SyncResult | LookupResult,
  reason: string | null,
  verification: Settlement['verification'] = null,
): Settlement {
  return { sequence: subject.sequence, to, pmsId: safeName(result.pms_id, subject), reason, verification };
}

/** Shorter member values (schedule, kind, initials) would match ordinary words. */
const TELLING_LENGTH = 4;
const MAX_REASON = 200;
const MAX_NAME = 64;
const WITHHELD = 'reason withheld: it repeats record data';

/** A name the PMS gives (of a record, of who verified it) as it may be kept: the same rule as for its reasons. */
function safeName(name: string | null | undefined, { idempotencyKey, payload }: Subject): string | null {
  const known = payload ?? Buffer.from(JSON.stringify({ idempotency_key: idempotencyKey }));
  const safe = safeReason(name, known);
  return safe === WITHHELD ? 'withheld' : (safe?.slice(0, MAX_NAME) ?? null);
}

/**
 * A PMS's reason as it may stand in the trail: printable ASCII, at most 200 characters, and withheld when it repeats any
 * text of the record (promise 7: the PMS may not keep it, we do).
 */
export function safeReason(reason: string | null | undefined, payload: Buffer): string | null {
  if (reason === null || reason === undefined || reason === '') return null;
  const text = reason.replace(/[^\x20-\x7e]/g, '?').slice(0, MAX_REASON);
  const lower = reason.toLowerCase();
  const repeats = textsIn(parse(payload)).some((value) => lower.includes(value.toLowerCase()));
  return repeats ? WITHHELD : text;
}

function parse(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString('utf8'));
  } catch {
    return null;
  }
}

/** Every text in the record long enough to tell something, members of members included. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return value.length >= TELLING_LENGTH ? [value] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(textsIn);
}
