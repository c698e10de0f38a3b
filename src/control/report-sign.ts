/**
 * A person's signature under a report: proved like every act, told in the trail with all that is needed to check it, and only
 * then put under the report. Compliance signs, or the pharmacist; with a key of the roster, or as a named user by password.
 *
 * If the power goes after the entry, the signature is in the trail and not yet on the pages; it is signed again then.
 */
import { z } from 'zod';
import { type Clock, toUtcText } from '../base/clock.ts';
import { CounterfoilError } from '../base/errors.ts';
import { type Operations, operation } from '../base/socket/operations.ts';
import type { ClockQuality } from '../buffer/api.ts';
import { type ReportSignatureClaim, reportStatementText } from '../record/report-statement.ts';
import type { Roster } from '../record/roster.ts';
import type { TrailBodyOf } from '../record/trail-kinds.ts';
import type { UserSigner } from './review/ports.ts';
import { notProved } from './review/second-signature.ts';
import { proveSignature, refused, rosterOrRefuse } from './review/signer.ts';

const about = { id: z.string().regex(/^[a-z0-9_-]{1,64}$/), meaning: z.string() };

const signParams = z.union([
  z.strictObject({
    ...about,
    printed_name: z.string(),
    signed_at_utc: z.iso.datetime({ precision: 3 }),
    signature: z.string().max(1024),
  }),
  z.strictObject({
    ...about,
    user: z.string().max(64),
    password: z.string().max(1024),
    code: z.string().max(16).nullable().default(null),
  }),
]);

/** The signature as it goes under the report. */
export const signedResult = z.object({
  printed_name: z.string(),
  signed_at_utc: z.string(),
  meaning: z.string(),
  key_id: z.string(),
  figures_hash: z.string(),
  signature: z.string(),
});
type Signed = z.infer<typeof signedResult>;

export interface ReportSignParts {
  readonly gatewayId: string;
  /** SHA-256 of a report's figures, base64; null when there is no such report. */
  readonly figuresHash: (id: string) => string | null;
  readonly note: (body: TrailBodyOf<'report_signed'>) => Promise<unknown>;
  readonly roster: () => Roster | null;
  readonly signer: UserSigner;
  readonly clock: Clock;
  readonly clockQuality: () => ClockQuality;
}

/** Whoever may sign a report, the first being asked for first. */
const ROLES = ['reviewer', 'pharmacist'] as const;

export function reportSignOperations(parts: ReportSignParts): Operations {
  return {
    'report.sign': operation(signParams, async (params) => {
      const figuresHash = parts.figuresHash(params.id);
      if (figuresHash === null)
        throw refused('there is no such report', '"counterfoil report list" shows which there are.');
      const signed = 'user' in params ? await asUser(parts, params, figuresHash) : withKey(params, figuresHash);
      const { printed_name: name, signed_at_utc: atUtc, meaning, signature } = signed;
      const claim = claimOf(parts, params.id, signed);
      const text = textOf(claim);
      const time = { nowMs: parts.clock.utcMs(), clock: parts.clockQuality() };
      const roster = rosterOrRefuse(parts.roster());
      const { keyId, signedAtMs } = proveSignature(
        { statement: text, signature },
        { printed_name: name, signed_at_utc: atUtc },
        ROLES,
        roster,
        time,
      );
      await parts.note({
        by: name,
        figures: figuresHash,
        id: params.id,
        key_id: keyId,
        meaning,
        signature,
        signed_ms: signedAtMs,
      });
      return { ...signed, key_id: keyId };
    }),
  };
}

type Unproved = Omit<Signed, 'key_id'>;

function withKey(
  params: { printed_name: string; signed_at_utc: string; meaning: string; signature: string },
  figuresHash: string,
): Unproved {
  const { printed_name, signed_at_utc, meaning, signature } = params;
  return { printed_name, signed_at_utc, meaning, signature, figures_hash: figuresHash };
}

async function asUser(
  parts: ReportSignParts,
  params: { id: string; user: string; password: string; code: string | null; meaning: string },
  figuresHash: string,
): Promise<Unproved> {
  const { user, password, code, meaning, id } = params;
  const printedName = parts.signer.printedName(user);
  if (printedName === null) throw refused('there is no such user', '"counterfoil user list" shows who there is.');
  const unsigned = {
    printed_name: printedName,
    signed_at_utc: toUtcText(parts.clock.utcMs()),
    meaning,
    figures_hash: figuresHash,
  };
  const text = textOf(claimOf(parts, id, unsigned));
  const answer = await parts.signer.sign({ user, password, code }, 'control socket', text);
  if (!answer.ok) throw notProved(answer.fault, answer.retryAfterSeconds);
  return { ...unsigned, signature: answer.signature };
}

function claimOf(
  { gatewayId }: ReportSignParts,
  reportId: string,
  signed: Omit<Unproved, 'signature'>,
): ReportSignatureClaim {
  const { printed_name: printedName, signed_at_utc: signedAtUtc, meaning, figures_hash: figuresHash } = signed;
  return { reportId, gatewayId, figuresHash, printedName, signedAtUtc, meaning };
}

function textOf(claim: ReportSignatureClaim): string {
  try {
    return reportStatementText(claim);
  } catch (error) {
    const hint = 'Write the meaning on one line, 1 to 500 characters, without control characters.';
    throw new CounterfoilError('review_refused', 'this cannot be signed', hint, error);
  }
}
