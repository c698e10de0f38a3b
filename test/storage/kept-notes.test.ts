/** Entries that meet a full disk. */
import { expect, test } from 'vitest';
import { silentLog } from '../../src/base/log.ts';
import { KeptNotes } from '../../src/storage/kept-notes.ts';
import { HandTime } from '../harness/hand-time.ts';

function rig() {
  const time = new HandTime();
  const written: number[] = [];
  const world = { isFull: true };
  const notes = new KeptNotes({
    timers: time,
    log: silentLog,
    note: async (_kind, body) => {
      if (world.isFull) throw new Error('full');
      written.push('other' in body ? body.other : -1);
    },
  });
  const add = (other: number) => notes.add('deferred', { schedule_two: 0, controlled: 0, other });
  return { add, notes, time, world, written };
}

test('wait for room and keep their order', async () => {
  const { add, time, world, written } = rig();
  for (const other of [1, 2, 3]) add(other);
  await time.pass(5000);
  expect(written).toEqual([]);
  world.isFull = false;
  await time.pass(1000);
  expect(written).toEqual([1, 2, 3]);
  add(4);
  await time.pass(0);
  expect(written).toEqual([1, 2, 3, 4]);
});

test('keep the first hundred, and are tried once more at the end', async () => {
  const { add, notes, time, world, written } = rig();
  for (let other = 0; other < 150; other += 1) add(other);
  await time.pass(0);
  world.isFull = false;
  notes.stop();
  await time.pass(0);
  expect(written).toEqual(Array.from({ length: 100 }, (_, other) => other));
});
