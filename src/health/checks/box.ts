/** The box itself: space, settings, process. */
import type { Snapshot } from '../snapshot.ts';
import { type Check, type Checker, seconds, span, verdict } from './check.ts';

const SOON_FULL_MS = 24 * 3600 * 1000;

export const boxChecks: Checker = (snapshot) => [
  ...storage(snapshot),
  ...snapshot.warnings.map(
    ({ key, message }): Check => ({
      name: 'configuration:setting',
      componentId: key,
      componentType: 'component',
      observedValue: key,
      status: 'warn',
      output: message,
    }),
  ),
  {
    name: 'process:uptime',
    componentType: 'system',
    observedValue: seconds(snapshot.uptimeMs),
    observedUnit: 's',
    status: 'pass',
  },
  {
    name: 'process:memory',
    componentType: 'system',
    observedValue: snapshot.residentBytes,
    observedUnit: 'bytes',
    status: 'pass',
  },
];

function storage({ limits, storage: facts }: Snapshot): Check[] {
  if (facts === null) return [];
  const percent = Math.round(facts.utilisation * 1000) / 10;
  return [
    {
      name: 'storage:utilisation',
      componentType: 'system',
      observedValue: percent,
      observedUnit: 'percent',
      ...verdict(storageProblem(facts.utilisation, limits.storageOpenAt, limits.storageReserveAt)),
    },
    {
      name: 'storage:free',
      componentType: 'system',
      observedValue: facts.freeBytes,
      observedUnit: 'bytes',
      status: 'pass',
    },
    {
      name: 'storage:timeToFull',
      componentType: 'system',
      observedValue: facts.fullInMs === null ? null : seconds(facts.fullInMs),
      observedUnit: 's',
      ...verdict(
        facts.fullInMs !== null &&
          facts.fullInMs < SOON_FULL_MS && {
            status: 'warn',
            output: `At this rate the disk is full in ${span(facts.fullInMs)}. Restore the link, or make room on the data partition.`,
          },
      ),
    },
  ];
}

function storageProblem(utilisation: number, openAt: number, reserveAt: number) {
  const remedy = 'Make room on the data partition; restore the link so that records can leave.';
  if (utilisation >= reserveAt) return { status: 'fail', output: `The disk is all but full. ${remedy}` } as const;
  return utilisation >= openAt && ({ status: 'warn', output: `The disk is filling up. ${remedy}` } as const);
}
