/** Space: how full, who is let in, how long it lasts. */
import type { StorageFacts } from '../sources.ts';
import { type Check, type Checker, seconds, span, verdict } from './check.ts';

const SOON_FULL_MS = 24 * 3600 * 1000;

/** What is short, in the operator's words, and what makes room there. */
const SHORT: Record<StorageFacts['by'], readonly [string, string]> = {
  buffer_disk: ['The data partition', 'Remove what is not the gateway’s from it, or enlarge it.'],
  trail_disk: ['The trail’s partition', 'Enlarge it; what is on it is never removed before its time.'],
  buffer_bytes: ['The buffer (storage.max_bytes)', 'Allow it more if the disk has room.'],
  records: ['The buffer (storage.max_records)', 'Allow it more if the disk has room.'],
};
const RESTORE = 'Restore the link, so that records can leave.';

export const storageChecks: Checker = ({ storage }) => {
  if (storage === null) return [];
  return [
    {
      name: 'storage:utilisation',
      componentType: 'system',
      observedValue: Math.round(storage.utilisation * 1000) / 10,
      observedUnit: 'percent',
      ...verdict(levelProblem(storage)),
    },
    {
      name: 'storage:breaker',
      componentType: 'system',
      observedValue: storage.level,
      ...verdict(
        storage.isBlind && {
          status: 'fail',
          output:
            'The space on disk cannot be measured. Look at the disk (dmesg); records are taken as long as commits succeed.',
        },
      ),
    },
    {
      name: 'storage:free',
      componentType: 'system',
      observedValue: storage.freeBytes,
      observedUnit: 'bytes',
      status: 'pass',
    },
    ballast(storage),
    {
      name: 'storage:timeToFull',
      componentType: 'system',
      observedValue: storage.fullInMs === null ? null : seconds(storage.fullInMs),
      observedUnit: 's',
      ...verdict(
        storage.fullInMs !== null &&
          storage.fullInMs < SOON_FULL_MS && {
            status: 'warn',
            output: `At this rate there is no room in ${span(storage.fullInMs)}. ${RESTORE} ${SHORT[storage.by][1]}`,
          },
      ),
    },
  ] satisfies Check[];
};

function levelProblem({ by, level, utilisation }: StorageFacts) {
  const [place, remedy] = SHORT[by];
  const isFull = `${place} is ${Math.round(utilisation * 100)} % full.`;
  switch (level) {
    case 'CLOSED':
      return false;
    case 'HALF_OPEN':
      return {
        status: 'warn',
        output: 'There is room again; what waits at the tills is let in little by little.',
      } as const;
    case 'OPEN':
      return {
        status: 'warn',
        output: `${isFull} Only controlled substances are taken; tills keep the rest. ${RESTORE} ${remedy}`,
      } as const;
    case 'RESERVE':
      return {
        status: 'fail',
        output: `${isFull} Only Schedule II is taken; tills keep the rest. ${RESTORE} ${remedy}`,
      } as const;
    case 'FULL':
      return {
        status: 'fail',
        output: `${isFull} Nothing more fits: tills keep everything. ${RESTORE} ${remedy}`,
      } as const;
  }
}

function ballast({ ballastBytes, ballastTargetBytes, level }: StorageFacts): Check {
  return {
    name: 'storage:ballast',
    componentType: 'system',
    observedValue: ballastBytes,
    observedUnit: 'bytes',
    ...verdict(
      ballastTargetBytes > 0 &&
        ballastBytes === 0 &&
        level !== 'CLOSED' && {
          status: 'warn',
          output:
            'The room kept for Schedule II has been given up and is in use. It is laid in again once there is room.',
        },
    ),
  };
}
