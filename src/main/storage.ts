/** The storage breaker of this gateway: its limits from the configuration, its readings from the buffer and two disks. */
import { join } from 'node:path';
import type { Clock, Timers } from '../base/clock.ts';
import { following } from '../base/config/following.ts';
import type { Config } from '../base/config/load.ts';
import type { Log } from '../base/log.ts';
import type { IntakeItem, RecordBuffer } from '../buffer/api.ts';
import type { Admission } from '../intake/committer.ts';
import { Ballast } from '../storage/ballast.ts';
import type { Arrival } from '../storage/breaker.ts';
import { readStorage, spaceOf } from '../storage/gauge.ts';
import { ballastFor, type StorageLimits } from '../storage/level.ts';
import {
  GIVE_UP_BELOW_BYTES,
  MIN_FREE_BYTES,
  RECLAIM_AT,
  type ReclaimPace,
  STORAGE_TIMING,
} from '../storage/options.ts';
import { Storage } from '../storage/storage.ts';

export interface StorageMaking {
  readonly config: Config;
  readonly buffer: RecordBuffer;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  readonly reclaim: (pace: ReclaimPace) => void;
  /** The level has changed: lanes and the mode are to hear of it. */
  readonly onChange: () => void;
}

/** The ballast of a data directory; also for a start that finds the disk full. */
export function ballastOf({ dataDir, storage }: Config): Ballast {
  return new Ballast(dataDir, storage.ballastBytes ?? ballastFor(spaceOf(dataDir)));
}

export function makeStorage(making: StorageMaking): Storage {
  const { buffer, clock, config, log, onChange, reclaim, timers } = making;
  const ballast = ballastOf(config);
  const gauge = {
    dataDir: config.dataDir,
    trailDir: config.trailDir,
    bufferPath: join(config.dataDir, 'buffer.db'),
    ballast,
    reusableBytes: () => buffer.reusableBytes(),
    records: () => recordsOf(buffer),
  };
  return new Storage(
    following(() => limitsOf(config, ballast.targetBytes)),
    STORAGE_TIMING,
    {
      clock,
      timers,
      log,
      ballast,
      reclaim,
      onChange,
      read: () => readStorage(gauge),
      note: (kind, body) => buffer.note('audit', kind, body),
    },
  );
}

function limitsOf({ storage }: Config, ballastBytes: number): StorageLimits {
  return {
    ...storage,
    reclaimAt: Math.min(RECLAIM_AT, storage.closeAt),
    ballastBytes,
    minFreeBytes: MIN_FREE_BYTES,
    giveUpBelowBytes: Math.min(GIVE_UP_BELOW_BYTES, ballastBytes),
  };
}

/** The breaker as intake asks it. */
export function admissionOf(storage: Storage): Admission {
  return {
    admit: (item) => storage.admit(arrivalOf(item)),
    deferred: (item) => storage.deferred(arrivalOf(item)),
  };
}

function arrivalOf(item: IntakeItem): Arrival {
  if (item.type !== 'record') return 'other';
  if (item.record.stream === 'schedule_two') return 'schedule_two';
  return item.record.schedule === 'NONE' ? 'other' : 'controlled';
}

function recordsOf(buffer: RecordBuffer): number {
  let records = 0;
  for (const states of Object.values(buffer.facts().counts)) {
    for (const count of Object.values(states)) records += count;
  }
  return records;
}
