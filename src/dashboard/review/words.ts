/** What the review pages call states, steps and the people who may take them. */
import type { Viewer } from '../../base/access.ts';
import type { WaitingItem, WaitingState } from '../../buffer/api.ts';
import { many } from '../words.ts';
import type { ReviewDesk, Step } from './ports.ts';

export const STATE_WORDS: Readonly<Record<WaitingState, readonly [title: string, what: string]>> = {
  HELD: [
    'Held: Schedule II without a good signature',
    'A pharmacist looks at it and releases it: then it goes to the PMS. Compliance may end it instead.',
  ],
  REJECTED: ['Rejected by the PMS', 'Look why, then correct it with a new record, or dismiss it.'],
  SET_ASIDE: ['Could not be delivered', 'Ask the operator of the PMS why, then correct or dismiss.'],
  QUARANTINED: [
    'Damaged on this disk',
    'Suspect the disk. Keep the box and delete nothing; the till may still have the record.',
  ],
  REFUSED: [
    'Not a record',
    'A till sent something that is no record. It is kept; mend the till, then correct or dismiss.',
  ],
  CONFLICT: [
    'One key, two contents',
    'Two different records came with the same key. Both are kept: look at both, decide which one is right.',
  ],
};

export const STEP_WORDS: Readonly<
  Record<Step, { readonly verb: string; readonly past: string; readonly means: string }>
> = {
  release: {
    verb: 'Release',
    past: 'Released',
    means: 'It goes to the PMS as it is. You stand for the signature it lacks.',
  },
  dismiss: {
    verb: 'Dismiss',
    past: 'Dismissed',
    means: 'It ends here and is never sent. It stays kept as it came, with your signature beside it.',
  },
  resolve: {
    verb: 'Correct',
    past: 'Corrected',
    means: 'It ends here, and the corrected record below is admitted as a new one that refers to it.',
  },
};

/** `record 17`, `evidence e3`. */
export function label({ number, of }: Pick<WaitingItem, 'of' | 'number'>): string {
  return of === 'record' ? `record ${number}` : `evidence e${number}`;
}

export function counted(count: number): string {
  return many(count, 'item');
}

/** What a viewer may sign of the steps that a state has; the gateway judges again when it is done. */
export function stepsFor(
  { breakGlass, kind, roles }: Viewer,
  state: WaitingState,
  stepsOf: ReviewDesk['stepsOf'],
): Step[] {
  if (kind !== 'session' || breakGlass) return [];
  if (roles.includes('compliance')) return [...stepsOf[state]];
  return roles.includes('pharmacist') ? stepsOf[state].filter((step) => step === 'release') : [];
}

/** Compliance reads what waits, a pharmacist what a pharmacist can release; on a box without users nobody has a name to put down. */
export function mayRead({ kind, roles }: Viewer, state: WaitingState): boolean {
  if (kind !== 'session') return false;
  return roles.includes('compliance') || (state === 'HELD' && roles.includes('pharmacist'));
}

/** Why nobody can sign here, and what to do; null for a person who is logged in by name. */
export function whyNoSignature({ breakGlass, kind }: Viewer): string | null {
  if (breakGlass)
    return 'The emergency code signs nothing, because it stands for nobody. Log in by name to end one of these.';
  if (kind === 'session') return null;
  return 'To look inside or to sign, somebody has to be known by name. On the box: counterfoil user add; or sign with a key of the roster: counterfoil review.';
}
