import { beforeEach, describe, expect, test } from 'vitest';
import {
  type LaneCounts,
  LaneSimulator,
  type LaneSimulatorOptions,
  type SimulatedLane,
} from '../../../src/demo/simulator/lane-simulator.ts';
import { traffic } from '../../../src/demo/simulator/traffic.ts';
import { ManualTime } from '../../lane/manual-time.ts';

const NONE: LaneCounts = {
  kept: 0,
  acknowledged: 0,
  held: 0,
  conflict: 0,
  synced: 0,
  refused: 0,
  rejected: 0,
  resolved: 0,
};

/** A lane that notes what it is given; `LaneClient` itself is run by the command's test. */
class NotingLane implements SimulatedLane {
  readonly name: string;
  readonly got: unknown[] = [];
  isOnline = false;
  isFull = false;

  constructor(name: string) {
    this.name = name;
  }

  start(): void {
    this.isOnline = true;
  }

  async stop(): Promise<void> {
    this.isOnline = false;
  }

  publish(record: unknown): void {
    if (this.isFull) throw new Error('disk full');
    this.got.push(record);
  }

  publishRaw(bytes: Uint8Array): void {
    this.publish(bytes);
  }

  counts(): LaneCounts {
    return { ...NONE, acknowledged: this.got.length };
  }
}

let time: ManualTime;
let lanes: NotingLane[];
let failures: string[];

beforeEach(() => {
  time = new ManualTime();
  lanes = [];
  failures = [];
});

const TRAFFIC = { seed: 'shop', lanes: 3, ratePerSecond: 10, badRate: 0.2 };

function simulator(more: Partial<LaneSimulatorOptions> = {}): LaneSimulator {
  return new LaneSimulator({
    ...TRAFFIC,
    clock: time,
    timers: time,
    openLane(name) {
      const lane = new NotingLane(name);
      lanes.push(lane);
      return lane;
    },
    onFailure: (lane) => failures.push(lane),
    ...more,
  });
}

describe('the simulator', () => {
  test('publishes the traffic as it falls due, each event at its lane', async () => {
    const startUtcMs = time.utcMs();
    const running = simulator();
    await running.start();
    time.advance(60_000);
    const due = traffic({ ...TRAFFIC, startUtcMs })
      .take(5_000)
      .filter(({ atMs }) => atMs <= 60_000)
      .toArray();
    expect(due.length).toBeGreaterThan(100);
    for (const [index, lane] of lanes.entries()) {
      const mine = due.filter((event) => event.lane === index).map(({ publish }) => publish);
      expect(lane.got).toEqual(mine.map((each) => (each.type === 'record' ? each.record : each.bytes)));
    }
    expect(running.counts()).toMatchObject({
      published: due.length,
      acknowledged: due.length,
      lanes: 3,
      lanesOnline: 3,
    });
    await running.stop();
  });

  test('sells no more after closing, and leaves nothing behind after stopping', async () => {
    const running = simulator();
    await running.start();
    time.advance(5_000);
    running.closeShop();
    const { published } = running.counts();
    time.advance(5_000);
    expect(running.counts()).toMatchObject({ published, lanesOnline: 3 });
    await running.stop();
    expect(lanes.map(({ isOnline }) => isOnline)).toEqual([false, false, false]);
    expect(time.waiting).toEqual([]);
  });

  test('goes on when a lane cannot keep a record', async () => {
    const running = simulator();
    await running.start();
    for (const lane of lanes) lane.isFull = lane.name === 'lane-2';
    time.advance(10_000);
    const { published, failed } = running.counts();
    expect(failed).toBeGreaterThan(0);
    expect(published).toBeGreaterThan(0);
    expect(new Set(failures)).toEqual(new Set(['lane-2']));
    await running.stop();
  });

  test('does not make up for hours in which the machine slept', async () => {
    const running = simulator();
    await running.start();
    time.advance(1_000);
    const before = running.counts().published;
    time.sleep(8 * 3600 * 1000);
    time.advance(1_000);
    expect(running.counts().published - before).toBeLessThan(200);
    await running.stop();
  });

  test('stops the lanes it has started when one does not start', async () => {
    const running = simulator({
      openLane(name) {
        const lane = new NotingLane(name);
        if (name === 'lane-3')
          lane.start = () => {
            throw new Error('outbox is in use');
          };
        lanes.push(lane);
        return lane;
      },
    });
    await expect(running.start()).rejects.toThrow('outbox is in use');
    expect(lanes.map(({ isOnline }) => isOnline)).toEqual([false, false, false]);
    expect(time.waiting).toEqual([]);
  });
});
