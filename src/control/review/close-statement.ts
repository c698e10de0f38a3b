/** The statement people sign to close a gateway for good; it says what was still open, so that nobody closes over it unseen. */
import { z } from 'zod';
import { canonicalText } from '../../record/canonical.ts';
import { REASON_PATTERN } from './epoch-statement.ts';
import { signedMembers } from './statement.ts';

const count = z.int().min(0);

const closeStatementSchema = z.strictObject({
  ...signedMembers,
  step: z.literal('close'),
  /** Records in the buffer, archived ones left out. */
  records: count,
  /** Of them and of the publishes that became none: those that have not come to an end. */
  open: count,
  /** Why it is closed over open ones, as a word; null when there are none. */
  reason: z.string().regex(REASON_PATTERN).nullable(),
});
export type CloseStatement = z.infer<typeof closeStatementSchema>;

/** The text to sign, RFC 8785 JSON. Throws `ZodError` for what is no statement. */
export function closeStatementText(statement: CloseStatement): string {
  return canonicalText(closeStatementSchema.parse(statement));
}
