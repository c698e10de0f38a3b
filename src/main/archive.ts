/** The archive of a gateway, put together: settled records leave the buffer for the trail's partition. */
import { join } from 'node:path';
import { Archiver } from '../archive/archiver.ts';
import { plainKeeper } from '../archive/keeper.ts';
import { ARCHIVER_DEFAULTS } from '../archive/options.ts';
import { sealedKeeper } from '../archive/sealed-keeper.ts';
import { systemClock, systemTimers } from '../base/clock.ts';
import { following } from '../base/config/following.ts';
import type { Config } from '../base/config/load.ts';
import type { Log } from '../base/log.ts';
import type { RecordBuffer } from '../buffer/api.ts';

/** Where the archive's files are. */
export const archiveDirectory = ({ trailDir }: Pick<Config, 'trailDir'>): string => join(trailDir, 'archive');

export function makeArchiver(
  config: Config,
  parts: { readonly buffer: RecordBuffer; readonly log: Log; readonly isBusy: () => boolean },
): Archiver {
  const socket = config.trail.sealerSocket;
  const { dayMs, ...paces } = ARCHIVER_DEFAULTS;
  return new Archiver(
    following(() => ({ ...paces, bufferMs: config.retention.bufferDays * dayMs })),
    {
      archive: parts.buffer.archive,
      keeper: socket === null ? plainKeeper(archiveDirectory(config)) : sealedKeeper(socket, archiveDirectory(config)),
      clock: systemClock,
      timers: systemTimers,
      log: parts.log,
      isBusy: parts.isBusy,
    },
  );
}
