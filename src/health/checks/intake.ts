/** Can lanes be served: buffer, commits, broker, queue. */
import { type Checker, seconds, verdict } from './check.ts';

/** A till waits 5 s for its PUBACK, perhaps behind some commits of others; a disk that is well takes a hundredth of this. */
const SLOW_COMMIT_MS = 400;

export const intakeChecks: Checker = ({ buffer, commitFailure, commitP50Ms, commitP99Ms, intake, nowMs }) => [
  {
    name: 'buffer:lastCommit',
    componentType: 'datastore',
    observedValue: buffer?.lastCommitAtMs == null ? null : seconds(Math.max(0, nowMs - buffer.lastCommitAtMs)),
    observedUnit: 's',
    ...verdict(bufferProblem(buffer !== null, commitFailure?.code ?? null)),
  },
  {
    name: 'buffer:commitP50',
    componentType: 'datastore',
    observedValue: commitP50Ms,
    observedUnit: 'ms',
    status: 'pass',
  },
  {
    name: 'buffer:commitP99',
    componentType: 'datastore',
    observedValue: commitP99Ms,
    observedUnit: 'ms',
    ...verdict(
      commitP99Ms !== null &&
        commitP99Ms >= SLOW_COMMIT_MS && {
          status: 'warn',
          output:
            'Writing to disk is slow: tills will show "kept at the till". Look for other load; check the disk\'s wear.',
        },
    ),
  },
  {
    name: 'intake:listening',
    componentType: 'component',
    observedValue: intake.listening,
    ...verdict(
      // On the shop's own broker, intake:external says it.
      !intake.listening &&
        intake.external === null && {
          status: 'fail',
          output: 'No lane can connect. Look for "address_in_use" in the log and restart the gateway.',
        },
    ),
  },
  {
    name: 'intake:connections',
    componentType: 'component',
    observedValue: intake.connections,
    ...verdict(
      intake.connections >= intake.connectionsLimit && {
        status: 'warn',
        output: `All ${intake.connectionsLimit} connections are taken; further lanes are turned away. Raise intake.max_connections, or find who opens so many.`,
      },
    ),
  },
  {
    name: 'intake:queue',
    componentType: 'component',
    observedValue: intake.queueDepth,
    ...verdict(
      intake.queueDepth >= intake.queueLimit && {
        status: 'warn',
        output: 'Lanes send faster than the disk takes records; they are read more slowly. Check buffer:commitP99.',
      },
    ),
  },
];

function bufferProblem(isOpen: boolean, failureCode: string | null) {
  if (!isOpen) {
    return {
      status: 'fail',
      output: 'The buffer is not open: no lane is acknowledged. Read the log and restart.',
    } as const;
  }
  if (failureCode === null) return false;
  const remedy =
    failureCode === 'storage_full'
      ? 'Make room on the data partition.'
      : 'Read the log; if the disk is failing, move the data with "counterfoil rescue".';
  return {
    status: 'fail',
    output: `The latest commit failed (${failureCode}): lanes are not acknowledged and keep their records. ${remedy}`,
  } as const;
}
