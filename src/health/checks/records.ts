/** What waits: records on their way to the PMS, by schedule, and what only a person can end. */
import type { OldestPending } from '../../buffer/api.ts';
import { SCHEDULES, type Schedule, type State } from '../../record/types.ts';
import { countOf, isLate, type Snapshot } from '../snapshot.ts';
import { type Check, type Checker, seconds, span, verdict } from './check.ts';

/** From this share of the limit on, Schedule II depth is near it. */
const NEAR = 0.8;

/** States that stay until a person acts, and what that person should know. */
const FOR_A_PERSON: readonly (readonly [State, string])[] = [
  ['REJECTED', 'The PMS refused them for good. Review each; correct it with a new record or dismiss it.'],
  ['SET_ASIDE', 'They could not be delivered though the PMS is there. Ask the operator of the PMS why.'],
  [
    'QUARANTINED',
    'Their stored bytes no longer match their hash: suspect the disk. Keep the box; do not delete anything.',
  ],
  [
    'HELD',
    'Schedule II without the signature the store asks for. A pharmacist releases them, or a reviewer ends them.',
  ],
];

export const recordChecks: Checker = (snapshot) => {
  const { buffer } = snapshot;
  if (buffer === null) return [];
  return [
    ...SCHEDULES.map((schedule) => pending(snapshot, schedule)),
    ...SCHEDULES.flatMap((schedule) => {
      const oldest = buffer.oldestPending[schedule];
      return oldest === undefined ? [] : [oldestPending(snapshot, schedule, oldest)];
    }),
    {
      name: 'records:awaitingVerification',
      componentType: 'datastore',
      observedValue: countOf(buffer, 'AWAITING_VERIFICATION'),
      status: 'pass',
    },
    ...FOR_A_PERSON.map(([state, output]) => forAPerson(state, countOf(buffer, state), output)),
    forAPerson(
      'REFUSED',
      buffer.refusedOpen,
      'Publishes that are no records; they are kept. Review them; mend the till.',
    ),
    forAPerson(
      'CONFLICT',
      buffer.conflictOpen,
      'One key came with two different contents; both are kept. Review them.',
    ),
  ];
};

function pending({ buffer, limits }: Snapshot, schedule: Schedule): Check {
  const depth = countOf(buffer, 'PENDING', schedule);
  return {
    name: 'records:pending',
    componentId: schedule,
    componentType: 'datastore',
    observedValue: depth,
    ...verdict(
      schedule === 'II' &&
        depth >= NEAR * limits.scheduleTwoDepth && {
          status: 'warn',
          output: `Schedule II nears its limit of ${limits.scheduleTwoDepth} pending records. Restore the link to the PMS first.`,
        },
    ),
  };
}

function oldestPending({ limits }: Snapshot, schedule: Schedule, oldest: OldestPending): Check {
  const age = `${oldest.sameBoot ? '' : 'at least '}${span(oldest.ageMs)}`;
  return {
    name: 'records:oldestPending',
    componentId: schedule,
    componentType: 'datastore',
    observedValue: seconds(oldest.ageMs),
    observedUnit: 's',
    ...verdict(
      isLate(oldest, limits) && {
        status: 'warn',
        output: `Record ${oldest.sequence} has waited for the PMS for ${age}. It is safe here; look at the link and sync checks.`,
      },
    ),
  };
}

function forAPerson(state: State, count: number, output: string): Check {
  return {
    name: `records:${state.toLowerCase().replace(/_(.)/g, (_match, letter: string) => letter.toUpperCase())}`,
    componentType: 'datastore',
    observedValue: count,
    ...verdict(
      count > 0 && {
        status: 'warn',
        output: `${count} waiting for a person. ${output} List: counterfoil review list --state ${state}`,
      },
    ),
  };
}
