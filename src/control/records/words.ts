/** Words of looking into records and of their expiry that gateway and command line share. */
import { z } from 'zod';

const caller = z.string().regex(/^[\w.@-]{1,64}$/);
const stream = z.enum(['standard', 'schedule_two']);
const month = z.string().regex(/^[0-9]{4}-[0-9]{2}$/);
const hash = z.string().regex(/^[0-9a-f]{64}$/);

export const WAYS = ['search', 'export'] as const;
export type LookWay = (typeof WAYS)[number];

/** Names of kinds of condition; never their values. */
const kinds = z.array(z.string().regex(/^[a-z_]{1,24}$/)).max(24);

export const noParams = z.strictObject({});

export const beginParams = z.strictObject({
  caller: caller.nullable(),
  way: z.enum(WAYS),
  kinds,
  /** The filter itself: only its keyed hash is kept. */
  filter: z.string().max(64 * 1024),
  /** Whether Schedule II records may be among what is found. */
  schedule_two: z.boolean(),
});
export const beginResult = z.object({ look: z.string() });

export const endParams = z.strictObject({
  caller: caller.nullable(),
  way: z.enum(WAYS),
  look: z.string().regex(/^[0-9a-f]{16}$/),
  count: z.int().min(0),
  schedule_two: z.boolean(),
});

export const monthSchema = z.object({
  stream,
  month,
  files: z.int(),
  records: z.int(),
  bytes: z.int(),
  /** Of the last record in it. */
  received_until_utc: z.string(),
  /** First moment at which it may be destroyed. */
  kept_until_utc: z.string(),
  hash,
});
export type WireMonth = z.infer<typeof monthSchema>;
export const monthsResult = z.object({ gateway_id: z.string(), epoch: z.string(), months: z.array(monthSchema) });

export const expirySubjectSchema = z.strictObject({ stream, month, records: z.int().min(1), hash });
/** Months named in one act: 6 years of both streams, twice. */
export const MAX_MONTHS = 288;

const signed = z.strictObject({ statement: z.string().max(96 * 1024), signature: z.string().max(1024) });
/** Each person signs a statement of their own. */
export const expireParams = z.strictObject({ first: signed, second: signed });
export const expireResult = z.object({ trail: z.object({ log: z.string(), index: z.int(), leaf: z.string() }) });
