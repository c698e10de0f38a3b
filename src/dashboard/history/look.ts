/** The figures of one moment, out of the facts. */
import { SCHEDULES } from '../../record/types.ts';
import type { Facts } from '../facts.ts';
import { countOf, oldestAgeMs, waitingCount } from '../tally.ts';
import type { Figures } from './row.ts';

/** Gives the function that looks; it remembers totals between two looks to tell how many there were. */
export function looker(facts: () => Facts): (seconds: number) => Figures {
  let before: { accepted: number; settled: number } | null = null;
  return (seconds) => {
    const { buffer, commitP50Ms, commitP99Ms, link, storage, streams } = facts();
    const accepted = buffer?.acceptedTotal ?? 0;
    const settled = streams.reduce((sum, stream) => sum + stream.settledTotal, 0);
    const since = before ?? { accepted, settled };
    before = { accepted, settled };
    return {
      pending: countOf(
        buffer,
        'PENDING',
        SCHEDULES.filter((schedule) => schedule !== 'II'),
      ),
      pendingTwo: countOf(buffer, 'PENDING', ['II']),
      oldestSeconds: (oldestAgeMs(buffer, SCHEDULES) ?? 0) / 1000,
      oldestTwoSeconds: (oldestAgeMs(buffer, ['II']) ?? 0) / 1000,
      commitP50Ms,
      commitP99Ms,
      utilisation: storage?.utilisation ?? null,
      fullInSeconds: storage?.fullInMs == null ? null : storage.fullInMs / 1000,
      accepted: Math.max(0, accepted - since.accepted),
      settled: Math.max(0, settled - since.settled),
      offlineSeconds: link?.link === 'OFFLINE' ? seconds : 0,
      degradedSeconds: link?.link === 'DEGRADED' ? seconds : 0,
      waiting: waitingCount(buffer),
      seenSeconds: seconds,
    };
  };
}
