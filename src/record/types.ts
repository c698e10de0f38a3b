/**
 * The words of a record, shared by every part. Pure types and closed lists; the checking itself is in `check.ts`.
 */

export const SCHEDULES = ['NONE', 'II', 'III', 'IV', 'V'] as const;
/** Controlled-substance schedule in roman numerals, as stored and sent. */
export type Schedule = (typeof SCHEDULES)[number];

export const STREAMS = ['standard', 'schedule_two'] as const;
/** An ordered line of records to the PMS. Schedule II travels in its own. */
export type Stream = (typeof STREAMS)[number];

export const KINDS = ['DISPENSE', 'PARTIAL_FILL', 'VOID', 'RETURN', 'ADJUSTMENT'] as const;
export type Kind = (typeof KINDS)[number];

/**
 * States of a record, in the order of their codes in the database. `REFUSED` and `CONFLICT` are states of a publish
 * that became no record. `RESOLVED` ends every state that waits for a person.
 */
export const STATES = [
  'PENDING',
  'SYNCED',
  'AWAITING_VERIFICATION',
  'REJECTED',
  'SET_ASIDE',
  'QUARANTINED',
  'HELD',
  'REFUSED',
  'CONFLICT',
  'RESOLVED',
] as const;
export type State = (typeof STATES)[number];

/** Why a record is doubtful though accepted. A flag's position is its bit in the database: append, never reorder. */
export const FLAGS = [
  'npi_invalid',
  'prescriber_dea_invalid',
  'ndc_unresolved',
  'ndc_unknown_product',
  'schedule_mismatch',
  'dispensed_in_future',
  'dispensed_long_ago',
  'possible_double_sale',
  'refers_to_unknown',
  'barcode_unreadable',
  'barcode_mismatch',
  'clock_unsynchronised',
  'signature_missing',
  'lane_sequence_gap',
  'signature_invalid',
  'second_signature_missing',
  'lane_certificate_expired',
  'lane_certificate_not_yet_valid',
] as const;
export type Flag = (typeof FLAGS)[number];

/** Why a publish is not a record. */
export type ReasonCode =
  | 'too_large'
  | 'not_utf8'
  | 'not_json'
  | 'not_an_object'
  | 'duplicate_member'
  | 'lone_surrogate'
  | 'number_not_exact'
  | 'nested_too_deep'
  | 'field_missing'
  | 'field_type'
  | 'field_value'
  | 'reserved_field';

/** One thing wrong with a publish. `message` says what to send instead and never repeats what was sent (promise 7). */
export interface Reason {
  readonly code: ReasonCode;
  /** Member name, or null when the whole publish is meant. */
  readonly field: string | null;
  readonly message: string;
}

/** Something doubtful about a record, in more words than its flag: what to send instead. */
export interface Note {
  readonly code: Flag;
  readonly field: string;
  readonly message: string;
}

/** A publish that is a record, with everything later parts need; the parsed object itself is not kept. */
export interface CheckedRecord {
  readonly idempotencyKey: string;
  readonly schedule: Schedule;
  readonly stream: Stream;
  readonly kind: Kind;
  /** Key of the record this one undoes or corrects, else null. */
  readonly refersTo: string | null;
  readonly laneInstance: string | null;
  readonly laneSequence: number | null;
  /** Text that is equal for two sales of the same fill (prescription, fill and partial number); null where it does not apply. */
  readonly fillIdentity: string | null;
  /** SHA-256 (32 bytes) of the RFC 8785 form as sent. */
  readonly laneHash: Buffer;
  /** RFC 8785 bytes of the normalised record: exactly what is stored and sent. */
  readonly payload: Buffer;
  /** SHA-256 (32 bytes) of `payload`. */
  readonly payloadHash: Buffer;
  readonly flags: readonly Flag[];
}

export type CheckOutcome =
  | {
      readonly ok: true;
      readonly record: CheckedRecord;
      /** What the lane should know about a record that is accepted all the same. */
      readonly notes: readonly Note[];
      /** The checkpoint that the lane carries back as a witness; any text of the lane's. */
      readonly witnessed: string | null;
      /** UTC, by the lane's word. */
      readonly dispensedAtMs: number;
    }
  | {
      readonly ok: false;
      /** Key and hash where they could be read, so that the lane can match the answer. */
      readonly idempotencyKey: string | null;
      readonly laneHash: Buffer | null;
      readonly reasons: readonly Reason[];
    };

/** The stream a schedule travels in. */
export function streamOf(schedule: Schedule): Stream {
  return schedule === 'II' ? 'schedule_two' : 'standard';
}
