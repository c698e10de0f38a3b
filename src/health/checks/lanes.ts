/** The tills: numbers that do not come, and a till that has gone silent while others sell. */
import type { Snapshot } from '../snapshot.ts';
import { type Check, type Checker, seconds, span, verdict } from './check.ts';

/** While others publish, a till that is away for longer is not just at lunch: its outbox may hold records. */
export const SILENT_MS = 15 * 60_000;
/** The store is open: somebody has published within this. */
const OPEN_MS = 5 * 60_000;
/** Most lanes that are named; a store has fewer, and a stranger on a plain listener may invent any number. */
const MOST_NAMED = 32;

type Lane = Snapshot['intake']['lanes'][number];

/** One check for each lane that somebody should go to, or one that says that there is none. */
export const laneChecks: Checker = (snapshot) => {
  const { lanes } = snapshot.intake;
  const gaps = lanes.filter(({ missing }) => missing > 0);
  const silent = silentLanes(snapshot);
  return [
    ...gaps.slice(0, MOST_NAMED).map((lane) => gap(snapshot, lane)),
    ...silent.slice(0, MOST_NAMED).map((lane) => silence(snapshot, lane)),
    {
      name: 'lanes:missingRecords',
      componentType: 'component',
      observedValue: gaps.reduce((sum, { missing }) => sum + missing, 0),
      status: 'pass',
    },
    { name: 'lanes:silentCount', componentType: 'component', observedValue: silent.length, status: 'pass' },
  ];
};

/** Lanes seen since the start that have no connection and have long said nothing, while others publish. */
export function silentLanes({ intake: { lanes }, nowMs }: Pick<Snapshot, 'intake' | 'nowMs'>): readonly Lane[] {
  const isOpen = lanes.some(({ lastSeenAtMs }) => nowMs - lastSeenAtMs < OPEN_MS);
  if (!isOpen) return [];
  return lanes.filter(({ connections, lastSeenAtMs }) => connections === 0 && nowMs - lastSeenAtMs >= SILENT_MS);
}

function gap({ nowMs }: Snapshot, { connections, lane, missing, missingSinceMs }: Lane): Check {
  const where = connections === 0 ? 'It is not connected now' : 'It is connected, and sends later records';
  return {
    name: 'lanes:gap',
    componentId: lane,
    componentType: 'component',
    observedValue: missing,
    ...verdict({
      status: 'warn',
      output: `${lane} has numbered ${missing} record${missing === 1 ? '' : 's'} that never came, for ${span(nowMs - (missingSinceMs ?? nowMs))}. ${where}. Go to that till: its outbox must send what it keeps. If it was set up again, compare its sales with the PMS; a loss of Schedule II must be reported in time.`,
    }),
  };
}

function silence({ nowMs }: Snapshot, { lane, lastSeenAtMs }: Lane): Check {
  const quietMs = nowMs - lastSeenAtMs;
  return {
    name: 'lanes:silent',
    componentId: lane,
    componentType: 'component',
    observedValue: seconds(quietMs),
    observedUnit: 's',
    ...verdict({
      status: 'warn',
      output: `${lane} is not connected and has said nothing for ${span(quietMs)}, while other tills sell. If it is in use, look at its network cable and whether it says "kept at the till".`,
    }),
  };
}
