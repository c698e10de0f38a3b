/**
 * The trail, put together: both logs under `trail_dir`, kept and signed by the sealer, or, without one, by the gateway itself.
 */
import { systemClock, systemTimers } from '../base/clock.ts';
import type { Config } from '../base/config/load.ts';
import { makeDirectory } from '../base/durable-async.ts';
import { type CounterfoilError, messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { RecordBuffer } from '../buffer/api.ts';
import type { Trail } from '../trail/api.ts';
import { nodeDisk } from '../trail/disk.ts';
import { LOGS, logDirectory } from '../trail/names.ts';
import { TRAIL_OPTIONS } from '../trail/options.ts';
import { ownKeeper } from '../trail/own-keeper.ts';
import { ownSigner } from '../trail/own-signer.ts';
import { patientDisk } from '../trail/patient-disk.ts';
import { SealerClient } from '../trail/sealer-client.ts';
import { openTrail, type TrailParts } from '../trail/trail.ts';

export interface GatewayTrailParts {
  readonly config: Config;
  readonly buffer: RecordBuffer;
  readonly log: Log;
  readonly onFatal: (error: CounterfoilError) => void;
}

/** Why this gateway promises no more than to capture; null when it promises everything. */
export function captureReason(told: boolean, trail: Trail | null): 'capture' | 'trail_lost' | null {
  if (told) return 'capture';
  if (trail === null) return null;
  const { logs, troubles } = trail.facts();
  const isBehind = Object.values(logs).some(({ lagMs }) => lagMs > TRAIL_OPTIONS.lostAfterMs);
  return isBehind || troubles.some(({ code }) => code === 'trail_unreadable') ? 'trail_lost' : null;
}

export type OpenTrail = (parts: GatewayTrailParts) => Promise<Trail>;

/** Resolves when the trail has caught up with the buffer; never rejects. */
export const openGatewayTrail: OpenTrail = async ({ config, buffer, log, onFatal }) => {
  const { dataDir, trailDir } = config;
  return await openTrail({
    gatewayId: buffer.gatewayId,
    epoch: buffer.epoch,
    trailDir,
    dataDir,
    outbox: buffer.trail,
    note: (trailLog, kind, body) => buffer.note(trailLog, kind, body),
    fixedSize: (trailLog) => buffer.facts().auditSize[trailLog],
    ...(await helpers(config, log)),
    clock: systemClock,
    timers: systemTimers,
    log,
    onFatal,
    options: TRAIL_OPTIONS,
  });
};

/** Who keeps and signs; without a sealer nobody keeps the files from being changed, and health says `worm: none`. */
async function helpers(
  { dataDir, trailDir, trail }: Config,
  log: Log,
): Promise<Pick<TrailParts, 'keeper' | 'signer' | 'disk'>> {
  if (trail.sealerSocket !== null) {
    const sealer = new SealerClient({ socketPath: trail.sealerSocket, trailDir });
    return { keeper: sealer, signer: sealer, disk: patientDisk(nodeDisk, systemTimers) };
  }
  try {
    // Both at once, before anything happens in them: a folder that is not there is a trail that somebody took away. Names
    // made durable: else a power cut could take a folder away whose entries have left the buffer.
    for (const name of LOGS) await makeDirectory(logDirectory(trailDir, name));
  } catch (error) {
    log.error('trail_dir cannot be made', { error: messageOf(error), hint: 'Look at its rights and its disk.' });
  }
  return { keeper: ownKeeper(trailDir), signer: ownSigner(dataDir), disk: nodeDisk };
}
