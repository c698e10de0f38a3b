/**
 * A named user's signed act. The gateway writes the statement of what the person saw and means; the person's password (and
 * code) opens their key for this one signature. From there on it is an act like any other: proved, done once, all or nothing.
 */
import { z } from 'zod';
import { toUtcText } from '../../base/clock.ts';
import { CounterfoilError } from '../../base/errors.ts';
import { checkRecord } from '../../record/check.ts';
import { act } from './act.ts';
import type { ReviewParts, UserSigner } from './ports.ts';
import { refused } from './signer.ts';
import { type Statement, statementText } from './statement.ts';
import { MAX_SUBJECTS, STEPS, subjectSchema, type UserOutcome } from './words.ts';

export const userActSchema = z.strictObject({
  /** Made by the caller, new for each act: the same again is refused, so that a request that is sent twice is done once. */
  act_id: z.uuid(),
  step: z.enum(STEPS),
  /** As the person saw them: number, state, hash. */
  subjects: z.array(subjectSchema).min(1).max(MAX_SUBJECTS),
  meaning: z.string(),
  password: z.string().max(1024),
  code: z.string().max(16).nullable().default(null),
  correction_base64: z.base64().nullable().default(null),
});
export type UserAct = z.infer<typeof userActSchema>;

/**
 * Signs and does it.
 * @throws CounterfoilError `access_refused` or `access_busy` when the person did not prove to be who they say;
 *   `review_refused`, `review_stale` like every act.
 */
export async function userAct(
  parts: ReviewParts,
  signer: UserSigner,
  user: string,
  address: string,
  request: UserAct,
): Promise<UserOutcome> {
  const { buffer, clock } = parts;
  const printedName = signer.printedName(user);
  if (printedName === null) throw refused('there is no such user', '"counterfoil user list" shows who there is.');
  const correction = request.correction_base64;
  const statement: Statement = {
    act_id: request.act_id,
    gateway_id: buffer.gatewayId,
    epoch: buffer.epoch,
    meaning: request.meaning,
    printed_name: printedName,
    signed_at_utc: toUtcText(clock.utcMs()),
    step: request.step,
    subjects: request.subjects,
    ...(correction === null ? {} : { correction_hash: hashOf(parts, correction) }),
  };
  const text = textOf(statement);
  const { password, code } = request;
  const signed = await signer.sign({ user, password, code }, address, text);
  if (!signed.ok) throw notProved(signed.fault, signed.retryAfterSeconds);
  const outcome = await act(parts, { statement: text, signature: signed.signature }, correction);
  const { act_id, signed_at_utc, meaning } = statement;
  return { act_id, printed_name: printedName, signed_at_utc, meaning, ...outcome };
}

function hashOf({ clock, products }: ReviewParts, correction: string): string {
  const bytes = Buffer.from(correction, 'base64');
  const outcome = checkRecord(bytes, { receivedAtMs: clock.utcMs(), clock: 'unknown', products });
  if (outcome.ok) return outcome.record.laneHash.toString('hex');
  const why = outcome.reasons.map(({ message }) => message).join('; ');
  throw refused('the corrected record is no record', `Mend it: ${why}.`);
}

function textOf(statement: Statement): string {
  try {
    return statementText(statement);
  } catch (error) {
    const hint = 'Write the meaning on one line, 1 to 500 characters, without control characters.';
    throw new CounterfoilError('review_refused', 'this cannot be signed', hint, error);
  }
}

export function notProved(fault: string, retryAfterSeconds: number): CounterfoilError {
  switch (fault) {
    case 'locked':
      return new CounterfoilError('access_busy', 'too many tries', `Wait ${retryAfterSeconds} s, then sign again.`);
    case 'busy':
      return new CounterfoilError('access_busy', 'too many people sign at once', 'Sign again in a few seconds.');
    case 'second_factor_missing':
      return new CounterfoilError(
        'access_refused',
        'a second factor is required and this user has none',
        'On the box: counterfoil user totp.',
      );
    case 'unavailable':
      return new CounterfoilError('access_refused', 'nobody can sign now', 'Health and the log say why.');
    default:
      return new CounterfoilError('access_refused', 'name, password or code is wrong', 'Nothing was done. Sign again.');
  }
}
