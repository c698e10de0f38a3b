/**
 * What travels between gateway and PMS, as zod schemas with their types. Every schema says no to what would make an
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

const Hash = z.string().regex(/^[0-9a-f]{64}$/, 'SHA-256 as 64 lower-case hex digits');
const Key = z.string().regex(/^[A-Za-z0-9._~-]{8,128}$/, '8 to 128 of A-Z a-z 0-9 . _ ~ -');
const Epoch = z.string().regex(/^[0-9a-f]{8}$/, '8 lower-case hex digits');
const Name = z.string().min(1).max(128);
const Sequence = z.number().int().min(1).max(Number.MAX_SAFE_INTEGER);
const Utc = z.iso.datetime();

/** `GET ping`, 200. A page of a captive portal has no such body. */
export const PingResponse = z.looseObject({ status: z.literal('ok'), time_utc: Utc });
export type PingResponse = z.infer<typeof PingResponse>;

/** One record as sent. `payload` is the stored RFC 8785 bytes put in as they are; `payload_hash` is their SHA-256. */
export const SyncRecord = z.looseObject({
  stream_sequence: Sequence,
  sequence: Sequence,
  /** `{gateway_id}-{epoch}-{sequence, 12 digits}` */
  sequence_id: z.string().min(1).max(200),
  idempotency_key: Key,
  lane: Name,
  lane_hash: Hash,
  payload_hash: Hash,
  /** Any text here: a PMS that does not know a schedule rejects that record, not the batch it came in. */
  schedule: z.string().min(1).max(16),
  received_at_utc: Utc,
  flags: z.array(z.string().min(1).max(64)).max(64),
  /** Present and true for Schedule II: the PMS has to verify it a second time. */
  dual_verification: z.boolean().optional(),
  payload: z.record(z.string(), z.unknown()),
});
export type SyncRecord = z.infer<typeof SyncRecord>;

/** Sent in place of a record that cannot be sent, so that the stream stays without holes. Known by its `gap` member. */
export const GapMarker = z.looseObject({
  stream_sequence: Sequence,
  sequence: Sequence,
  payload_hash: Hash,
  gap: z.enum(['set_aside', 'quarantined']),
});
export type GapMarker = z.infer<typeof GapMarker>;

/** `POST sync`. `records` continue each other: entry i has `stream_sequence` = `first_sequence` + i. */
export const SyncRequest = z.looseObject({
  gateway_id: Name,
  epoch: Epoch,
  stream: z.enum(STREAMS),
  first_sequence: Sequence,
  /** Newest signed checkpoint of the stream's trail (C2SP signed note); null or absent until there is one. */
  checkpoint: z.string().max(8192).nullish(),
  records: z.array(z.union([GapMarker, SyncRecord])).min(1),
});
export type SyncRequest = z.infer<typeof SyncRequest>;

/** Whether an entry of a batch stands for a record that cannot be sent. */
export function isGapMarker(entry: GapMarker | SyncRecord): entry is GapMarker {
  return typeof entry.gap === 'string' && entry.payload === undefined;
}

/** The PMS's own check of a Schedule II record: it counts only for the hash it names. */
export const Verification = z.looseObject({
  status: z.literal('verified'),
  payload_hash: Hash,
  verifier_id: Name,
  verified_at_utc: Utc,
});
export type Verification = z.infer<typeof Verification>;

/**
 * The PMS's answer to one entry. `payload_hash` and `idempotency_key` echo what was sent, with `hash_mismatch` too
 * (what the PMS computed is then in `computed_hash`). A gap marker has no key, so neither has its answer.
 */
export const SyncResult = z.looseObject({
  stream_sequence: Sequence,
  idempotency_key: Key.nullish(),
  payload_hash: Hash,
  status: z.enum(SYNC_STATUSES),
  pms_id: Name.nullish(),
  /** Why `rejected`: a short code or text without record data. */
  reason: z.string().max(256).nullish(),
  computed_hash: Hash.nullish(),
  verification: Verification.nullish(),
});
export type SyncResult = z.infer<typeof SyncResult>;

/** `POST sync`, 200, as the PMS writes it. */
export const SyncResponse = z.looseObject({
  results: z.array(SyncResult),
  cosignature: z.string().max(8192).nullish(),
});
export type SyncResponse = z.infer<typeof SyncResponse>;

/**
 * The same answer as a careful reader takes it: each element is then checked by `SyncResult` alone, so that one
 * element that makes no sense leaves one record unsettled and not its whole batch.
 */
export const SyncResponseEnvelope = z.looseObject({
  results: z.array(z.unknown()),
  cosignature: z.string().max(8192).nullish(),
});
export type SyncResponseEnvelope = z.infer<typeof SyncResponseEnvelope>;

/** `POST sync`, 409: the batch does not continue the stream; nothing of it was stored. */
export const ConflictResponse = z.looseObject({ expected_sequence: Sequence });
export type ConflictResponse = z.infer<typeof ConflictResponse>;

/** `POST lookup`. Keys are unique per store only: name the gateway, or get every gateway's record of that key. */
export const LookupRequest = z.looseObject({
  keys: z.array(Key).min(1).max(1000),
  gateway_id: Name.optional(),
});
export type LookupRequest = z.infer<typeof LookupRequest>;

/** What the PMS holds under a key. All but key and status are absent for `unknown`. */
export const LookupResult = z.looseObject({
  idempotency_key: Key,
  status: z.enum(LOOKUP_STATUSES),
  payload_hash: Hash.nullish(),
  pms_id: Name.nullish(),
  reason: z.string().max(256).nullish(),
  gateway_id: Name.nullish(),
  epoch: Epoch.nullish(),
  stream: z.enum(STREAMS).nullish(),
  stream_sequence: Sequence.nullish(),
  verification: Verification.nullish(),
});
export type LookupResult = z.infer<typeof LookupResult>;

/** `POST lookup`, 200. */
export const LookupResponse = z.looseObject({ results: z.array(LookupResult) });
export type LookupResponse = z.infer<typeof LookupResponse>;

/** The value of `Content-Digest` for these bytes: `sha-256=:…:` (RFC 9530 section 2). */
export function contentDigestOf(bytes: Uint8Array): string {
  return `sha-256=:${hash('sha256', bytes, 'base64')}:`;
}
