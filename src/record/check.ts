/**
 * The one door for records: bytes as published in, a checked record or every reason against it out. Pure and without
 * state, so two boxes given the same bytes at the same time decide the same. Runs once for each publish, on the thread
 * that also talks to lanes: `bench/record.ts` says what it costs.
 */
import { hash } from 'node:crypto';
import { type CanonicalMembers, canonicalMembers, joinMembers } from './canonical.ts';
import { type Circumstances, flagsOf } from './flags.ts';
import { type Instant, readInstant } from './instant.ts';
import { normaliseNdc } from './ndc.ts';
import { type Normalised, normalisedText } from './normalise.ts';
import { reason } from './reason.ts';
import { hasMembers, isObject, readKey, refusalsOf, withoutForeignName } from './refusal.ts';
import { readSchedule } from './schedule.ts';
import type { RecordMembers } from './schema.ts';
import { judgeSignatures, type SignatureJudge, type SignatureVerdict } from './signatures.ts';
import { type JsonObject, MAX_EVIDENCE_BYTES, parse, readStrictJson, type StrictReading } from './strict-json.ts';
import { type CheckOutcome, type Reason, streamOf } from './types.ts';

/** What the record is judged by, beside itself. */
export interface CheckContext extends Circumstances {
  /** Says who has signed a Schedule II record. Left out: by nobody's keys, so that no signature counts. */
  readonly signatures?: SignatureJudge;
}

/**
 * Checks one publish. Never throws, whatever the bytes. Accepted: `payload` are new bytes, nothing refers to the input.
 * Refused: `laneHash` is null where the JSON itself was refused, because then there is no one form of it.
 */
export function checkRecord(bytes: Uint8Array, context: CheckContext): CheckOutcome {
  const reading = readStrictJson(bytes);
  if (!reading.ok) return refusedJson(bytes, reading);
  const { value } = reading;
  if (!isObject(value)) {
    return refused(null, null, [reason('not_an_object', null, 'send the record as one JSON object')]);
  }
  return checkObject(value, context);
}

function checkObject(object: JsonObject, context: CheckContext): CheckOutcome {
  const sent = canonicalMembers(object);
  const sentText = joinMembers(sent);
  const laneHash = sha256(sentText);
  if (!hasMembers(object)) return refused(readKey(object), laneHash, refusalsOf(object));
  const dispensedAt = readInstant(object.dispensed_at_utc);
  const schedule = readSchedule(object.schedule);
  if (dispensedAt === null || schedule === null) {
    return refused(readKey(object), laneHash, refusalsOf(object));
  }
  const ndc = normaliseNdc(object.ndc, context.products);
  const values: Normalised = { ndc: ndc.ndc, schedule, dispensed_at_utc: dispensedAt.utcText };
  const storedText = normalisedText(sent, sentText, values);
  const signed = schedule === 'II' ? firstVerification(object, sent, dispensedAt, context) : NOTHING_TO_SAY;
  return {
    ok: true,
    record: {
      idempotencyKey: object.idempotency_key,
      schedule,
      stream: streamOf(schedule),
      kind: object.kind ?? 'DISPENSE',
      refersTo: object.refers_to ?? null,
      laneInstance: object.lane_instance ?? null,
      laneSequence: object.lane_sequence ?? null,
      fillIdentity: fillIdentity(object),
      laneHash,
      payload: Buffer.from(storedText ?? sentText, 'utf8'),
      payloadHash: storedText === null ? laneHash : sha256(storedText),
      flags: flagsOf({ members: object, ndc, schedule, dispensedAt, signed: signed.flags }, context),
    },
    notes: signed.notes,
    witnessed: object.witnessed_checkpoint ?? null,
    dispensedAtMs: dispensedAt.utcMs,
  };
}

const NOTHING_TO_SAY: SignatureVerdict = { flags: [], notes: [] };
const nobodysKeys: SignatureJudge = (record) => judgeSignatures(record, null, false);

function firstVerification(
  members: RecordMembers,
  sent: CanonicalMembers,
  dispensedAt: Instant,
  { signatures: judge = nobodysKeys, receivedAtMs, clock }: CheckContext,
): SignatureVerdict {
  return judge({
    signatures: members.signatures ?? [],
    signedBytes: () => signedBytes(sent),
    pharmacistNpi: members.pharmacist_npi,
    dispensedAtMs: dispensedAt.utcMs,
    receivedAtMs: clock === 'unsynchronised' ? null : receivedAtMs,
  });
}

/** What a Schedule II record's signatures are over: its RFC 8785 form as sent, without them. */
function signedBytes({ names, texts }: CanonicalMembers): Buffer {
  return Buffer.from(`{${texts.filter((_text, index) => names[index] !== 'signatures').join(',')}}`, 'utf8');
}

/**
 * Equal for two sales of the same fill, null for what is no sale. A fill or partial number that is left out counts as
 * 0. Numbers come first, so that no prescription identifier can look like another one's numbers.
 */
function fillIdentity(members: RecordMembers): string | null {
  if (members.kind !== undefined && members.kind !== 'DISPENSE' && members.kind !== 'PARTIAL_FILL') return null;
  return `${members.fill_number ?? 0}/${members.partial_number ?? 0}/${members.prescription_id}`;
}

/** JSON that is not certain: whatever can still be read goes into the answer, so that the lane can match it. */
function refusedJson(bytes: Uint8Array, reading: Extract<StrictReading, { ok: false }>): CheckOutcome {
  const value = reading.value ?? (bytes.length <= MAX_EVIDENCE_BYTES ? parse(bytes) : undefined);
  const keyTwice = reading.reasons.some(
    ({ code, field }) => code === 'duplicate_member' && field === 'idempotency_key',
  );
  const others = isObject(reading.value) ? refusalsOf(reading.value) : [];
  const known = reading.reasons.map(withoutForeignName);
  const first = known.filter(
    ({ code, field }, index) => index === known.findIndex((r) => r.code === code && r.field === field),
  );
  return refused(keyTwice ? null : readKey(value), null, [...first, ...others]);
}

function refused(idempotencyKey: string | null, laneHash: Buffer | null, reasons: readonly Reason[]): CheckOutcome {
  return { ok: false, idempotencyKey, laneHash, reasons };
}

/** SHA-256 of a text's UTF-8 bytes. By way of hex because `hash` makes a buffer of its own outside the heap otherwise. */
function sha256(text: string): Buffer {
  return Buffer.from(hash('sha256', text, 'hex'), 'hex');
}
