/**
 * The statement a person signs to destroy archived months whose time is over. Two people sign one each, with the same act
 * and the same months; each month with its count and a hash over its files, as both have seen them.
 */
import { z } from 'zod';
import { canonicalText } from '../../record/canonical.ts';
import { readStrictJson } from '../../record/strict-json.ts';
import { signedMembers } from '../review/statement.ts';
import { expirySubjectSchema, MAX_MONTHS } from './words.ts';

const expiryStatementSchema = z.strictObject({
  ...signedMembers,
  step: z.literal('expire'),
  months: z.array(expirySubjectSchema).min(1).max(MAX_MONTHS),
});
export type ExpiryStatement = z.infer<typeof expiryStatementSchema>;

/** The text to sign, RFC 8785 JSON. Throws `ZodError` for what is no statement. */
export function expiryStatementText(statement: ExpiryStatement): string {
  return canonicalText(expiryStatementSchema.parse(statement));
}

/** The statement in `text`, or null when it is none in its one canonical form. */
export function readExpiryStatement(text: string): ExpiryStatement | null {
  const reading = readStrictJson(Buffer.from(text, 'utf8'));
  if (!reading.ok) return null;
  const statement = expiryStatementSchema.safeParse(reading.value);
  return statement.success && canonicalText(reading.value) === text ? statement.data : null;
}
