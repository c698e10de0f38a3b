/**
 * The members of a record: one zod schema for the hot path, the messages to lane developers and the published JSON
 * Schema. Unknown members are kept. What the schema leaves open (times that exist, `lane_sequence` only with
 * `lane_instance`) is in `refusal.ts`; what is only doubtful is in `flags.ts`.
 *
 * Limits are wide on purpose: a limit here refuses a sale that has already happened. They are there so that nothing is
 * without limit. A member that does not belong to the record's kind is kept and does not count.
 */
import { z } from 'zod';
import { DATE_PATTERN, INSTANT_PATTERN, isCalendarDate } from './instant.ts';
import { SCHEDULE_NUMBERS, SCHEDULE_PATTERN } from './schedule.ts';

export const KEY_PATTERN = /^[A-Za-z0-9._~-]{8,128}$/;

/** Names that belong to the gateway: there it puts what was sent where normalising changed it. */
export const SENT_BESIDE = {
  dispensed_at_utc: 'dispensed_at_utc_sent',
  ndc: 'ndc_sent',
  schedule: 'schedule_sent',
} as const;

/** `send` is what a lane has to send: it ends the sentence "<member>: send …" and describes the member in JSON Schema. */
function member<T extends z.ZodType>(schema: T, send: string): T {
  return schema.meta({ description: send });
}

const text = (limit: number) => z.string().min(1).max(limit);
const smallNumber = z.int().min(0).max(999);
const key = z.string().regex(KEY_PATTERN);
const keyRule = '8 to 128 characters of A-Z a-z 0-9 . _ ~ -';

const quantity = z.union([z.int().positive(), z.string().regex(/^(?=.*[1-9])(?:0|[1-9][0-9]{0,8})(?:\.[0-9]{1,3})?$/)]);
const quantityDelta = z.union([
  z.int().negative(),
  z.int().positive(),
  z.string().regex(/^-?(?=.*[1-9])(?:0|[1-9][0-9]{0,8})(?:\.[0-9]{1,3})?$/),
]);

const reserved = (name: string) =>
  member(z.never().optional(), `nothing under this name: the gateway writes ${name} itself`);

/** Members of every kind of record. */
const common = {
  schema_version: member(z.literal(1).optional(), 'the number 1, or leave it out'),
  idempotency_key: member(key, `${keyRule}, a new UUID for each record`),
  ndc: member(z.string().max(128), 'the NDC as text, best with its hyphens'),
  schedule: member(
    z.union([z.string().regex(SCHEDULE_PATTERN), z.literal(SCHEDULE_NUMBERS)]),
    'II, III, IV, V or NONE (CII, C-II, C2 and 2 are understood too)',
  ),
  pharmacist_npi: member(text(64), "the pharmacist's NPI as text of ten digits"),
  dispensed_at_utc: member(
    z.string().max(64).meta({ pattern: INSTANT_PATTERN.source }),
    'an RFC 3339 time that exists, with Z or an offset, such as "2026-11-22T09:03:00Z"',
  ),
  lane_sequence: member(
    z.int().min(0).optional(),
    "a whole number from 0 that counts this till installation's records without gaps, together with lane_instance",
  ),
  lane_instance: member(
    text(64).optional(),
    'text of 1 to 64 characters that names the till installation (a re-imaged till takes a new one)',
  ),
  fill_number: member(smallNumber.optional(), 'a whole number from 0 (the original fill) to 999'),
  partial_number: member(smallNumber.optional(), 'a whole number from 0 to 999'),
  quantity_unit: member(text(32).optional(), 'text of 1 to 32 characters, such as "EA" or "ML"'),
  barcode: member(text(512).optional(), 'the raw GS1 scan, 1 to 512 characters, ASCII 29 written as \\u001d'),
  gtin: member(
    z
      .string()
      .regex(/^(?:[0-9]{8}|[0-9]{12,14})$/)
      .optional(),
    'the GTIN as text of 8, 12, 13 or 14 digits',
  ),
  lot: member(text(64).optional(), 'text of 1 to 64 characters'),
  serial: member(text(64).optional(), 'text of 1 to 64 characters'),
  expires_on: member(
    z.string().regex(DATE_PATTERN).refine(isCalendarDate).optional(),
    'a date that exists, such as "2028-01-31"',
  ),
  patient_ref: member(
    text(128).optional(),
    'an opaque token of 1 to 128 characters, never a name or number of a person',
  ),
  prescriber_dea: member(text(32).optional(), "the prescriber's DEA registration number as text"),
  signatures: member(
    z.array(z.looseObject({})).max(8).optional(),
    'an array of at most 8 objects, each {"protected","signature"} of a detached JWS',
  ),
  witnessed_checkpoint: member(text(8192).optional(), 'the newest checkpoint the lane has seen, as text'),
  ndc_sent: reserved('ndc_sent'),
  schedule_sent: reserved('schedule_sent'),
  dispensed_at_utc_sent: reserved('dispensed_at_utc_sent'),
};

const refersTo = `the idempotency_key of the record this one undoes or corrects, ${keyRule}`;
const sale = {
  ...common,
  quantity: member(
    quantity,
    'a positive integer such as 30, or a decimal string with at most three places such as "2.5"',
  ),
  prescription_id: member(text(128), 'text of 1 to 128 characters'),
};

/** `DISPENSE` (also when `kind` is left out) and `PARTIAL_FILL`. */
const dispensed = z.looseObject({
  ...sale,
  kind: member(
    z.enum(['DISPENSE', 'PARTIAL_FILL']).optional(),
    'DISPENSE, PARTIAL_FILL, VOID, RETURN or ADJUSTMENT, or leave it out for DISPENSE',
  ),
  refers_to: member(key.optional(), refersTo),
});

/** `VOID` and `RETURN` undo another record. */
const undone = z.looseObject({ ...sale, kind: z.enum(['VOID', 'RETURN']), refers_to: member(key, refersTo) });

/** `ADJUSTMENT` corrects the count of a drug, without a prescription. */
const adjusted = z.looseObject({
  ...common,
  kind: z.literal('ADJUSTMENT'),
  refers_to: member(key.optional(), refersTo),
  quantity_delta: member(
    quantityDelta,
    'an integer other than 0 such as -2, or a decimal string with at most three places such as "-2.5"',
  ),
  reason: member(text(500), 'why the count is corrected, 1 to 500 characters'),
});

const kinds = z.discriminatedUnion('kind', [dispensed, undone, adjusted]);

/** What `recordSchema` lets through, by member; members of other kinds may be anything. */
export type RecordMembers = z.infer<typeof kinds>;

/** Compiled ahead of time: a valid record takes a tenth of the time (0.3 us instead of 3.5 us). */
export const recordSchema = z.compile(kinds, { strict: true });

/** For records whose `kind` is none, to find what else is wrong with them. */
export const dispensedSchema: z.ZodType = dispensed.omit({ kind: true });

/** What to send, by member name; only names of the schema are in it. */
export const WHAT_TO_SEND: ReadonlyMap<string, string> = new Map(
  kinds.options.flatMap(({ shape }) =>
    Object.entries(shape).flatMap(([name, schema]) => {
      const send = schema.meta()?.description;
      return send === undefined ? [] : [[name, send] as const];
    }),
  ),
);

/** The published form of the schema (JSON Schema 2020-12), for those who write a lane. */
export function recordJsonSchema(): object {
  const { $schema, ...rules } = z.toJSONSchema(kinds, { target: 'draft-2020-12' });
  return {
    $schema,
    title: 'Counterfoil record, as a lane sends it',
    description:
      'One pharmacy event, UTF-8 JSON of at most 64 KiB, nested at most 32 deep, without repeated member names. ' +
      'Unknown members are kept. Every date and time must exist.',
    dependentRequired: { lane_sequence: ['lane_instance'] },
    ...rules,
  };
}

/** The same as text, in the form the repository's formatter leaves alone: a list of words goes on one line if it fits. */
export function recordJsonSchemaText(): string {
  const text = JSON.stringify(recordJsonSchema(), null, 2);
  const lists = /^( *".*": )\[\n([^[\]{}]+)\n *\](,?)$/gm;
  const inLines = text.replace(lists, (list, before: string, words: string, after: string) => {
    const line = `${before}[${words.trim().replaceAll(/\n */g, ' ')}]${after}`;
    return line.length <= 120 ? line : list;
  });
  return `${inLines}\n`;
}
