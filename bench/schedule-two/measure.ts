/** Schedule II's way to the PMS and back: with nothing else in the buffer, and beside a backlog that drains. */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LineShape } from '../line/shape.ts';
import { preload } from '../store/preload.ts';
import { dataDirOf, GATEWAY_ID, type PmsKind } from '../store/processes.ts';
import type { SalesOptions } from '../store/records.ts';
import { withScene } from '../store/scene.ts';
import { ScheduleTwoLane } from './lane.ts';
import type { Backlog, Times } from './model.ts';

/** A gateway that has just started compiles; it is left alone for so long, idle or draining. */
const SETTLE_MS = 5_000;

export interface Order {
  readonly parent: string;
  readonly pms: PmsKind;
  readonly line: LineShape;
  /** Records sold in each state. */
  readonly samples: number;
  readonly progress: (text: string) => void;
}

/** With an empty buffer. */
export async function measureIdle(order: Order): Promise<Times> {
  return await inDirectory(order, async (directory) => await sellIn(order, directory).then(({ times }) => times));
}

/** Beside `sales`, which are in the buffer before the gateway starts and drain while it sells. */
export async function measureLoaded(
  order: Order,
  sales: SalesOptions,
): Promise<{ times: Times; backlog: Backlog; preloadSeconds: number }> {
  return await inDirectory(order, async (directory) => {
    const { seconds } = await preload(dataDirOf(directory), GATEWAY_ID, sales, order.progress);
    order.progress(`preloaded ${sales.count} records in ${seconds.toFixed(1)} s`);
    const found = await sellIn(order, directory);
    if (found.backlog.pendingAfter === 0) throw new Error('the backlog was gone before the last sale: preload more');
    return { ...found, preloadSeconds: seconds };
  });
}

async function sellIn(order: Order, directory: string): Promise<{ times: Times; backlog: Backlog }> {
  return await withScene(directory, order.pms, order.line, async ({ gateway }) => {
    order.progress(`the gateway was ready after ${(gateway.readyMs / 1000).toFixed(1)} s`);
    const lane = await ScheduleTwoLane.connect(gateway.mqttPort);
    try {
      await sleep(SETTLE_MS);
      const pendingBefore = await gateway.pending();
      const startedAtMs = performance.now();
      const times = await lane.sell(order.samples);
      const seconds = (performance.now() - startedAtMs) / 1000;
      return { times, backlog: { pendingBefore, pendingAfter: await gateway.pending(), seconds } };
    } finally {
      await lane.close();
    }
  });
}

async function inDirectory<T>(order: Order, task: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(order.parent, 'schedule-two-'));
  try {
    return await task(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
