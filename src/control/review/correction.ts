/** The corrected record of a `resolve`: a new record like any other, which names the one it stands for. */
import type { IntakeItem, WaitingDetail } from '../../buffer/api.ts';
import { checkRecord } from '../../record/check.ts';
import { isObject, readKey } from '../../record/refusal.ts';
import { parse } from '../../record/strict-json.ts';
import type { CheckedRecord } from '../../record/types.ts';
import type { ReviewParts } from './ports.ts';
import { refused } from './signer.ts';

/**
 * The item to be admitted in place of `original`. Throws `review_refused` when the bytes are no record, not those that
 * were signed, or do not say which record they correct. Whether the key is free, the buffer knows.
 */
export function correctionItem(
  bytes: Buffer,
  signedHash: string,
  original: WaitingDetail,
  parts: Pick<ReviewParts, 'clock' | 'clockQuality' | 'products' | 'signatures'>,
): IntakeItem {
  const receivedAtMs = Math.trunc(parts.clock.utcMs());
  const clock = parts.clockQuality();
  const outcome = checkRecord(bytes, {
    receivedAtMs,
    clock,
    products: parts.products,
    signatures: parts.signatures.judge,
  });
  if (!outcome.ok) {
    const why = outcome.reasons.map(({ message }) => message).join('; ');
    throw refused('the corrected record is no record', `Mend it: ${why}.`);
  }
  const { record } = outcome;
  if (record.laneHash.toString('hex') !== signedHash) {
    throw refused('the corrected record is not the one that was signed', 'Sign again with the record that is meant.');
  }
  refuseWrongReference(record, original);
  const hold = record.stream === 'schedule_two' && parts.signatures.holds(record.flags);
  return { type: 'record', lane: original.lane, receivedAtMs, clock, record, ...(hold ? { hold } : {}) };
}

function refuseWrongReference(record: CheckedRecord, original: WaitingDetail): void {
  const originalKey = original.bytes === null ? null : keyOf(original.bytes);
  if (record.idempotencyKey === originalKey && original.state !== 'REFUSED') {
    throw refused('the corrected record has the key of the original', 'Give it an idempotency_key of its own.');
  }
  if (original.of !== 'record') return;
  // A damaged record may have lost its key; then the person's word for it is all there is.
  if (record.refersTo === null || (originalKey !== null && record.refersTo !== originalKey)) {
    const hint = 'Put the original’s idempotency_key into refers_to; "counterfoil review show" shows it.';
    throw refused('the corrected record does not refer to the one it corrects', hint);
  }
}

function keyOf(bytes: Buffer): string | null {
  const value = parse(bytes);
  return isObject(value) ? readKey(value) : null;
}
