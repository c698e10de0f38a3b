/**
 * What lanes and gateway say to each other over MQTT 3.1.1: topics, receipts, status. Shared by the intake stage (which
 * writes receipts) and the lane stage (which reads them), so it lives with the record's words.
 *
 * Writers fill in every member; readers ignore members they do not know and take new flags and reasons as plain text,
 * because a till is updated less often than its gateway.
 */
import { z } from 'zod';
import { STATES } from './types.ts';

const NAME = /^[A-Za-z0-9_-]{1,64}$/;

/** Whether `name` can be a store or a lane: 1 to 64 of `A-Z a-z 0-9 _ -`, so that no topic wildcard or slash gets in. */
export function isTopicName(name: string): boolean {
  return NAME.test(name);
}

function named(what: string, name: string): string {
  if (!isTopicName(name)) throw new RangeError(`${what} name must be 1 to 64 of A-Z a-z 0-9 _ -`);
  return name;
}

const laneTopic = (store: string, lane: string, last: string) =>
  `pos/${named('store', store)}/${named('lane', lane)}/${last}`;

/** Where a lane publishes records. Throws `RangeError` for a bad name, as the three below do. */
export const recordsTopic = (store: string, lane: string): string => laneTopic(store, lane, 'records');
/** Where a lane in training publishes practice records. */
export const trainingTopic = (store: string, lane: string): string => laneTopic(store, lane, 'training');
/** Where a lane finds its receipts. */
export const receiptsTopic = (store: string, lane: string): string => laneTopic(store, lane, 'receipts');
/** The gateway's retained word to all lanes of the store. */
export const statusTopic = (store: string): string => `pos/${named('store', store)}/status`;

export type LaneTopic =
  | { readonly kind: 'records' | 'training' | 'receipts'; readonly store: string; readonly lane: string }
  | { readonly kind: 'status'; readonly store: string };

/** What a topic means, or null when it is none of ours (wildcards are never ours). */
export function parseTopic(topic: string): LaneTopic | null {
  const [pos, store, second, last, ...more] = topic.split('/');
  if (pos !== 'pos' || store === undefined || !isTopicName(store) || more.length > 0) return null;
  if (second === undefined) return null;
  if (last === undefined) return second === 'status' ? { kind: 'status', store } : null;
  if (!isTopicName(second)) return null;
  if (last !== 'records' && last !== 'training' && last !== 'receipts') return null;
  return { kind: last, store, lane: second };
}

export const RECEIPT_STATUSES = [
  'accepted',
  'duplicate',
  'conflict',
  'refused',
  'deferred',
  'synced',
  'held',
  'rejected',
  'resolved',
] as const;
/** `deferred` means not stored, not acknowledged, try again; the last four may come long after the first answer. */
export type ReceiptStatus = (typeof RECEIPT_STATUSES)[number];

/** 32 bytes as 64 lower-case hex digits. */
const hash = z.string().regex(/^[0-9a-f]{64}$/);
/** One life of a buffer file: 8 lower-case hex digits. */
const epoch = z.string().regex(/^[0-9a-f]{8}$/);

const receiptReasonSchema = z.object({
  code: z.string(),
  /** Member name, or null when the whole publish is meant. */
  field: z.string().nullable(),
  message: z.string(),
});

const receiptTrailSchema = z.object({
  log: z.string(),
  index: z.number().int().nonnegative(),
  /** RFC 6962 leaf hash in base64, exactly as it stands at the end of the trail's line. */
  leaf: z.string(),
  /** Newest checkpoint (a C2SP signed note) at the time of the receipt; null before the first one. */
  checkpoint: z.string().nullable(),
});

/** The answer to one publish, UTF-8 JSON on the lane's receipts topic. */
export const receiptSchema = z.object({
  /** Null when the publish was refused and no key could be read from it. */
  idempotency_key: z.string().nullable(),
  status: z.enum(RECEIPT_STATUSES),
  /** Null for `deferred`: nothing was stored. */
  state: z.enum(STATES).nullable(),
  epoch,
  /** Null for a publish that became no record. */
  sequence: z.number().int().positive().nullable(),
  /** `{gateway_id}-{epoch}-{sequence, 12 digits}`; with `training` before the digits for a practice record. */
  sequence_id: z.string().nullable(),
  /** SHA-256 of the RFC 8785 form as sent; null when the publish was not JSON. */
  lane_hash: hash.nullable(),
  payload_hash: hash.nullable(),
  /** RFC 3339, UTC, milliseconds. */
  received_at_utc: z.string(),
  flags: z.array(z.string()).readonly(),
  reasons: z.array(receiptReasonSchema.readonly()).readonly(),
  /** Null for `deferred`, which the trail only counts. */
  trail: receiptTrailSchema.readonly().nullable(),
  /** Only for what came on the training topic: nothing was sold, and `sequence` is the practice record's own number. */
  training: z.literal(true).optional(),
});
export type Receipt = Readonly<z.infer<typeof receiptSchema>>;

/** The gateway's state as lanes see it, retained JSON on the status topic; no record data. */
export const statusSchema = z.object({
  gateway_id: z.string(),
  epoch,
  mode: z.string(),
  link: z.string(),
  storage: z.string(),
  checkpoint: z.string().nullable(),
  /** RFC 3339, UTC, milliseconds: the gateway's clock when it wrote this. */
  gateway_time_utc: z.string(),
  clock: z.string(),
  /** What has to be added to `gateway_time_utc` to get official time, and how sure that is; null while not known. */
  clock_offset_ms: z.number().int().nullable().default(null),
  clock_uncertainty_ms: z.number().int().nonnegative().nullable().default(null),
  /** Since when mode, link and storage are as they are; RFC 3339, UTC. */
  since: z.string(),
});
/** A status as a lane reads it. */
export type SeenStatus = Readonly<z.infer<typeof statusSchema>>;

/** A status as the gateway writes it. */
export interface Status extends SeenStatus {
  readonly mode: 'NORMAL' | 'FALLBACK' | 'RECONCILING' | 'CAPTURE';
  readonly link: 'ONLINE' | 'DEGRADED' | 'OFFLINE';
  /** The storage breaker's level; `RESERVE` is the part of `OPEN` in which only Schedule II is taken. */
  readonly storage: 'CLOSED' | 'HALF_OPEN' | 'OPEN' | 'RESERVE' | 'FULL';
  readonly clock: 'unknown' | 'synchronised' | 'unsynchronised';
}

/** The stable name of a record across stores and epochs. */
export function sequenceId(gatewayId: string, epochId: string, sequence: number): string {
  return `${gatewayId}-${epochId}-${String(sequence).padStart(12, '0')}`;
}

/** The name of a practice record: one no record can have. */
export function practiceId(gatewayId: string, epochId: string, sequence: number): string {
  return sequenceId(gatewayId, `${epochId}-training`, sequence);
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch {
    return undefined;
  }
}

/** The receipt in an MQTT payload, or null when it is none (a lane must never stop over a bad message). */
export function parseReceipt(bytes: Uint8Array): Receipt | null {
  return receiptSchema.safeParse(parseJson(bytes)).data ?? null;
}

/** The status in an MQTT payload, or null when it is none. */
export function parseStatus(bytes: Uint8Array): SeenStatus | null {
  return statusSchema.safeParse(parseJson(bytes)).data ?? null;
}
