/** Settings of the storage breaker, and the types between it and the parts it is given. */
import type { Clock, Timers } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { TrailBodyOf } from '../record/trail-kinds.ts';
import type { Ballast } from './ballast.ts';
import type { Arrival, StorageLevel, TrickleLimits } from './breaker.ts';
import type { StorageLimits, StorageReading, Utilisation } from './level.ts';

export interface StorageTiming {
  readonly intervalMs: number;
  /** A look older than this is taken anew before the next arrival. */
  readonly measureAgeMs: number;
  readonly dwellMs: number;
  readonly tellDeferredMs: number;
  readonly trickle: TrickleLimits;
}

export const STORAGE_TIMING: StorageTiming = {
  intervalMs: 1000,
  measureAgeMs: 25,
  dwellMs: 10_000,
  tellDeferredMs: 60_000,
  trickle: { perSecond: 20, burst: 20 },
};

/** From here on settled records leave early, so that they never cause a deferral. */
export const RECLAIM_AT = 0.6;
/** The write-ahead log may grow by this before it is folded back. */
export const MIN_FREE_BYTES = 1024 * 1024;
/**
 * With less free than this the ballast is given up for the next Schedule II record, before a commit fails: more than the fastest intake
 * writes between two looks, the write-ahead log included.
 */
export const GIVE_UP_BELOW_BYTES = 4 * 1024 * 1024;

/** Room on the archive's disk without which nothing is archived: some frames, and the commits that take their rows away. */
const ARCHIVE_ROOM_BYTES = 2 * 1024 * 1024;

/**
 * How settled records leave the buffer: `off` at their time, `early` as soon as they are settled, `fast` the same without
 * regard for other work, `stopped` not at all. A record takes a third of its room in the archive, so archiving makes room
 * also in the reserve; it stops where the last of it would go, which is Schedule II's.
 */
export type ReclaimPace = 'off' | 'early' | 'fast' | 'stopped';

export function reclaimPace(
  level: StorageLevel,
  share: number,
  reading: StorageReading | null,
  limits: StorageLimits,
): ReclaimPace {
  const room = Math.min(reading?.bufferDisk.freeBytes ?? 0, reading?.trailDisk?.freeBytes ?? 0);
  if ((level === 'RESERVE' || level === 'FULL') && room < ARCHIVE_ROOM_BYTES) return 'stopped';
  if (level !== 'CLOSED') return 'fast';
  return share >= limits.reclaimAt ? 'early' : 'off';
}

export interface StorageParts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  readonly ballast: Ballast;
  /** What is used and free now; throws when a disk cannot be asked. Cheap: called for every group. */
  readonly read: () => StorageReading;
  readonly reclaim: (pace: ReclaimPace) => void;
  /** A trail entry that nothing waits for; rejects where there is no room for it. */
  readonly note: <K extends 'breaker' | 'deferred'>(kind: K, body: TrailBodyOf<K>) => Promise<unknown>;
  readonly onChange: () => void;
}

export interface StorageFacts {
  readonly level: StorageLevel;
  readonly levelForMs: number;
  readonly utilisation: Utilisation;
  /** Null before the first measurement. */
  readonly reading: StorageReading | null;
  /** The last measurement failed; the figures are those before. */
  readonly isBlind: boolean;
  readonly fullInMs: number | null;
  readonly ballastBytes: number;
  readonly ballastTargetBytes: number;
  readonly pace: ReclaimPace;
  /** Since the start. */
  readonly deferredTotal: Readonly<Record<Arrival, number>>;
}
