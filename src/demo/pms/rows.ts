/** The rows of the PMS's books as the rest of it sees them; the tables are in `schema.ts`. */
import type { Stream } from '../../record/types.ts';

/** Which line of numbers is meant. */
export interface StreamName {
  readonly gatewayId: string;
  readonly epoch: string;
  readonly stream: Stream;
}

type RecordStatus = 'accepted' | 'pending_verification' | 'declined';
export type Decision = 'verified' | 'declined';

/** What the PMS holds of an accepted record, without its content. */
export interface HeldRecord {
  readonly id: number;
  readonly gateway_id: string;
  readonly epoch: string;
  readonly stream: Stream;
  readonly stream_sequence: number;
  readonly idempotency_key: string;
  readonly payload_hash: string;
  readonly status: RecordStatus;
  /** Look-ups that still answer `pending_verification` before `decision` takes effect; null: none is planned. */
  readonly lookups_left: number | null;
  readonly decision: Decision | null;
  readonly verifier_id: string | null;
  readonly verified_at_utc: string | null;
}

/** What used a number of a stream. */
export interface Place {
  readonly gateway_id: string;
  readonly epoch: string;
  readonly stream: Stream;
  readonly stream_sequence: number;
  readonly idempotency_key: string | null;
  readonly payload_hash: string;
  readonly status: 'stored' | 'rejected' | 'noted';
  readonly reason: string | null;
  readonly record_id: number | null;
}

export interface StoredAnswer {
  readonly body_hash: string;
  readonly answer: string;
  readonly epoch: string;
  readonly stream: Stream;
  readonly first_sequence: number;
  readonly last_sequence: number;
}

/** How a new record's verification stands when it is stored. */
export interface Standing {
  readonly status: RecordStatus;
  readonly lookupsLeft: number | null;
  readonly decision: Decision | null;
  readonly verifierId: string | null;
  readonly verifiedAtUtc: string | null;
}
