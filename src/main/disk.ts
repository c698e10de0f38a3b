/** The watch over this box's disks, and the one question that systeminformation answers best: how warm the box is. */
import { cpuTemperature } from 'systeminformation';
import { systemClock, systemTimers } from '../base/clock.ts';
import type { Config } from '../base/config/load.ts';
import type { Log } from '../base/log.ts';
import { DiskWatch } from '../storage/disk-watch.ts';

const TERABYTE = 1e12;

export function makeDiskWatch({ dataDir, trailDir, storage }: Config, log: Log): DiskWatch {
  const ratedBytes = storage.ratedTerabytes === null ? null : storage.ratedTerabytes * TERABYTE;
  return new DiskWatch(
    { dataDir, trailDir, smartFile: storage.smartFile, ratedBytes },
    { clock: systemClock, timers: systemTimers, log, temperatureC },
  );
}

async function temperatureC(): Promise<number | null> {
  const { main } = await cpuTemperature();
  return typeof main === 'number' && main > 0 ? main : null;
}
