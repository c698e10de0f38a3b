/** Whether a signed review statement may be acted on: canonical, this box's, a step that is possible, and signed. */
import type { Roster } from '../../record/roster.ts';
import {
  type Proof,
  proveSignature,
  refused,
  rosterOrRefuse,
  SIGN_AGAIN,
  type SignedText,
  type SigningTime,
} from './signer.ts';
import { readStatement, type Statement } from './statement.ts';
import { KIND_OF, STEPS_OF } from './words.ts';

export interface Place extends SigningTime {
  readonly gatewayId: string;
  readonly epoch: string;
  readonly roster: Roster | null;
}

/** Throws `review_refused` with what is wrong and what to do; nothing of the statement's content is repeated. */
export function prove(signed: SignedText, place: Place): Proof & { readonly statement: Statement } {
  const statement = readStatement(signed.statement);
  if (statement === null) throw refused('the statement is none, or not in its canonical form (RFC 8785)', SIGN_AGAIN);
  if (statement.gateway_id !== place.gatewayId || statement.epoch !== place.epoch) {
    throw refused('the statement was signed for another gateway or epoch', SIGN_AGAIN);
  }
  refuseWrongSteps(statement);
  // A pharmacist may stand for a held record: that is the signature it lacks. What ends a record takes a reviewer.
  const roles = statement.step === 'release' ? (['reviewer', 'pharmacist'] as const) : (['reviewer'] as const);
  return { ...proveSignature(signed, statement, roles, rosterOrRefuse(place.roster), place), statement };
}

function refuseWrongSteps({ step, subjects, correction_hash: correction }: Statement): void {
  const wrong = subjects.find(({ state }) => !STEPS_OF[state].includes(step));
  if (wrong !== undefined) {
    const possible = STEPS_OF[wrong.state].join(', ');
    throw refused(`what is ${wrong.state} cannot be ended by ${step}`, `Possible are ${possible}.`);
  }
  if (subjects.some(({ of, state }) => KIND_OF[state] !== of)) {
    throw refused('a subject’s state is not one of its kind', SIGN_AGAIN);
  }
  const names = new Set(subjects.map(({ of, number }) => `${of} ${number}`));
  if (names.size < subjects.length) throw refused('a subject stands twice in the statement', SIGN_AGAIN);
  if ((step === 'resolve') !== (correction !== undefined)) {
    throw refused('resolve needs a corrected record, the other steps have none', 'Give it with --record FILE.');
  }
  if (step === 'resolve' && subjects.length > 1) {
    throw refused('one corrected record can stand for one item only', 'Resolve each by itself.');
  }
}
