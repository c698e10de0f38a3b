/** The gateway draining a full buffer over the line to the reference PMS. */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LineShape } from '../line/shape.ts';
import { countersOf, processTree } from '../probe.ts';
import { preload } from '../store/preload.ts';
import { dataDirOf, GATEWAY_ID, type PmsKind, type RunningGateway } from '../store/processes.ts';
import type { SalesOptions } from '../store/records.ts';
import { type Scene, withScene } from '../store/scene.ts';
import type { DrainMeasured } from './model.ts';

const LOOK_EVERY_MS = 100;
/** Without one record fewer for this long, the drain has come to a halt. */
const STALL_MS = 60_000;

/**
 * From the first byte that leaves the gateway, which is while it starts, until nothing is PENDING any more.
 * @throws Error when the drain stalls, or when the PMS does not hold each record once.
 */
export async function measureDrain(
  parent: string,
  kind: PmsKind,
  shape: LineShape,
  options: SalesOptions,
  progress: (text: string) => void,
): Promise<DrainMeasured> {
  const directory = await mkdtemp(join(parent, 'drain-'));
  try {
    const filled = await preload(dataDirOf(directory), GATEWAY_ID, options, progress);
    progress(`preloaded ${filled.records} records in ${filled.seconds.toFixed(1)} s`);
    return await withScene(directory, kind, shape, (scene) => watch(scene, filled.records));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function watch({ gateway, line, pms }: Scene, records: number): Promise<DrainMeasured> {
  const endedAtMs = await drained(gateway);
  const { firstByteAtMs, upBytes, downBytes } = await line.counts();
  if (firstByteAtMs === null) throw new Error('the gateway sent nothing');
  const held = await pms.held();
  if (held !== records) throw new Error(`${records} records were drained and the PMS holds ${held}`);
  return {
    records,
    seconds: (endedAtMs - firstByteAtMs) / 1000,
    upBytes,
    downBytes,
    gatewayCpuSeconds: countersOf(processTree([gateway.pid])).cpuSeconds,
    pmsCpuSeconds: countersOf(processTree([pms.pid])).cpuSeconds,
  };
}

/** Resolves with the UTC ms at which nothing was pending any more. */
async function drained(gateway: RunningGateway): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  let progressAtMs = performance.now();
  for (;;) {
    const pending = await gateway.pending();
    if (pending === 0) return Date.now();
    if (pending < least) progressAtMs = performance.now();
    least = Math.min(least, pending);
    if (performance.now() - progressAtMs > STALL_MS)
      throw new Error(`the drain stalls with ${pending} records pending`);
    await sleep(LOOK_EVERY_MS);
  }
}
