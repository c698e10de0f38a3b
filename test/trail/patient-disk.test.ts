/** A folder that is shut for a moment, and one that stays shut. */
import { expect, test } from 'vitest';
import type { Timers } from '../../src/base/clock.ts';
import type { TrailDisk } from '../../src/trail/disk.ts';
import { patientDisk } from '../../src/trail/patient-disk.ts';

/** Time passes at once. */
const timers: Timers = {
  after(_, task) {
    queueMicrotask(task);
    return () => {};
  },
};

/** Fails so many times with that code, then answers. */
function failing(code: string, times: number): { disk: TrailDisk; calls: () => number } {
  let calls = 0;
  const disk: TrailDisk = {
    list: async () => [],
    open: () => Promise.reject(new Error('not asked for here')),
    sync: async () => {},
    read: async () => {
      calls += 1;
      if (calls <= times) throw Object.assign(new Error(code), { code });
      return Buffer.from('read');
    },
  };
  return { disk: patientDisk(disk, timers), calls: () => calls };
}

test('a shut door is tried again until it opens', async () => {
  const { disk, calls } = failing('EACCES', 5);
  expect((await disk.read('s', 0, 4)).toString()).toBe('read');
  expect(calls()).toBe(6);
});

test('one that stays shut is an error in the end', async () => {
  const { disk } = failing('EACCES', Number.POSITIVE_INFINITY);
  await expect(disk.read('s', 0, 4)).rejects.toMatchObject({ code: 'EACCES' });
});

test('any other error is told at once', async () => {
  const { disk, calls } = failing('EIO', 1);
  await expect(disk.read('s', 0, 4)).rejects.toMatchObject({ code: 'EIO' });
  expect(calls()).toBe(1);
});
