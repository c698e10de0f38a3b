/** The statement a person signs to open a new epoch; it names the epoch it ends, so it is good for that one only. */
import { z } from 'zod';
import { canonicalText } from '../../record/canonical.ts';
import { signedMembers } from './statement.ts';

/** Why, as a word for programs: `new_pms`. The meaning says it for people. */
export const REASON_PATTERN = /^[a-z][a-z0-9_]{0,31}$/;

const epochStatementSchema = z.strictObject({
  ...signedMembers,
  step: z.literal('open_epoch'),
  reason: z.string().regex(REASON_PATTERN),
});
/** `epoch` is the one that ends. */
export type EpochStatement = z.infer<typeof epochStatementSchema>;

/** The text to sign, RFC 8785 JSON. Throws `ZodError` for what is no statement. */
export function epochStatementText(statement: EpochStatement): string {
  return canonicalText(epochStatementSchema.parse(statement));
}
