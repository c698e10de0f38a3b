/** Figures of a time in which nothing happened. */
import type { Figures } from '../../src/dashboard/history/row.ts';

export function quiet(spoilt: Partial<Figures> = {}): Figures {
  return {
    pending: 0,
    pendingTwo: 0,
    oldestSeconds: 0,
    oldestTwoSeconds: 0,
    commitP50Ms: null,
    commitP99Ms: null,
    utilisation: 0.25,
    fullInSeconds: null,
    accepted: 0,
    settled: 0,
    offlineSeconds: 0,
    degradedSeconds: 0,
    waiting: 0,
    seenSeconds: 5,
    ...spoilt,
  };
}
