/**
 * What travels between gateway and PMS, as zod schemas with their types. The descriptions are for those who build a PMS:
 * they go into the published contract (`docs/openapi/pms.yaml`), which is generated from these schemas. Every schema says no to what would make an
 * answer worth nothing (a missing key, a hash that is not one) and lets unknown members pass, so that either side may
 * be newer than the other.
 *
 * Every request carries the Bearer token, the ping too. Hashes are SHA-256 as 64 lower-case hex digits, times RFC 3339
 * in UTC. `Content-Digest` is taken over the bytes on the wire, after gzip or zstd (RFC 9530 section 2); the batch key
 * in `X-Idempotency-Key` stands for the JSON bytes before that.
 *
 * A batch is all or nothing up to its order: `409` stores none of it. After that the PMS works through it entry by
 * entry and stops at the first `hash_mismatch`, which does not use its number up: entries behind it have no result.
 */
import { hash } from 'node:crypto';
import { z } from 'zod';
import { STREAMS } from './types.ts';

/** Paths under the PMS's base URL. */
export const PMS_PATHS = {
  ping: '/api/v1/inventory/ping',
  sync: '/api/v1/transactions/sync',
  lookup: '/api/v1/transactions/sync/lookup',
} as const;

/** Verdicts on one entry of a batch. `noted` answers a gap marker, all others a record. */
const SYNC_STATUSES = ['accepted', 'duplicate', 'rejected', 'hash_mismatch', 'pending_verification', 'noted'] as const;
export type SyncStatus = (typeof SYNC_STATUSES)[number];

/** What a look-up can say about a key. `unknown`: the PMS holds nothing under it. */
const LOOKUP_STATUSES = ['accepted', 'rejected', 'pending_verification', 'declined', 'unknown'] as const;

/** What a member means, for the published contract. */
function say<T extends z.ZodType>(schema: T, description: string): T {
  return schema.meta({ description });
}

export const Hash = say(
  z.string().regex(/^[0-9a-f]{64}$/, 'SHA-256 as 64 lower-case hex digits'),
  'SHA-256 as 64 lower-case hex digits.',
);
export const Key = say(
  z.string().regex(/^[A-Za-z0-9._~-]{8,128}$/, '8 to 128 of A-Z a-z 0-9 . _ ~ -'),
  'The idempotency key of a record: chosen by the till, unique per store, the same for every attempt to send it.',
);
export const Epoch = say(
  z.string().regex(/^[0-9a-f]{8}$/, '8 lower-case hex digits'),
  'One life of the gateway’s buffer. Every number starts at 1 in each epoch.',
);
const Name = z.string().min(1).max(128);
export const Sequence = say(
  z.number().int().min(1).max(Number.MAX_SAFE_INTEGER),
  'A number of an entry, counted from 1 without gaps.',
);
export const Utc = say(z.iso.datetime(), 'RFC 3339 in UTC, with `Z`; fractions of a second allowed.');
const StreamWord = say(
  z.enum(STREAMS),
  'Which ordered line of records: `schedule_two` or `standard` (all else). Each is numbered and sent by itself.',
);

/** `GET ping`, 200. A page of a captive portal has no such body. */
export const PingResponse = z.looseObject({
  status: say(z.literal('ok'), 'Anything else counts as a failed heartbeat.'),
  time_utc: say(Utc, 'The PMS’s own time. Gateways compare it with theirs; it never decides an order.'),
});
export type PingResponse = z.infer<typeof PingResponse>;

/** One record as sent. `payload` is the stored RFC 8785 bytes put in as they are; `payload_hash` is their SHA-256. */
export const SyncRecord = z.looseObject({
  stream_sequence: say(Sequence, 'Its number in its gateway, epoch and stream: the order at the PMS.'),
  sequence: say(
    Sequence,
    'Its number in its gateway and epoch, over both streams. For people; it has gaps in a stream.',
  ),
  sequence_id: say(
    z.string().min(1).max(200),
    '`{gateway_id}-{epoch}-{sequence, 12 digits}`: names the record in talk.',
  ),
  idempotency_key: Key,
  lane: say(Name, 'The till it came from.'),
  lane_hash: say(Hash, 'SHA-256 of the RFC 8785 form of the record as the till sent it.'),
  payload_hash: say(Hash, 'SHA-256 of the RFC 8785 form of `payload`. Compute it yourself and compare; echo it.'),
  schedule: say(
    z.string().min(1).max(16),
    'II, III, IV, V or NONE. Any text is of the wire format: a PMS rejects a record of a schedule it does not know, not ' +
      'the batch it came in.',
  ),
  received_at_utc: say(Utc, 'When the gateway took it in, by its own clock.'),
  flags: say(
    z.array(z.string().min(1).max(64)).max(64),
    'Why the gateway finds it doubtful, as codes (`npi_invalid`, `ndc_unresolved`, …). New codes may come.',
  ),
  dual_verification: say(
    z.boolean().optional(),
    'Present and true for Schedule II: the PMS has to verify the record a second time before it says `accepted`.',
  ),
  payload: say(
    z.record(z.string(), z.unknown()),
    'The record itself, as stored at the gateway, in RFC 8785 form. Members you do not know count for the hash too.',
  ),
});
export type SyncRecord = z.infer<typeof SyncRecord>;

/** Sent in place of a record that cannot be sent, so that the stream stays without holes. Known by its `gap` member. */
export const GapMarker = z.looseObject({
  stream_sequence: say(Sequence, 'The number it uses up.'),
  sequence: say(Sequence, 'The number of the record that is missing here.'),
  payload_hash: say(Hash, 'The hash of the record that is missing here. Echo it.'),
  gap: say(
    z.enum(['set_aside', 'quarantined']),
    '`set_aside`: the PMS could not be brought to take it. `quarantined`: the stored bytes no longer match their hash.',
  ),
});
export type GapMarker = z.infer<typeof GapMarker>;

/** Base64 of 32 bytes. */
const ProofHash = z.string().regex(/^[A-Za-z0-9+/]{43}=$/, 'base64 of 32 bytes');
const TreeSize = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
/** More hashes than a tree of that many entries can need (c2sp.org/tlog-witness). */
const MAX_PROOF_HASHES = 63;
const Note = z.string().min(1).max(8192);
const VerifierKeyText = say(
  z.string().min(1).max(1024),
  'A key as C2SP signed-note writes it: `name+hex(key id)+base64(type ‖ public key)`.',
);

/** What a witness needs beside the checkpoint (c2sp.org/tlog-witness, carried by the batch instead of a request). */
export const WitnessOffer = z.looseObject({
  key: say(VerifierKeyText, 'The key that signs the checkpoint. Pin its 32 bytes when you first see them.'),
  old_size: say(
    TreeSize,
    'The size that you have cosigned last for this origin, as far as the gateway knows; 0: none.',
  ),
  proof: say(
    z.array(ProofHash).max(MAX_PROOF_HASHES),
    'RFC 6962 consistency proof from `old_size` to the checkpoint’s size, base64; empty from 0 and between equal sizes.',
  ),
});
export type WitnessOffer = z.infer<typeof WitnessOffer>;

/** `POST sync`. `records` continue each other: entry i has `stream_sequence` = `first_sequence` + i. */
export const SyncRequest = z.looseObject({
  gateway_id: say(Name, 'One gateway is one store with one DEA registration.'),
  epoch: Epoch,
  stream: StreamWord,
  first_sequence: say(Sequence, '`stream_sequence` of the first entry; entry i has `first_sequence` + i.'),
  checkpoint: say(
    Note.nullish(),
    'Newest signed checkpoint of the stream’s audit trail (C2SP signed note); null or absent until there is one. Keep it: ' +
      'you are a witness.',
  ),
  witness: say(
    WitnessOffer.nullish(),
    'Beside a checkpoint you have not cosigned yet. Null or absent: there is nothing to cosign.',
  ),
  records: say(
    z.array(z.union([GapMarker, SyncRecord])).min(1),
    'Records and gap markers in stream order. An entry with `gap` and without `payload` is a gap marker.',
  ),
});
export type SyncRequest = z.infer<typeof SyncRequest>;

/** Whether an entry of a batch stands for a record that cannot be sent. */
export function isGapMarker(entry: GapMarker | SyncRecord): entry is GapMarker {
  return typeof entry.gap === 'string' && entry.payload === undefined;
}

/** The PMS's own check of a Schedule II record: it counts only for the hash it names. */
export const Verification = z.looseObject({
  status: z.literal('verified'),
  payload_hash: say(Hash, 'The hash that was verified. It counts for this hash only.'),
  verifier_id: say(
    Name,
    'Who verified, as the PMS names people or services. Goes into the store’s DEA audit manifest.',
  ),
  verified_at_utc: Utc,
});
export type Verification = z.infer<typeof Verification>;

/**
 * The PMS's answer to one entry. `payload_hash` and `idempotency_key` echo what was sent, with `hash_mismatch` too
 * (what the PMS computed is then in `computed_hash`). A gap marker has no key, so neither has its answer.
 */
export const SyncResult = z.looseObject({
  stream_sequence: say(Sequence, 'Echo.'),
  idempotency_key: say(Key.nullish(), 'Echo; required for a record. Absent or null for a gap marker.'),
  payload_hash: say(Hash, 'Echo of what was sent, with `hash_mismatch` too.'),
  status: say(z.enum(SYNC_STATUSES), 'The verdict; see the operation.'),
  pms_id: say(Name.nullish(), 'Your own name for the record. Kept in the gateway’s trail.'),
  reason: say(
    z.string().max(256).nullish(),
    'Why `rejected`: a short code or text without record data. A person in the store reads it.',
  ),
  computed_hash: say(Hash.nullish(), 'With `hash_mismatch`: the hash you computed.'),
  verification: say(Verification.nullish(), 'Required with `accepted` and `duplicate` of a Schedule II record.'),
});
export type SyncResult = z.infer<typeof SyncResult>;

const WITNESS_ERROR_CODES = ['stale', 'inconsistent', 'unknown_key', 'bad_checkpoint'] as const;

/** Why a checkpoint was not cosigned. Nothing follows from it for the records beside it. */
export const WitnessError = z.looseObject({
  code: say(
    z.enum(WITNESS_ERROR_CODES),
    '`stale`: `old_size` is not what you cosigned last. `inconsistent`: the proof does not hold, or you cosigned another ' +
      'tree of that size. `unknown_key`: signed by another key than the one you have pinned for this gateway and trail. ' +
      '`bad_checkpoint`: no signed checkpoint of this gateway, epoch and trail.',
  ),
  size: say(TreeSize, 'The size you cosigned last for this origin, 0 for none. The gateway’s next proof starts there.'),
  checkpoint: say(
    Note.nullish(),
    'The checkpoint you cosigned last, as the gateway had signed it. It proves to the gateway what it once had; your word ' +
      'alone does not.',
  ),
});
export type WitnessError = z.infer<typeof WitnessError>;

/** What a 200 says about the checkpoint, beside the results. */
const WITNESSED = {
  cosignature: say(
    z.string().max(8192).nullish(),
    'Your cosignature under the checkpoint (C2SP tlog-cosignature, a signature line; several lines end in a line feed ' +
      'each). Persist the checkpoint first. Kept in the gateway’s trail.',
  ),
  witness_key: say(
    VerifierKeyText.nullish(),
    'The verifier key of the cosignature. A store that has none configured pins the first one it sees.',
  ),
  witness_error: say(WitnessError.nullish(), 'In place of a cosignature.'),
};

/** `POST sync`, 200, as the PMS writes it. */
export const SyncResponse = z.looseObject({
  results: say(z.array(SyncResult), 'One for each entry worked on, in the order of the entries.'),
  ...WITNESSED,
});
export type SyncResponse = z.infer<typeof SyncResponse>;

/** The same members as a careful reader takes them: whatever is wrong with them is wrong with them alone. */
export const WitnessAnswer = z.looseObject({
  cosignature: WITNESSED.cosignature.catch(null),
  witness_key: WITNESSED.witness_key.catch(null),
  witness_error: WITNESSED.witness_error.catch(null),
});
export type WitnessAnswer = z.infer<typeof WitnessAnswer>;

/**
 * The same answer as a careful reader takes it: each element is then checked by `SyncResult` alone, so that one
 * element that makes no sense leaves one record unsettled and not its whole batch.
 */
export const SyncResponseEnvelope = z.looseObject({
  results: z.array(z.unknown()),
});
export type SyncResponseEnvelope = z.infer<typeof SyncResponseEnvelope>;

/** `POST sync`, 409: the batch does not continue the stream; nothing of it was stored. */
export const ConflictResponse = z.looseObject({
  expected_sequence: say(
    Sequence,
    'The `stream_sequence` that comes next in this gateway, epoch and stream: one more than the highest number used up; 1 ' +
      'for a stream you have never heard of.',
  ),
  witness_error: say(
    WitnessError.nullish(),
    'What is wrong with the checkpoint that came along, if anything is. A store whose disk was put back to an earlier day ' +
      'meets both at once. Nothing is cosigned with a 409.',
  ),
});
export type ConflictResponse = z.infer<typeof ConflictResponse>;

/** `POST lookup`. Keys are unique per store only: name the gateway, or get every gateway's record of that key. */
export const LookupRequest = z.looseObject({
  keys: z.array(Key).min(1).max(1000),
  gateway_id: say(Name.optional(), 'Answer for this gateway’s records only.'),
});
export type LookupRequest = z.infer<typeof LookupRequest>;

/** What the PMS holds under a key. All but key and status are absent for `unknown`. */
export const LookupResult = z.looseObject({
  idempotency_key: Key,
  status: say(
    z.enum(LOOKUP_STATUSES),
    '`unknown`: nothing is held under this key. `declined`: the second verification ended in a no.',
  ),
  payload_hash: say(Hash.nullish(), 'Required for all but `unknown`: without it the answer settles nothing.'),
  pms_id: Name.nullish(),
  reason: say(z.string().max(256).nullish(), 'Why rejected or declined, without record data.'),
  gateway_id: Name.nullish(),
  epoch: Epoch.nullish(),
  stream: StreamWord.nullish(),
  stream_sequence: Sequence.nullish(),
  verification: say(Verification.nullish(), 'Required with `accepted` of a Schedule II record.'),
});
export type LookupResult = z.infer<typeof LookupResult>;

/** `POST lookup`, 200. */
export const LookupResponse = z.looseObject({ results: z.array(LookupResult) });
export type LookupResponse = z.infer<typeof LookupResponse>;

/** The value of `Content-Digest` for these bytes: `sha-256=:…:` (RFC 9530 section 2). */
export function contentDigestOf(bytes: Uint8Array): string {
  return `sha-256=:${hash('sha256', bytes, 'base64')}:`;
}
