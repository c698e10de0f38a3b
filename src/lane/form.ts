/**
 * From what the till sold to the bytes that are published. The bytes are the RFC 8785 form, so their SHA-256 is the
 * `lane_hash` of the receipt, and they are made once: every resend, to whichever gateway, is the same bytes.
 */
import { hash } from 'node:crypto';
import { CounterfoilError, messageOf } from '../base/errors.ts';
import { canonicalBytes } from '../record/canonical.ts';
import type { DetachedJws } from '../record/jws.ts';
import { readSchedule } from '../record/schedule.ts';
import { type Stream, streamOf } from '../record/types.ts';

/** The gateway refuses more (64 KiB); the lane says so before it keeps what could never be accepted. */
const MAX_RECORD_BYTES = 65_536;
/** A gateway closes the connection over more than this, and the line behind it would never move. */
const MAX_RAW_BYTES = 262_144;

/** A record as the till has it: the members of the wire format without those the outbox gives. */
export type LaneRecord = Readonly<Record<string, unknown>> & { readonly idempotency_key: string };

/**
 * Signs a record: gets the bytes every signature is over (its RFC 8785 form as it will be sent, without `signatures`) and
 * gives the elements of `signatures`. Called inside the outbox's transaction, because only there the record is complete:
 * it must answer at once, so the person has agreed before.
 */
export type SignRecord = (bytes: Buffer) => readonly DetachedJws[];

/** What the outbox adds to a record, known only inside its transaction. */
export interface LaneMarks {
  readonly laneInstance: string;
  readonly laneSequence: number;
  /** Newest checkpoint this till was shown, or null. */
  readonly checkpoint: string | null;
}

/** A publish, ready for the outbox. */
export interface Formed {
  readonly bytes: Buffer;
  /** 64 lower-case hex digits, or null when the bytes are not JSON. */
  readonly laneHash: string | null;
}

/** What the lane needs to know of a publish to queue it and to recognise its receipt. */
export interface Label {
  readonly idempotencyKey: string | null;
  /** SHA-256 of the contents without what the outbox adds, equal for the same sale published twice; null for raw bytes. */
  readonly contentHash: string | null;
  readonly stream: Stream;
}

const GIVEN_BY_OUTBOX = ['lane_instance', 'lane_sequence', 'witnessed_checkpoint'];

/** Reads the label of a record. Throws `usage` when the record cannot be published as one. */
export function labelOf(record: LaneRecord): Label {
  const mine = GIVEN_BY_OUTBOX.find((name) => name in record);
  if (mine !== undefined) {
    throw new CounterfoilError('usage', `${mine} is given by the outbox`, `leave ${mine} out of the record`);
  }
  return {
    idempotencyKey: record.idempotency_key,
    contentHash: hash('sha256', textBytes(record), 'hex'),
    stream: streamGuess(record.schedule),
  };
}

/** The bytes of a record with the outbox's marks and signatures. Throws `usage` over 64 KiB or when signing fails. */
export function formRecord(record: LaneRecord, marks: LaneMarks, sign: SignRecord | null = null): Formed {
  const members = {
    ...record,
    lane_instance: marks.laneInstance,
    lane_sequence: marks.laneSequence,
    ...(marks.checkpoint === null ? {} : { witnessed_checkpoint: marks.checkpoint }),
  };
  const bytes = textBytes(sign === null ? members : { ...members, signatures: signaturesOf(members, sign) });
  if (bytes.length > MAX_RECORD_BYTES) {
    throw new CounterfoilError(
      'usage',
      `the record has ${bytes.length} bytes`,
      `a record has at most ${MAX_RECORD_BYTES}`,
    );
  }
  return { bytes, laneHash: hash('sha256', bytes, 'hex') };
}

function signaturesOf(members: Readonly<Record<string, unknown>>, sign: SignRecord): readonly DetachedJws[] {
  if ('signatures' in members) {
    const hint = 'leave signatures out of the record, or sign it yourself and publish it as bytes';
    throw new CounterfoilError('usage', 'the record is signed already, before it was complete', hint);
  }
  try {
    return sign(textBytes(members));
  } catch (error) {
    const hint = 'sell again once the key can be used; nothing was kept';
    throw new CounterfoilError('usage', `the record could not be signed: ${messageOf(error)}`, hint, error);
  }
}

/** Label and bytes of a publish that goes out exactly as it came. Throws `usage` over 256 KiB. */
export function formRaw(bytes: Buffer): Formed & Label {
  if (bytes.length > MAX_RAW_BYTES) {
    throw new CounterfoilError(
      'usage',
      `the publish has ${bytes.length} bytes`,
      `at most ${MAX_RAW_BYTES} can be sent`,
    );
  }
  const members = parseObject(bytes);
  if (members === null) return { bytes, laneHash: null, idempotencyKey: null, contentHash: null, stream: 'standard' };
  const key = members.idempotency_key;
  const laneHash = hashOrNull(members);
  return {
    bytes,
    laneHash,
    idempotencyKey: typeof key === 'string' ? key : null,
    contentHash: null,
    stream: streamGuess(members.schedule),
  };
}

function parseObject(bytes: Buffer): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch {
    return null;
  }
}

function hashOrNull(members: Record<string, unknown>): string | null {
  try {
    return hash('sha256', canonicalBytes(members), 'hex');
  } catch {
    return null;
  }
}

function textBytes(record: Readonly<Record<string, unknown>>): Buffer {
  try {
    return canonicalBytes(record);
  } catch (error) {
    throw new CounterfoilError(
      'usage',
      'the record is not JSON',
      'use only text, finite numbers and plain objects',
      error,
    );
  }
}

/**
 * Which line of the till a publish waits in. Only the gateway decides what a schedule is; a spelling it does not know
 * waits here with the standard ones and is refused there.
 */
function streamGuess(schedule: unknown): Stream {
  return streamOf(readSchedule(schedule) ?? 'NONE');
}
