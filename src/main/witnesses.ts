/** Who outside the box has seen the trail: lanes and PMS, put together with it. */
import { systemClock, systemTimers } from '../base/clock.ts';
import type { Config } from '../base/config/load.ts';
import type { Log } from '../base/log.ts';
import type { RecordBuffer, TrailLog } from '../buffer/api.ts';
import { LaneEcho } from '../intake/lane-echo.ts';
import type { TrailPort } from '../sync/ports.ts';
import type { Trail } from '../trail/api.ts';
import { WitnessKey } from './witness-key.ts';

export interface Witnesses {
  /** Newest signed checkpoint, for receipts and status. */
  checkpoint(log: TrailLog): string | null;
  /** The trail as the PMS's witness sees it. */
  readonly port: TrailPort;
  readonly key: WitnessKey;
  readonly echo: LaneEcho;
}

export interface WitnessesParts {
  readonly config: Config;
  readonly buffer: RecordBuffer;
  /** Null: there is nothing to bear witness of. */
  readonly trail: Trail | null;
  readonly log: Log;
}

/** Throws `config_invalid` for a `pms.witness_key` that is none. */
export async function openWitnesses({ config, buffer, trail, log }: WitnessesParts): Promise<Witnesses> {
  const key = await WitnessKey.open({
    dataDir: config.dataDir,
    configured: config.pms.witnessKey,
    note: (body) => buffer.note('audit', 'witness_key', body),
    log,
  });
  const echo = new LaneEcho({
    judge: async (note) => (trail === null ? 'not_ours' : await trail.judge('lane', note)),
    note: (body) => buffer.note('audit', 'lane_witness', body),
    clock: systemClock,
    timers: systemTimers,
    log,
  });
  const checkpoint = (of: TrailLog) => trail?.checkpoint(of) ?? null;
  const port: TrailPort = {
    checkpoint,
    cosignedSize: (of) => buffer.trail.checkpoint(of).cosignedSize,
    forWitness: async (of, oldSize) => (trail === null ? null : await trail.forWitness(of, oldSize)),
    judge: async (by, note) => (trail === null ? 'not_ours' : await trail.judge(by, note)),
    takeCosignature: async (of, size, cosignature) => await trail?.takeCosignature(of, size, cosignature),
  };
  return { checkpoint, port, key, echo };
}
