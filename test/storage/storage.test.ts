import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLog } from '../../src/base/log.ts';
import { Ballast } from '../../src/storage/ballast.ts';
import type { Arrival } from '../../src/storage/breaker.ts';
import type { StorageReading } from '../../src/storage/level.ts';
import { type ReclaimPace, STORAGE_TIMING } from '../../src/storage/options.ts';
import { Storage } from '../../src/storage/storage.ts';
import { HandTime } from '../harness/hand-time.ts';

const MIB = 1024 * 1024;
let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'storage-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function rig() {
  const time = new HandTime();
  const ballast = new Ballast(directory, 2 * MIB);
  const world = { usedMib: 10, fails: false };
  const notes: [string, Readonly<Record<string, unknown>>][] = [];
  const paces: ReclaimPace[] = [];
  let changes = 0;
  const read = (): StorageReading => {
    if (world.fails) throw new Error('EIO');
    return {
      bufferDisk: {
        usedBytes: world.usedMib * MIB + ballast.bytes(),
        freeBytes: (100 - world.usedMib) * MIB - ballast.bytes(),
      },
      trailDisk: { usedBytes: 0, freeBytes: 50 * MIB },
      bufferBytes: world.usedMib * MIB,
      reusableBytes: 0,
      records: 0,
      ballastBytes: ballast.bytes(),
    };
  };
  const storage = new Storage(
    {
      openAt: 0.8,
      closeAt: 0.7,
      reserveAt: 0.95,
      reclaimAt: 0.6,
      maxBytes: null,
      maxRecords: null,
      ballastBytes: 2 * MIB,
      minFreeBytes: MIB,
      giveUpBelowBytes: 0.9 * MIB,
    },
    STORAGE_TIMING,
    {
      clock: time,
      timers: time,
      log: silentLog,
      ballast,
      read,
      reclaim: (pace) => paces.push(pace),
      note: async (kind, body) => notes.push([kind, body]),
      onChange: () => {
        changes += 1;
      },
    },
  );
  storage.start();
  /** As intake asks. */
  const admit = (arrival: Arrival) => {
    const isIn = storage.admit(arrival);
    if (!isIn) storage.deferred(arrival);
    return isIn;
  };
  return { admit, ballast, notes, paces, storage, time, world, changes: () => changes };
}

test('lays the ballast in while all is calm', async () => {
  const { ballast, storage, time } = rig();
  await time.pass(2000);
  expect(ballast.bytes()).toBe(2 * MIB);
  expect(storage.facts()).toMatchObject({ level: 'CLOSED', ballastTargetBytes: 2 * MIB, pace: 'off' });
  storage.stop();
});

test('from full and back: who is let in, reclaim, trail, and it closes by itself', async () => {
  const { admit, notes, paces, storage, time, world, changes } = rig();
  await time.pass(3000);
  world.usedMib = 62;
  await time.pass(1000);
  expect(admit('other')).toBe(true);
  world.usedMib = 85;
  await time.pass(1000);
  expect([admit('other'), admit('controlled'), admit('schedule_two')]).toEqual([false, true, true]);
  world.usedMib = 95;
  await time.pass(1000);
  expect([admit('other'), admit('controlled'), admit('schedule_two')]).toEqual([false, false, true]);
  // No room for a frame of the archive: the last of it is Schedule II's.
  world.usedMib = 97;
  await time.pass(1000);
  world.usedMib = 40;
  await time.pass(1000);
  expect(storage.facts().level).toBe('HALF_OPEN');
  expect(admit('other')).toBe(true);
  await time.pass(11_000);
  expect(storage.facts()).toMatchObject({
    level: 'CLOSED',
    deferredTotal: { schedule_two: 0, controlled: 1, other: 2 },
  });
  expect(paces).toEqual(['early', 'fast', 'stopped', 'fast', 'off']);
  expect(notes.map(([kind, body]) => (kind === 'breaker' ? `${body.from} ${body.to}` : body))).toEqual([
    'CLOSED OPEN',
    'OPEN RESERVE',
    { schedule_two: 0, controlled: 0, other: 1 },
    'RESERVE HALF_OPEN',
    { schedule_two: 0, controlled: 1, other: 1 },
    'HALF_OPEN CLOSED',
  ]);
  expect(changes()).toBe(4);
  storage.stop();
});

test('an arrival is judged by a fresh look, not by the last beat', () => {
  const { storage, time, world } = rig();
  world.usedMib = 85;
  expect(storage.admit('other')).toBe(true);
  return time.pass(STORAGE_TIMING.measureAgeMs).then(() => {
    expect(storage.admit('other')).toBe(false);
    storage.stop();
  });
});

test('a commit without room gives up the ballast for Schedule II; without ballast nothing is taken', async () => {
  const { ballast, storage, time, world } = rig();
  await time.pass(3000);
  world.usedMib = 97.9;
  storage.noRoom();
  expect(ballast.bytes()).toBe(0);
  expect([storage.admit('controlled'), storage.admit('schedule_two')]).toEqual([false, true]);
  world.usedMib = 99.9;
  storage.noRoom();
  expect(storage.admit('schedule_two')).toBe(false);
  await time.pass(1000);
  expect(storage.facts().level).toBe('FULL');
  world.usedMib = 20;
  await time.pass(20_000);
  expect(storage.facts().level).toBe('CLOSED');
  expect(ballast.bytes()).toBe(2 * MIB);
  storage.stop();
});

test('the ballast is given up before a commit fails: no Schedule II record meets a full disk', async () => {
  const { admit, ballast, storage, time, world } = rig();
  await time.pass(3000);
  world.usedMib = 97;
  await time.pass(1000);
  expect(ballast.bytes()).toBe(2 * MIB);
  expect(admit('schedule_two')).toBe(true);
  expect(ballast.bytes()).toBe(2 * MIB);
  world.usedMib = 97.2;
  await time.pass(1000);
  expect([admit('controlled'), ballast.bytes()]).toEqual([false, 2 * MIB]);
  expect([admit('schedule_two'), ballast.bytes()]).toEqual([true, 0]);
  expect(storage.facts()).toMatchObject({ level: 'RESERVE', deferredTotal: { schedule_two: 0 } });
  storage.stop();
});

test('with no ballast left the tries whether there is room grow rare, to one in ten seconds', async () => {
  const { storage, time, world } = rig();
  world.usedMib = 97.9;
  let tries = 0;
  const fullFor = async (seconds: number) => {
    for (let passed = 0; passed < seconds * 1000; passed += 25) {
      if (storage.admit('schedule_two')) {
        tries += 1;
        storage.noRoom();
      }
      await time.pass(25);
    }
  };
  await fullFor(10);
  expect(tries).toBeLessThan(12);
  tries = 0;
  await fullFor(60);
  expect(tries).toBeLessThan(8);
  await time.pass(10_000);
  expect(storage.admit('schedule_two')).toBe(true);
  storage.committed();
  storage.noRoom();
  expect(storage.admit('schedule_two')).toBe(false);
  await time.pass(25);
  expect(storage.admit('schedule_two')).toBe(true);
  storage.stop();
});

test('a disk that cannot be asked leaves the level where it is', async () => {
  const { storage, time, world } = rig();
  world.usedMib = 85;
  await time.pass(1000);
  world.fails = true;
  await time.pass(60_000);
  expect(storage.facts()).toMatchObject({ level: 'OPEN', isBlind: true });
  expect(storage.admit('schedule_two')).toBe(true);
  storage.stop();
});

test('deferrals are told once a minute while they last, and at the end', async () => {
  const { admit, notes, storage, time, world } = rig();
  world.usedMib = 85;
  await time.pass(1000);
  for (let count = 0; count < 5; count += 1) admit('other');
  await time.pass(61_000);
  admit('other');
  storage.stop();
  expect(notes.filter(([kind]) => kind === 'deferred').map(([, body]) => body.other)).toEqual([5, 1]);
});
