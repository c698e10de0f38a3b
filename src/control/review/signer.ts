/** Whether a signature stands: made now, with a key of the roster whose holder may, over exactly this text. */
import { CounterfoilError } from '../../base/errors.ts';
import type { ClockQuality } from '../../buffer/api.ts';
import { readInstant } from '../../record/instant.ts';
import { fromCompact, readJws, verifyDetached } from '../../record/jws.ts';
import type { Roster, SignerAnswer, SignerFault } from '../../record/roster.ts';
import type { Role } from '../../record/roster-schema.ts';

/** How far the signer's clock may be from the gateway's: an act is signed when it is done, not put by for later. */
const SIGNED_WITHIN_MS = 10 * 60 * 1000;

export interface SignedText {
  readonly statement: string;
  /** Detached JWS in compact form, `header..signature`. */
  readonly signature: string;
}

/** What a statement says of its own signature. */
export interface Claim {
  readonly printed_name: string;
  readonly signed_at_utc: string;
}

export interface SigningTime {
  readonly nowMs: number;
  readonly clock: ClockQuality;
}

export interface Proof {
  readonly keyId: string;
  readonly signedAtMs: number;
}

/** Throws `review_refused` with what is wrong and what to do. `roles`: any of them will do, the first is asked first. */
export function proveSignature(
  signed: SignedText,
  claim: Claim,
  roles: readonly Role[],
  roster: Roster,
  time: SigningTime,
): Proof {
  const signedAtMs = readInstant(claim.signed_at_utc)?.utcMs ?? Number.NaN;
  // A gateway that does not know the time cannot say that the signer's is wrong; the key's dates still count.
  if (time.clock !== 'unsynchronised' && !(Math.abs(signedAtMs - time.nowMs) <= SIGNED_WITHIN_MS)) {
    const hint = `Check the clocks. ${SIGN_AGAIN}`;
    throw refused('the statement was not signed within ten minutes of the gateway’s time', hint);
  }
  const compact = fromCompact(signed.signature);
  const jws = compact === null ? null : readJws(compact);
  if (jws === null) throw refused('the signature is no detached JWS with EdDSA or ES256', SIGN_AGAIN);
  const answer = signerFor(roster, jws.kid, roles, [signedAtMs, time.nowMs]);
  if (!answer.ok) throw mayNotSign(answer.fault);
  // Without the time, "not revoked yet" means nothing.
  if (time.clock === 'unsynchronised' && answer.key.revokedAtMs !== null) throw mayNotSign('revoked');
  if (!verifyDetached(jws, Buffer.from(signed.statement, 'utf8'), answer.key.publicKey)) {
    throw refused('the signature is not this key’s over this statement', SIGN_AGAIN);
  }
  if (answer.person.printedName !== claim.printed_name) {
    throw refused('the printed name is not the one the roster has for this key', SIGN_AGAIN);
  }
  return { keyId: jws.kid, signedAtMs };
}

function signerFor(roster: Roster, kid: string, roles: readonly Role[], atMs: readonly number[]): SignerAnswer {
  const answers = roles.map((role) => roster.signer(kid, role, atMs));
  return answers.find(({ ok }) => ok) ?? answers[0] ?? { ok: false, fault: 'wrong_role' };
}

/** Throws `review_refused` with how to make a roster when there is none. */
export function rosterOrRefuse(roster: Roster | null): Roster {
  if (roster !== null) return roster;
  throw refused(
    'no roster is configured, so nobody can sign',
    'Make a key with "counterfoil roster keygen", put the entry it prints into a roster file, and name that file in schedule_two.roster_file.',
  );
}

export const SIGN_AGAIN = 'Look at what there is now and sign that.';

const FAULT: Readonly<Record<SignerFault, readonly [what: string, todo: string]>> = {
  unknown_key: ['the roster does not have it', 'Check --kid; "counterfoil roster check FILE" lists the keys.'],
  wrong_role: [
    'its holder does not have the role for it',
    'This takes a reviewer of the roster; to release, a pharmacist will do too.',
  ],
  not_yet_valid: ['it is not valid yet', 'Check valid_from in the roster, and the clock.'],
  expired: ['it has expired', 'Make a new key with "counterfoil roster keygen" and put it into the roster.'],
  revoked: ['it is revoked', 'Make a new key with "counterfoil roster keygen" and put it into the roster.'],
};

function mayNotSign(fault: SignerFault): CounterfoilError {
  const [what, todo] = FAULT[fault];
  return refused(`this key may not sign this: ${what}`, todo);
}

export function refused(message: string, hint: string): CounterfoilError {
  return new CounterfoilError('review_refused', message, hint);
}
