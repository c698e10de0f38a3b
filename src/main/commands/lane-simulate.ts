/** `counterfoil lane simulate`: a whole store's tills against a gateway, with figures while it runs. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemTimers } from '../../base/clock.ts';
import { CounterfoilError, messageOf } from '../../base/errors.ts';
import type { LaneSimulator, SimulatorCounts } from '../../demo/simulator/lane-simulator.ts';
import { createSimulator } from '../simulator.ts';
import type { CommandIo } from './io.ts';

export interface SimulateFlags {
  readonly url: string;
  readonly store: string;
  readonly lanes: number;
  /** Records a second. */
  readonly rate: number;
  readonly badRate: number;
  readonly seed?: string;
  /** Seconds. */
  readonly duration?: number;
  /** Seconds. */
  readonly drain: number;
  readonly outbox?: string;
  readonly json?: true;
}

const PROGRESS_EVERY_MS = 5_000;
const DRAIN_LOOK_MS = 50;

/** Sells until the time is over or a signal comes; throws `gateway_unreachable` when records stayed at the lanes. */
export async function simulate(flags: SimulateFlags, io: CommandIo): Promise<void> {
  const seed = flags.seed ?? randomUUID().slice(0, 8);
  const outboxDir = flags.outbox ?? mkdtempSync(join(tmpdir(), 'counterfoil-lanes-'));
  const complaints = new Set<string>();
  const simulator = createSimulator({
    url: flags.url,
    store: flags.store,
    lanes: flags.lanes,
    ratePerSecond: flags.rate,
    badRate: flags.badRate,
    seed,
    outboxDir,
    onFailure: (lane, error) => complain(complaints, `${lane}: ${messageOf(error)}`),
    onLane: (lane, name) => {
      lane.on('outboxFailed', (error) => complain(complaints, `${name}: ${messageOf(error)}`));
      lane.on('offline', (reason) => complain(complaints, `${name} is offline: ${reason}`));
    },
  });
  try {
    process.stderr.write(`seed ${seed}, outboxes in ${outboxDir}\n`);
    await simulator.start();
    await sellingTime(simulator, flags.duration);
    simulator.closeShop();
    await drained(simulator, flags.drain * 1000);
    report(simulator.counts(), flags, io);
  } finally {
    await simulator.stop();
    if (flags.outbox === undefined) rmSync(outboxDir, { recursive: true, force: true });
  }
}

/** Each complaint once: a gateway that is away would fill the screen otherwise. */
function complain(known: Set<string>, text: string): void {
  if (known.has(text)) return;
  known.add(text);
  process.stderr.write(`${text}\n`);
}

/** Resolves after `seconds`, or at the first SIGINT or SIGTERM; prints progress until then. */
function sellingTime(simulator: LaneSimulator, seconds: number | undefined): Promise<void> {
  return new Promise((resolve) => {
    let cancelProgress = () => {};
    const progress = () => {
      process.stderr.write(`${inWords(simulator.counts())}\n`);
      cancelProgress = systemTimers.after(PROGRESS_EVERY_MS, progress);
    };
    const end = () => {
      cancelEnd();
      cancelProgress();
      process.off('SIGINT', end);
      process.off('SIGTERM', end);
      resolve();
    };
    const cancelEnd = seconds === undefined ? () => {} : systemTimers.after(seconds * 1000, end);
    cancelProgress = systemTimers.after(PROGRESS_EVERY_MS, progress);
    process.on('SIGINT', end);
    process.on('SIGTERM', end);
  });
}

/** After the last sale, the lanes get so long to bring what they keep to the gateway. */
async function drained(simulator: LaneSimulator, limitMs: number): Promise<void> {
  for (let waitedMs = 0; waitedMs < limitMs && simulator.counts().kept > 0; waitedMs += DRAIN_LOOK_MS) {
    await new Promise<void>((resolve) => {
      systemTimers.after(DRAIN_LOOK_MS, resolve);
    });
  }
}

function report(counts: SimulatorCounts, flags: SimulateFlags, io: CommandIo): void {
  io.write(flags.json === true ? `${JSON.stringify(counts)}\n` : `${inWords(counts)}\n`);
  if (counts.kept + counts.failed === 0) return;
  const where = flags.outbox === undefined ? 'and went with the temporary outboxes' : `and wait in ${flags.outbox}`;
  throw new CounterfoilError(
    'gateway_unreachable',
    `${counts.kept} records are not at the gateway ${where}; ${counts.failed} could not even be kept`,
    `check that a gateway runs at ${flags.url}; with --outbox a later run sends what was kept`,
  );
}

function inWords(counts: SimulatorCounts): string {
  const { published, kept, acknowledged, synced, refused, conflict, held, rejected, lanes, lanesOnline } = counts;
  return [
    `published ${published}`,
    `kept at the lanes ${kept}`,
    `at the gateway ${acknowledged + held}`,
    `held ${held}`,
    `synced ${synced}`,
    `refused ${refused}`,
    `conflict ${conflict}`,
    `rejected ${rejected}`,
    `lanes online ${lanesOnline}/${lanes}`,
  ].join(', ');
}
