/** A sync stage between a buffer in memory and a scripted PMS, with waits of milliseconds. */

import { systemClock, systemTimers } from '../../src/base/clock.ts';
import { type Log, silentLog } from '../../src/base/log.ts';
import type { SettledRecord } from '../../src/buffer/api.ts';
import type { Stream } from '../../src/record/types.ts';
import { SYNC_DEFAULTS, type SyncOptions } from '../../src/sync/options.ts';
import type { Delivery, SyncAlarm, SyncBuffer, SyncParts, WitnessAlarm } from '../../src/sync/ports.ts';
import { Sync } from '../../src/sync/sync.ts';
import { MemoryBuffer } from '../harness/memory-buffer.ts';
import { NO_TRAIL } from '../harness/no-trail.ts';
import type { Scene } from '../harness/scene.ts';
import { ScriptedPms, StrictLedger } from '../harness/scripted-pms.ts';

/** Waits that no test has to sit through; what a test is about it sets itself. */
const QUICK: Partial<SyncOptions> = {
  lingerMs: 0,
  idlePollMs: 60_000,
  retryBaseMs: 1,
  retryCapMs: 4,
  suspectAfterMs: 20,
  startSpreadMs: 0,
  overlapFromBytes: 1,
  stoppedRetryMs: 4,
  verificationPollMs: 4,
  memoryCheckMs: 300_000,
  stopGraceMs: 50,
};

export interface Told {
  readonly settled: SettledRecord[];
  readonly deliveries: Delivery[];
  readonly alarms: { stream: Stream; alarm: SyncAlarm | WitnessAlarm; active: boolean }[];
}

export interface Rig {
  readonly buffer: MemoryBuffer;
  readonly ledger: StrictLedger;
  readonly pms: ScriptedPms;
  readonly sync: Sync;
  readonly told: Told;
}

export interface RigOptions {
  readonly options?: Partial<SyncOptions>;
  readonly parts?: Partial<SyncParts>;
  readonly log?: Log;
}

/** Everything but `sync.start()`; closed with the scene. */
export async function makeRig(scene: Scene, { options = {}, parts = {} }: RigOptions = {}): Promise<Rig> {
  const buffer = new MemoryBuffer();
  const ledger = new StrictLedger();
  const pms = await ScriptedPms.start(ledger.script);
  scene.onClose(() => pms.close());
  const { sync, told } = makeSync(scene, pms.url, buffer, { options, parts });
  return { buffer, ledger, pms, sync, told };
}

export function makeSync(
  scene: Scene,
  pmsUrl: string,
  buffer: SyncBuffer,
  { options = {}, parts = {} }: RigOptions = {},
): { sync: Sync; told: Told } {
  const told: Told = { settled: [], deliveries: [], alarms: [] };
  const sync = new Sync(
    { ...SYNC_DEFAULTS, ...QUICK, pmsUrl, ...options },
    {
      buffer,
      clock: systemClock,
      timers: systemTimers,
      random: () => 0.5,
      log: silentLog,
      events: {
        onSettled: (records) => told.settled.push(...records),
        onDelivery: (delivery) => told.deliveries.push(delivery),
        onAlarm: (stream, alarm, active) => told.alarms.push({ stream, alarm, active }),
      },
      readToken: () => 'secret-token',
      heartbeatOk: () => true,
      ...NO_TRAIL,
      ...parts,
    },
  );
  scene.onClose(() => sync.stop());
  return { sync, told };
}
