/** One scenario from the first event to the last. The same seed gives the same run. */
import { seededRandom } from '../../src/demo/simulator/random.ts';
import { Events } from './events.ts';
import type { Comeback, HerdResult, Scenario, World } from './model.ts';
import { PmsModel } from './pms-model.ts';
import { type OnStreamDone, Store } from './store-model.ts';

/** A new record makes a stream notice the outage; the first ones of all stores fall in this span. */
const NOTICED_WITHIN_MS = 60_000;
const HEARTBEAT_MS = 15_000;

export function simulate(world: World, scenario: Scenario, comeback: Comeback, seed: string): HerdResult {
  const random = seededRandom(`${seed} ${scenario.name} ${comeback}`);
  const comebackMs = comeback === 'line' ? world.outageMs : 0;
  const events = new Events();
  const pms = new PmsModel(world.pms, scenario.room, events, comebackMs);
  const doneAtMs: number[] = [];
  const scheduleTwoAtMs: number[] = [];
  let wasted = 0;
  let wastedRecords = 0;
  const surroundings = {
    world,
    events,
    pms,
    random,
    retry: scenario.retry,
    comebackMs,
    onWasted: (records: number) => {
      wasted += 1;
      wastedRecords += records;
    },
  };
  const onStreamDone: OnStreamDone = (stream, store) => {
    if (stream === 'schedule_two') scheduleTwoAtMs.push(events.nowMs - comebackMs);
    if (store.isDone) doneAtMs.push(events.nowMs - comebackMs);
  };
  for (let number = 0; number < world.stores; number += 1) {
    const store = new Store(surroundings, onStreamDone);
    const delayMs = random() * (comeback === 'line' ? NOTICED_WITHIN_MS : world.startSpanMs);
    store.start(delayMs, comeback === 'line' ? random() * HEARTBEAT_MS : delayMs);
  }
  events.run(comebackMs + world.limitMs, () => doneAtMs.length === world.stores);
  return { ...figuresOf(world, pms, doneAtMs, scheduleTwoAtMs), wasted, wastedRecords, scenario, comeback };
}

function figuresOf(world: World, pms: PmsModel, doneAtMs: readonly number[], scheduleTwoAtMs: readonly number[]) {
  const capacityMs = world.pms.workers * 1000;
  const at = (times: readonly number[], share: number): number | null => {
    const atMs = times[Math.ceil(share * world.stores) - 1];
    return atMs === undefined ? null : atMs / 1000;
  };
  return {
    series: { offered: pms.offered, served: pms.served },
    peakOverCapacity: Math.max(...pms.offeredWorkMs) / capacityMs,
    peakRequestsPerSecond: Math.max(...pms.offered),
    overloadedSeconds: pms.offeredWorkMs.filter((workMs) => workMs > 2 * capacityMs).length,
    requests: pms.offered.reduce((sum, value) => sum + value, 0),
    halfSeconds: at(doneAtMs, 0.5),
    mostSeconds: at(doneAtMs, 0.99),
    allSeconds: at(doneAtMs, 1),
    scheduleTwoSeconds: at(scheduleTwoAtMs, 1),
  };
}
