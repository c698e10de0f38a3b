/**
 * What gateway and sealer say to each other over the sealer's socket (socket/wire.ts has the frame). Numbers, hashes and
 * origins only: the gateway never names a path, so it can have nothing done outside the trail's folders.
 */
import { z } from 'zod';

/** The longest request is a signing request with its proof, about 4 KiB; the longest answer has two signed notes. */
export const SEALER_REQUEST_BYTES = 16 * 1024;
export const SEALER_ANSWER_BYTES = 64 * 1024;

/** A segment's name has eight digits. */
export const MAX_SEGMENT = 99_999_999;

/** The trails, in the order in which they are gone through. */
export const SEALED_LOGS = ['audit', 'schedule_two'] as const;
export type SealedLog = (typeof SEALED_LOGS)[number];

const log = z.enum(SEALED_LOGS);
const count = z.int().min(0);
const hash = z.string().regex(/^[A-Za-z0-9+/]{43}=$/);
const segment = z.int().min(0).max(MAX_SEGMENT);

/** Parameters of `open` and `seal`. */
export const segmentParams = z.strictObject({ log, n: segment });
export type SegmentParams = z.output<typeof segmentParams>;

/** `sizeBytes` is what the segment holds so far. */
export const openResult = z.object({ appendOnly: z.boolean(), sizeBytes: count });
export type OpenResult = z.output<typeof openResult>;

export const sealResult = z.object({ immutable: z.boolean(), verity: z.boolean() });
export type SealResult = z.output<typeof sealResult>;

export const ARCHIVE_STREAMS = ['standard', 'schedule_two'] as const;
export type ArchiveStream = (typeof ARCHIVE_STREAMS)[number];

/** Parameters of `archive_open`, `archive_seal` and `archive_expire`. */
export const archivePartParams = z.strictObject({
  stream: z.enum(ARCHIVE_STREAMS),
  year: z.int().min(2000).max(9999),
  month: z.int().min(1).max(12),
  part: z.int().min(1).max(9999),
});
export type ArchivePartParams = z.output<typeof archivePartParams>;

export const archiveOpenResult = z.object({ appendOnly: z.boolean(), immutable: z.boolean(), sizeBytes: count });
export type ArchiveOpenResult = z.output<typeof archiveOpenResult>;

export const archiveExpireResult = z.object({ gone: z.literal(true) });

/** A proof of RFC 6962 has at most two hashes for each doubling of the tree. */
export const signParams = z.strictObject({
  log,
  origin: z.string().min(1).max(256),
  size: count,
  root: hash,
  proof: z.array(hash).max(128),
});
export type SignParams = z.output<typeof signParams>;

export const signResult = z.object({ note: z.string() });
export type SignResult = z.output<typeof signResult>;

const headSchema = z.object({ origin: z.string(), size: count, root: hash, note: z.string() });

const logState = z.object({
  /** The newest segment that holds anything; null before the first entry. */
  newest: segment.nullable(),
  /** The segment made ready ahead; null when there is none. */
  spare: segment.nullable(),
  /** Segments below the newest that are not sealed yet. */
  unsealed: count,
  /** The newest checkpoint signed; null before the first. */
  head: headSchema.nullable(),
  /** What keeps the sealer from signing for this trail; null when nothing does. */
  trouble: z.string().nullable(),
});

export const stateResult = z.object({
  /** fs-verity on sealed segments: whether file system, kernel and tools have it. */
  verity: z.boolean(),
  /** The signing key's public half: 32 bytes in base64. Null when the signer cannot work. */
  publicKey: hash.nullable(),
  logs: z.object({ audit: logState, schedule_two: logState }),
});
export type SealerState = z.output<typeof stateResult>;
