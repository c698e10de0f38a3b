/** The file of lanes (`{data_dir}/lanes/lanes.json`): who was invited, which certificates were issued, what was revoked. */
import { z } from 'zod';
import { isTopicName } from '../record/lane-wire.ts';

/** More than a store has tills; it bounds the file, and what a revoked lane can leave in it. */
export const MOST_LANES = 1000;
/** Of one lane; the oldest goes when one more is issued, unless it is revoked and not yet long past its end. */
export const MOST_CERTIFICATES = 16;

const digest = z.hex().length(64);
const utc = z.iso.datetime();
const base64 = z.base64().max(128);

const certificateSchema = z.strictObject({
  /** SHA-256 of the certificate (DER), hex. */
  sha256: digest,
  /** SHA-256 of its public key (SPKI, DER), hex. */
  key: digest,
  serial: z.string().regex(/^[0-9A-F]{2,40}$/),
  issued_at_utc: utc,
  until_utc: utc,
  revoked_at_utc: utc.nullable(),
  pem: z.string().max(8192),
});

const codeSchema = z.strictObject({
  /** SHA-256 of the code's secret, hex. */
  sha256: digest,
  until_utc: utc,
  /** The key that has used it; the same one may ask again for what it has been given. Null: not used. */
  key: digest.nullable(),
});

const passwordSchema = z.strictObject({
  memory_kib: z.int().min(1024).max(1_048_576),
  passes: z.int().min(1).max(16),
  salt: base64,
  verifier: base64,
  set_at_utc: utc,
});

const laneSchema = z.strictObject({
  name: z.string().refine(isTopicName),
  code: codeSchema.nullable(),
  certificates: z.array(certificateSchema).max(4 * MOST_CERTIFICATES),
  password: passwordSchema.nullable(),
  /** Revoked: nobody comes in by this name, with whatever certificate, until it is enrolled again. */
  blocked: z.boolean(),
  /** Was revoked once: from then on only certificates in this file count, not every one of the authority. */
  listed_only: z.boolean(),
});

export const lanesFileSchema = z.strictObject({
  version: z.literal(1),
  /** Number of the last revocation list that was made. */
  list_number: z.int().min(0),
  lanes: z.array(laneSchema).max(MOST_LANES),
});

export type LanesFile = z.infer<typeof lanesFileSchema>;
export type StoredLane = z.infer<typeof laneSchema>;
export type StoredCertificate = z.infer<typeof certificateSchema>;
export type StoredLanePassword = z.infer<typeof passwordSchema>;

export const NO_LANES: LanesFile = { version: 1, list_number: 0, lanes: [] };
