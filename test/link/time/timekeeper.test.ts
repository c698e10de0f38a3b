/** Real time servers over UDP; our own clock is moved by hand. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Clock, systemTimers } from '../../../src/base/clock.ts';
import { silentLog } from '../../../src/base/log.ts';
import { type ClockStep, Timekeeper, type TimekeeperOptions } from '../../../src/link/time/timekeeper.ts';
import { HandTime } from '../../harness/hand-time.ts';
import { Scene } from '../../harness/scene.ts';
import { type Play, timeServer } from '../../harness/time-server.ts';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.close());

/** A wall clock that can be set, over a monotonic one that passes by hand. */
class SetClock extends HandTime {
  setByMs = 0;
  override utcMs(): number {
    return super.utcMs() + this.setByMs;
  }
}

const OPTIONS: TimekeeperOptions = {
  ntpServers: [],
  intervalMs: 1_024_000,
  alarmMs: 300_000,
  notBeforeMs: Date.UTC(2026, 10, 1),
  newestWriteMs: null,
  ntp: { burst: 1, spacingMs: 1, timeoutMs: 20_000, pivotMs: Date.UTC(2026, 10, 1) },
};

function keeper(time: SetClock, options: Partial<TimekeeperOptions> = {}, clock: Clock = time) {
  const told: string[] = [];
  const steps: ClockStep[] = [];
  let news: () => void = () => {};
  const made = new Timekeeper(
    { ...OPTIONS, ...options },
    {
      clock,
      // The servers are real, so what waits for them waits in real time; everything else goes by hand.
      timers: { after: (delayMs, task) => (delayMs === 20_000 ? systemTimers : time).after(delayMs, task) },
      random: () => 0.5,
      log: silentLog,
      resolve: async (host) => [{ address: host, family: 4 }],
      onQuality: (word, was) => {
        told.push(`${was} ${word.quality}`);
        news();
      },
      onStep: (step) => steps.push(step),
    },
  );
  scene.onClose(() => made.stop());
  const quality = (wanted: string) =>
    new Promise<void>((resolve) => {
      news = () => {
        if (made.facts().quality === wanted) resolve();
      };
      news();
    });
  return { made, told, steps, quality };
}

const pulseOf = (time: SetClock, utcMs: number) => ({
  sentAtMs: time.monotonicMs(),
  answeredAtMs: time.monotonicMs(),
  date: null,
  timeUtc: new Date(utcMs).toISOString(),
});

describe('with time servers', () => {
  const serverOf = (time: SetClock, offMs: number, play: Partial<Play> = {}) =>
    timeServer(scene, { utcMs: () => time.monotonicMs() + Date.UTC(2026, 10, 22, 9, 0, 0) + offMs, ...play });

  test('a clock that is right is synchronised, with offset, uncertainty and source', async () => {
    const time = new SetClock();
    const server = await serverOf(time, 40, { rootDispersionMs: 15 });
    const { made, told, quality } = keeper(time, { ntpServers: [server.name] });
    expect(made.quality()).toBe('unknown');
    made.start();
    await quality('synchronised');
    const facts = made.facts();
    expect(facts).toMatchObject({ source: 'ntp', doubt: null, servers: [{ server: server.name, state: 'ok' }] });
    expect(facts.offsetMs).toBeCloseTo(40, 0);
    expect(facts.uncertaintyMs).toBeCloseTo(15, 0);
    expect(told).toEqual(['unknown synchronised']);
  });

  test('a clock that is set wrong is unsynchronised from that moment on, before any server is asked again', async () => {
    const time = new SetClock();
    const server = await serverOf(time, 0);
    const { made, told, steps, quality } = keeper(time, { ntpServers: [server.name] });
    made.start();
    await quality('synchronised');
    time.setByMs = 3_600_000;
    expect(made.quality()).toBe('unsynchronised');
    expect(made.facts().offsetMs).toBeCloseTo(-3_600_000, 0);
    expect(steps).toEqual([{ byMs: 3_600_000, count: 1, atMs: time.utcMs() }]);
    expect(server.asked).toHaveLength(1);
    time.setByMs = 0;
    await time.pass(1_000);
    expect(told).toEqual(['unknown synchronised', 'synchronised unsynchronised', 'unsynchronised synchronised']);
    await time.pass(60_000);
    expect(steps.map(({ byMs, count }) => [byMs, count])).toEqual([
      [3_600_000, 1],
      [-3_600_000, 1],
    ]);
  });

  test('is asked again after the interval, and one that did not answer sooner', async () => {
    const time = new SetClock();
    const [good, silent] = [await serverOf(time, 0), await serverOf(time, 0, { leap: 3 })];
    const { made, quality } = keeper(time, { ntpServers: [good.name, silent.name] });
    made.start();
    await quality('synchronised');
    await happens(() => made.facts().servers.every(({ state }) => state !== 'unasked'));
    await time.pass(80_000);
    await happens(() => silent.asked.length === 2);
    await time.pass(900_000);
    expect(good.asked).toHaveLength(1);
    await time.pass(100_000);
    await happens(() => good.asked.length === 2);
  });

  test('two that contradict each other are not believed', async () => {
    const time = new SetClock();
    const [a, b] = [await serverOf(time, 0), await serverOf(time, 60_000)];
    const { made } = keeper(time, { ntpServers: [a.name, b.name] });
    made.start();
    await happens(() => made.facts().servers.every(({ state }) => state === 'ok'));
    await time.pass(1_000);
    expect(made.facts()).toMatchObject({ quality: 'unknown', doubt: 'servers_disagree', offsetMs: null });
  });

  test('a PMS that is hours off does not make our clock bad', async () => {
    const time = new SetClock();
    const server = await serverOf(time, 0);
    const { made, quality } = keeper(time, { ntpServers: [server.name] });
    made.start();
    await quality('synchronised');
    made.takePulse(pulseOf(time, time.utcMs() + 10_800_000));
    expect(made.facts()).toMatchObject({ quality: 'synchronised', source: 'ntp' });
    expect(made.facts().pmsOffsetMs).toBeCloseTo(10_800_000, -1);
  });

  /** Real datagrams travel in real time; hand time stands still meanwhile. */
  async function happens(holds: () => boolean) {
    while (!holds()) await new Promise((resolve) => setImmediate(resolve));
  }
});

describe('without time servers', () => {
  test('the PMS decides as far as it can', () => {
    const time = new SetClock();
    const { made } = keeper(time);
    made.takePulse(pulseOf(time, time.utcMs() + 900));
    expect(made.facts()).toMatchObject({ quality: 'synchronised', source: 'pms' });
    made.takePulse(pulseOf(time, time.utcMs() + 7_200_000));
    expect(made.facts()).toMatchObject({ quality: 'unknown', doubt: 'pms_disagrees' });
  });

  test('a box that starts in 1970 knows it before anybody was asked, and so do its first records', () => {
    const time = new SetClock();
    time.setByMs = -time.utcMs();
    const { made, told } = keeper(time);
    expect(made.quality()).toBe('unsynchronised');
    made.start();
    expect(told).toEqual(['unknown unsynchronised']);
    // The system's time service finds the time, the PMS agrees.
    time.setByMs = 0;
    made.takePulse(pulseOf(time, time.utcMs()));
    expect(made.quality()).toBe('synchronised');
  });

  test('a word of the PMS is forgotten after a day', async () => {
    const time = new SetClock();
    const { made } = keeper(time);
    made.start();
    made.takePulse(pulseOf(time, time.utcMs()));
    await time.pass(86_398_000);
    expect(made.quality()).toBe('synchronised');
    await time.pass(3_000);
    expect(made.facts()).toMatchObject({ quality: 'unknown', source: 'none', pmsOffsetMs: null });
  });
});

test('a clock that is set every second is told once a minute, and nothing of it is lost', async () => {
  const time = new SetClock();
  const { made, steps } = keeper(time);
  made.start();
  for (let second = 0; second < 150; second += 1) {
    time.setByMs += 1_000;
    await time.pass(1_000);
  }
  await time.pass(60_000);
  expect(steps.length).toBeLessThanOrEqual(4);
  expect(steps.reduce((sum, { count }) => sum + count, 0)).toBe(150);
  expect(steps.reduce((sum, { byMs }) => sum + byMs, 0)).toBe(150_000);
  expect(made.facts().steps).toBe(150);
});

test('a step that waits to be told with others is told at the end', async () => {
  const time = new SetClock();
  const { made, steps } = keeper(time);
  made.start();
  for (const byMs of [5_000, -7_000]) {
    time.setByMs += byMs;
    await time.pass(1_000);
  }
  expect(steps.map(({ byMs }) => byMs)).toEqual([5_000]);
  time.setByMs += 2_500;
  await made.stop();
  expect(steps.map(({ byMs, count }) => [byMs, count])).toEqual([
    [5_000, 1],
    [-4_500, 2],
  ]);
});

test('slewing is no step, however far it leads', async () => {
  const time = new SetClock();
  const { made, steps } = keeper(time);
  made.start();
  for (let second = 0; second < 100; second += 1) {
    time.setByMs += 100;
    await time.pass(1_000);
  }
  expect(steps).toEqual([]);
});

test('a process that was stopped between its looks at the two clocks sees no step', () => {
  let monotonicMs = 0;
  let stopForMs = 0;
  const clock = {
    monotonicMs: () => monotonicMs,
    utcMs: () => {
      monotonicMs += stopForMs;
      stopForMs = 0;
      return Date.UTC(2026, 10, 22) + monotonicMs;
    },
  };
  const { made, steps } = keeper(new SetClock(), {}, clock);
  stopForMs = 2_000;
  made.quality();
  made.quality();
  expect(monotonicMs).toBe(2_000);
  expect(steps).toEqual([]);
});
