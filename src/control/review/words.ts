/** Words of review that gateway and command line share: what can be asked for, and what comes back. */
import { z } from 'zod';
import { WAITING_STATES, type WaitingItem, type WaitingState } from '../../buffer/api.ts';
import { SCHEDULES } from '../../record/types.ts';

export const STEPS = ['release', 'dismiss', 'resolve'] as const;
/** `release`: to the PMS after all. `dismiss`: it ends here. `resolve`: it ends here, and a corrected record is admitted. */
export type Step = (typeof STEPS)[number];

/** What a person may do about each state. Only a held record is good as it is, so only it can be released. */
export const STEPS_OF: Readonly<Record<WaitingState, readonly Step[]>> = {
  HELD: ['release', 'dismiss', 'resolve'],
  REJECTED: ['dismiss', 'resolve'],
  SET_ASIDE: ['dismiss', 'resolve'],
  QUARANTINED: ['dismiss', 'resolve'],
  REFUSED: ['dismiss', 'resolve'],
  CONFLICT: ['dismiss', 'resolve'],
};

/** Refused publishes and conflicts became no record; they have numbers of their own. */
export const KIND_OF: Readonly<Record<WaitingState, WaitingItem['of']>> = {
  HELD: 'record',
  REJECTED: 'record',
  SET_ASIDE: 'record',
  QUARANTINED: 'record',
  REFUSED: 'evidence',
  CONFLICT: 'evidence',
};

/** Most subjects of one act: their list must fit one trail entry (64 KiB) and one screen of a person's patience. */
export const MAX_SUBJECTS = 200;
/** Most items of one answer to `review.list`. */
export const MAX_PAGE = 500;

const of = z.enum(['record', 'evidence']);
const number = z.int().positive();
const state = z.enum(WAITING_STATES);
/** 32 bytes as 64 lower-case hex digits. */
const hash = z.string().regex(/^[0-9a-f]{64}$/);
/** A user of the box as the caller names itself; not proved. */
const caller = z.string().regex(/^[\w.@-]{1,64}$/);

export const subjectSchema = z.strictObject({ of, number, state, hash });
export type WireSubject = z.infer<typeof subjectSchema>;

export const itemSchema = z.object({
  of,
  number,
  state,
  lane: z.string(),
  schedule: z.enum(SCHEDULES).nullable(),
  received_at_utc: z.string(),
  /** Seconds since then by the gateway's clock, never below 0. */
  age_seconds: z.number(),
  flags: z.array(z.string()),
  hash,
  reasons: z.array(z.string()),
});
export type WireItem = z.infer<typeof itemSchema>;

export const listParams = z.strictObject({
  of,
  states: z.array(state).min(1),
  after: z.int().min(0).default(0),
  limit: z.int().min(1).max(MAX_PAGE).default(MAX_PAGE),
});
export const listResult = z.object({ items: z.array(itemSchema) });

export const showParams = z.strictObject({ of, number, caller: caller.nullable().default(null) });
export const showResult = z.object({
  item: itemSchema,
  /** The record, or what was published; null when the bytes can no longer be read. */
  content_base64: z.base64().nullable(),
  /** For a conflict: the sequence of the record that holds the key. */
  holder: number.nullable(),
});

export const signerParams = z.strictObject({ kid: z.string().min(1).max(128) });
/** What a statement needs to know of its gateway and signer. */
export const signerResult = z.object({
  gateway_id: z.string(),
  epoch: z.string(),
  printed_name: z.string(),
});

export const actParams = z.strictObject({
  /** The exact text that was signed. */
  statement: z.string().max(64 * 1024),
  /** Detached JWS over it. */
  signature: z.string().max(1024),
  /** The corrected record of a `resolve`, as it would be published. */
  correction_base64: z.base64().nullable().default(null),
});
export const actResult = z.object({
  moved: z.array(z.object({ sequence: number, state: z.string() })),
  correction: z
    .object({ status: z.string(), sequence: number.nullable(), state: z.string(), flags: z.array(z.string()) })
    .nullable(),
  trail: z.object({ log: z.string(), index: z.int(), leaf: z.string() }),
});
export type WireOutcome = z.infer<typeof actResult>;

/** The same of a named user's act, with what was signed for them. */
export const userActResult = actResult.extend({
  act_id: z.string(),
  printed_name: z.string(),
  signed_at_utc: z.string(),
  meaning: z.string(),
});
export type UserOutcome = z.infer<typeof userActResult>;
