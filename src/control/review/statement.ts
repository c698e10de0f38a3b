/**
 * The statement of a signed act: RFC 8785 JSON, signed as it stands (detached JWS). It says who means what about which
 * items, at which gateway and epoch, each item with state and hash as the person saw it. So a signature cannot be moved
 * to other items, another box or another decision, and an item that has changed since is not the one it was given for.
 */
import { z } from 'zod';
import { canonicalText } from '../../record/canonical.ts';
import { readStrictJson } from '../../record/strict-json.ts';
import { MAX_SUBJECTS, STEPS, subjectSchema } from './words.ts';

/** One line of text, without control or format characters, as it will stand in reports. */
const line = (limit: number) =>
  z
    .string()
    .min(1)
    .max(limit)
    .regex(/^\P{C}+$/u);

/** What every signed statement of a person says, whatever it is about. */
export const signedMembers = {
  /** Random and new for each act: the same act twice is recognised by it. */
  act_id: z.uuid(),
  gateway_id: z.string(),
  epoch: z.string().regex(/^[0-9a-f]{8}$/),
  /** Why the person does this, in their words. */
  meaning: line(500),
  printed_name: line(128),
  /** The signer's word, RFC 3339 in UTC with milliseconds. */
  signed_at_utc: z.iso.datetime({ precision: 3 }),
};

const statementSchema = z.strictObject({
  ...signedMembers,
  step: z.enum(STEPS),
  subjects: z.array(subjectSchema).min(1).max(MAX_SUBJECTS),
  /** `resolve` only: lane_hash of the corrected record. */
  correction_hash: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
});
export type Statement = z.infer<typeof statementSchema>;

/** The text to sign. Throws `ZodError` for a statement that no gateway would take. */
export function statementText(statement: Statement): string {
  return canonicalText(statementSchema.parse(statement));
}

/** The statement in `text`, or null when it is none in its one canonical form. */
export function readStatement(text: string): Statement | null {
  const reading = readStrictJson(Buffer.from(text, 'utf8'));
  if (!reading.ok) return null;
  const statement = statementSchema.safeParse(reading.value);
  return statement.success && canonicalText(reading.value) === text ? statement.data : null;
}
