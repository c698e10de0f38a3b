/** Whether a signed statement is what it says: canonical, this box's, of now, and signed by somebody who may. */
import { CounterfoilError } from '../../base/errors.ts';
import type { ClockQuality } from '../../buffer/api.ts';
import { readInstant } from '../../record/instant.ts';
import { fromCompact, readJws, verifyDetached } from '../../record/jws.ts';
import type { Roster, SignerFault } from '../../record/roster.ts';
import { readStatement, type Statement } from './statement.ts';
import { KIND_OF, STEPS_OF } from './words.ts';

/** How far the signer's clock may be from the gateway's: an act is signed when it is done, not put by for later. */
const SIGNED_WITHIN_MS = 10 * 60 * 1000;

export interface SignedText {
  readonly statement: string;
  /** Detached JWS in compact form, `header..signature`. */
  readonly signature: string;
}

export interface Circumstances {
  readonly gatewayId: string;
  readonly epoch: string;
  readonly roster: Roster | null;
  readonly nowMs: number;
  readonly clock: ClockQuality;
}

export interface Proved {
  readonly statement: Statement;
  readonly keyId: string;
  readonly signedAtMs: number;
}

/** Throws `review_refused` with what is wrong and what to do; nothing of the statement's content is repeated. */
export function prove(signed: SignedText, at: Circumstances): Proved {
  const statement = readStatement(signed.statement);
  if (statement === null) throw refused('the statement is none, or not in its canonical form (RFC 8785)', SIGN_AGAIN);
  if (statement.gateway_id !== at.gatewayId || statement.epoch !== at.epoch) {
    throw refused('the statement was signed for another gateway or epoch', SIGN_AGAIN);
  }
  refuseWrongSteps(statement);
  const signedAtMs = readInstant(statement.signed_at_utc)?.utcMs ?? Number.NaN;
  // A gateway that does not know the time cannot say that the signer's is wrong; the key's dates still count.
  if (at.clock !== 'unsynchronised' && !(Math.abs(signedAtMs - at.nowMs) <= SIGNED_WITHIN_MS)) {
    throw refused(
      'the statement was not signed within ten minutes of the gateway’s time',
      `Set the clock. ${SIGN_AGAIN}`,
    );
  }
  return { statement, keyId: provedKey(signed, statement, signedAtMs, at), signedAtMs };
}

function provedKey(signed: SignedText, statement: Statement, signedAtMs: number, at: Circumstances): string {
  const roster = rosterOrRefuse(at.roster);
  const compact = fromCompact(signed.signature);
  const jws = compact === null ? null : readJws(compact);
  if (jws === null) throw refused('the signature is no detached JWS with EdDSA or ES256', SIGN_AGAIN);
  const times = [signedAtMs, at.nowMs];
  const reviewer = roster.signer(jws.kid, 'reviewer', times);
  // A pharmacist may stand for a held record: that is the signature it lacks. What ends a record takes a reviewer.
  const mayBePharmacist = statement.step === 'release' && !reviewer.ok && reviewer.fault === 'wrong_role';
  const answer = mayBePharmacist ? roster.signer(jws.kid, 'pharmacist', times) : reviewer;
  if (!answer.ok) throw refused(`this key may not sign this: ${FAULT[answer.fault]}`, FAULT_HINT[answer.fault]);
  if (at.clock === 'unsynchronised' && answer.key.revokedAtMs !== null) {
    throw refused(`this key may not sign this: ${FAULT.revoked}`, FAULT_HINT.revoked);
  }
  if (!verifyDetached(jws, Buffer.from(signed.statement, 'utf8'), answer.key.publicKey)) {
    throw refused('the signature is not this key’s over this statement', SIGN_AGAIN);
  }
  if (answer.person.printedName !== statement.printed_name) {
    throw refused('the printed name is not the one the roster has for this key', SIGN_AGAIN);
  }
  return jws.kid;
}

/** Throws `review_refused` with how to make a roster when there is none. */
export function rosterOrRefuse(roster: Roster | null): Roster {
  if (roster !== null) return roster;
  throw refused(
    'no roster is configured, so nobody can sign',
    'Make a key with "counterfoil roster keygen", put the entry it prints into a roster file, and name that file in schedule_two.roster_file.',
  );
}

/** Throws `review_refused` when the step is not one for these subjects. */
function refuseWrongSteps({ step, subjects, correction_hash: correction }: Statement): void {
  const wrong = subjects.find(({ state }) => !STEPS_OF[state].includes(step));
  if (wrong !== undefined) {
    throw refused(
      `what is ${wrong.state} cannot be ended by ${step}`,
      `Possible are ${STEPS_OF[wrong.state].join(', ')}.`,
    );
  }
  if (subjects.some(({ of, state }) => KIND_OF[state] !== of))
    throw refused('a subject’s state is not one of its kind', SIGN_AGAIN);
  const names = new Set(subjects.map(({ of, number }) => `${of} ${number}`));
  if (names.size < subjects.length) throw refused('a subject stands twice in the statement', SIGN_AGAIN);
  if ((step === 'resolve') !== (correction !== undefined)) {
    throw refused('resolve needs a corrected record, the other steps have none', 'Give it with --record FILE.');
  }
  if (step === 'resolve' && subjects.length > 1) {
    throw refused('one corrected record can stand for one item only', 'Resolve each by itself.');
  }
}

const SIGN_AGAIN = 'Look at the list again and sign what it says now.';

const FAULT: Readonly<Record<SignerFault, string>> = {
  unknown_key: 'the roster does not have it',
  wrong_role: 'its holder does not have the role for it',
  not_yet_valid: 'it is not valid yet',
  expired: 'it has expired',
  revoked: 'it is revoked',
};

const FAULT_HINT: Readonly<Record<SignerFault, string>> = {
  unknown_key: 'Check --kid; "counterfoil roster check FILE" lists the keys.',
  wrong_role: 'Dismiss and resolve take a reviewer, release a reviewer or a pharmacist.',
  not_yet_valid: 'Check valid_from in the roster, and the clock.',
  expired: 'Make a new key with "counterfoil roster keygen" and put it into the roster.',
  revoked: 'Make a new key with "counterfoil roster keygen" and put it into the roster.',
};

export function refused(message: string, hint: string): CounterfoilError {
  return new CounterfoilError('review_refused', message, hint);
}
