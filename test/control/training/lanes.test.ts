/** Lanes in training, with time moved by hand. */
import { beforeEach, expect, test } from 'vitest';
import type { Clock, Timers } from '../../../src/base/clock.ts';
import { CounterfoilError } from '../../../src/base/errors.ts';
import { silentLog } from '../../../src/base/log.ts';
import type { LaneTraining } from '../../../src/buffer/api.ts';
import { TrainingLanes } from '../../../src/control/training/lanes.ts';
import { trainingOperations } from '../../../src/control/training/operations.ts';

const HOUR = 3_600_000;
const START = Date.parse('2026-11-24T08:00:00Z');

/** Both clocks and the timers of one box. */
class Box implements Clock, Timers {
  #utc = START;
  #monotonic = 1000;
  readonly #due = new Set<{ readonly at: number; readonly task: () => void }>();
  utcMs = () => this.#utc;
  monotonicMs = () => this.#monotonic;

  after(delayMs: number, task: () => void): () => void {
    const entry = { at: this.#monotonic + delayMs, task };
    this.#due.add(entry);
    return () => this.#due.delete(entry);
  }

  get timers(): number {
    return this.#due.size;
  }

  /** Time goes by; timers run. */
  pass(ms: number): void {
    this.#utc += ms;
    this.#monotonic += ms;
    for (const entry of [...this.#due]) {
      if (entry.at > this.#monotonic || !this.#due.delete(entry)) continue;
      entry.task();
    }
  }

  /** Time goes by, and the process is too busy to run its timers. */
  lag(ms: number): void {
    this.#utc += ms;
    this.#monotonic += ms;
  }

  /** Somebody sets the wall clock. */
  setClock(ms: number): void {
    this.#utc += ms;
  }
}

/** What the disk has; can fail. */
class Store {
  readonly lanes = new Map<string, number>();
  full = false;

  trainingLanes(): LaneTraining[] {
    return [...this.lanes].map(([lane, untilMs]) => ({ lane, untilMs }));
  }

  async setTraining(lane: string, untilMs: number | null): Promise<void> {
    if (this.full) throw new CounterfoilError('storage_full', 'the disk is full', 'Make room.');
    if (untilMs === null) this.lanes.delete(lane);
    else this.lanes.set(lane, untilMs);
  }
}

let box: Box;
let store: Store;
const started = () => {
  const training = new TrainingLanes({ buffer: store, clock: box, timers: box, log: silentLog });
  training.start();
  return training;
};
beforeEach(() => {
  box = new Box();
  store = new Store();
});

test('a lane practises until its time is over, and then sells again by itself', async () => {
  const training = started();
  expect(training.has('till-1')).toBe(false);
  await training.put('till-1', 2);
  expect([training.has('till-1'), training.has('till-2')]).toEqual([true, false]);
  expect(training.list()).toEqual([{ lane: 'till-1', untilMs: START + 2 * HOUR }]);
  box.pass(2 * HOUR - 1);
  expect(training.has('till-1')).toBe(true);
  box.pass(1);
  expect(training.has('till-1')).toBe(false);
  expect([training.list(), store.trainingLanes(), box.timers]).toEqual([[], [], 0]);
});

test('a new end takes the place of the old one', async () => {
  const training = started();
  await training.put('till-1', 1);
  await training.put('till-1', 3);
  box.pass(2 * HOUR);
  expect(training.has('till-1')).toBe(true);
  await training.put('till-1', 0.5);
  box.pass(HOUR / 2);
  expect(training.has('till-1')).toBe(false);
});

test('it can be ended, at once and twice', async () => {
  const training = started();
  await training.put('till-1', 8);
  await training.end('till-1');
  expect([training.has('till-1'), store.lanes.size, box.timers]).toEqual([false, 0, 0]);
  await training.end('till-1');
});

test('a restart changes nothing, and what ran out while the box was off has ended', async () => {
  const before = started();
  await before.put('till-1', 4);
  await before.put('till-2', 1);
  before.stop();
  expect(box.timers).toBe(0);
  box.pass(2 * HOUR);
  const after = started();
  expect([after.has('till-1'), after.has('till-2')]).toEqual([true, false]);
  box.pass(0);
  expect([...store.lanes.keys()]).toEqual(['till-1']);
  box.pass(2 * HOUR);
  expect(after.has('till-1')).toBe(false);
});

test('a clock that is set back makes it no longer, one that is set forward ends it', async () => {
  const training = started();
  await training.put('till-1', 8);
  box.setClock(-30 * 24 * HOUR);
  box.pass(8 * HOUR);
  expect(training.has('till-1')).toBe(false);
  await training.put('till-1', 8);
  box.setClock(9 * HOUR);
  expect(training.has('till-1')).toBe(false);
});

test('its end does not wait for a timer that is late', async () => {
  const training = started();
  await training.put('till-1', 8);
  box.setClock(-30 * 24 * HOUR);
  box.lag(8 * HOUR);
  expect(training.has('till-1')).toBe(false);
});

test('set back while the box was off: eight hours more at most', () => {
  store.lanes.set('till-1', START + 300 * HOUR);
  const training = started();
  expect(training.has('till-1')).toBe(true);
  box.pass(8 * HOUR);
  expect(training.has('till-1')).toBe(false);
});

test('on a full disk a lane is not put in training, and one that is sells again all the same', async () => {
  const training = started();
  await training.put('till-1', 1);
  store.full = true;
  await expect(training.put('till-2', 1)).rejects.toMatchObject({ code: 'storage_full' });
  expect(training.has('till-2')).toBe(false);
  await expect(training.end('till-1')).rejects.toMatchObject({ code: 'storage_full' });
  expect(training.has('till-1')).toBe(false);
});

test('over the control socket: put, list, end, and what is refused', async () => {
  const operations = trainingOperations(started());
  const ask = async (op: string, params: object = {}) => await operations[op]?.run(params);
  const until = { lane: 'till-1', until_utc: '2026-11-24T16:00:00.000Z' };
  expect(await ask('training.put', { lane: 'till-1', hours: 8 })).toEqual({ lanes: [until] });
  expect(await ask('training.list')).toEqual({ lanes: [until] });
  for (const params of [
    { lane: 'till-1', hours: 8.01 },
    { lane: 'till-1', hours: 0 },
    { lane: 'a/b', hours: 1 },
  ]) {
    await expect(ask('training.put', params)).rejects.toMatchObject({ code: 'usage' });
  }
  expect(await ask('training.end', { lane: 'till-1' })).toEqual({ lanes: [] });
});
