/** What a publish is, before anything is stored: a record, or the reasons why it is none. Needs no lane connection. */
import { hash } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import type { ClockQuality, IntakeItem } from '../buffer/api.ts';
import { type CheckContext, checkRecord } from '../record/check.ts';
import type { CheckedRecord, Flag } from '../record/types.ts';
import type { Published } from './receipt.ts';

export interface ExamineOptions {
  readonly products: CheckContext['products'];
  readonly clockQuality: () => ClockQuality;
  /** First verification of Schedule II; main decides by which roster. */
  readonly signatures: SignaturePolicy;
}

/** Who has signed a Schedule II record, and what follows from it. */
export interface SignaturePolicy {
  readonly judge: NonNullable<CheckContext['signatures']>;
  /** Whether a record with these flags waits for a person before it is sent. */
  readonly holds: (flags: readonly Flag[]) => boolean;
}

export interface Examined {
  readonly item: IntakeItem;
  readonly published: Published;
  /** How far the lane's time of the sale is ahead of our clock; null where there is no such time. */
  readonly aheadMs: number | null;
}

/** Most of a refused publish that is kept. */
export const MAX_EVIDENCE_BYTES = 256 * 1024;

/** The same for every source of records: the way of a publish starts here. `laneFlags`: how its lane was known. */
export function examine(
  lane: string,
  bytes: Buffer,
  options: ExamineOptions,
  clock: Clock,
  laneFlags: readonly Flag[] = [],
): Examined {
  const receivedAtMs = Math.trunc(clock.utcMs());
  const quality = options.clockQuality();
  const { products, signatures } = options;
  const outcome = checkRecord(bytes, { receivedAtMs, clock: quality, products, signatures: signatures.judge });
  if (outcome.ok) {
    const { dispensedAtMs, notes, witnessed } = outcome;
    const aheadMs = dispensedAtMs - receivedAtMs;
    const record = laneFlags.length === 0 ? outcome.record : flagged(outcome.record, laneFlags);
    const published = { idempotencyKey: record.idempotencyKey, laneHash: record.laneHash, reasons: notes, witnessed };
    const hold = record.stream === 'schedule_two' && signatures.holds(record.flags);
    return { item: { type: 'record', lane, receivedAtMs, clock: quality, record, hold }, published, aheadMs };
  }
  const { idempotencyKey, laneHash, reasons } = outcome;
  const item: IntakeItem = {
    type: 'refused',
    lane,
    receivedAtMs,
    idempotencyKey,
    hash: laneHash ?? hash('sha256', bytes, 'buffer'),
    reasons,
    bytes: bytes.subarray(0, MAX_EVIDENCE_BYTES),
  };
  return { item, published: { idempotencyKey, laneHash, reasons, witnessed: null }, aheadMs: null };
}

/** Their bits come after all that a record's own content can set (`FLAGS`). */
function flagged(record: CheckedRecord, laneFlags: readonly Flag[]): CheckedRecord {
  return { ...record, flags: [...record.flags, ...laneFlags] };
}
