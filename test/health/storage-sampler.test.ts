import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { silentLog } from '../../src/base/log.ts';
import { readSpace, type SpaceReading, StorageSampler } from '../../src/health/storage-sampler.ts';

/** A sampler over scripted readings; `tick` moves time on by one interval and waits for the measurement. */
function scripted(directories: readonly string[], read: (directory: string, atMs: number) => SpaceReading) {
  const intervalMs = 30_000;
  const state = { nowMs: 0, due: null as (() => void) | null };
  const sampler = new StorageSampler(
    { directories, intervalMs },
    {
      clock: { utcMs: () => state.nowMs, monotonicMs: () => state.nowMs },
      timers: {
        after: (_delayMs, task) => {
          state.due = task;
          return () => {
            state.due = null;
          };
        },
      },
      log: silentLog,
      read: async (directory) => read(directory, state.nowMs),
    },
  );
  const tick = async () => {
    state.nowMs += intervalMs;
    const task = state.due;
    state.due = null;
    task?.();
    while (state.due === null) await Promise.resolve();
  };
  return { sampler, state, tick };
}

test('the fuller filesystem counts', async () => {
  const { sampler } = scripted(['data', 'trail'], (directory) =>
    directory === 'trail' ? { usedBytes: 90, freeBytes: 10 } : { usedBytes: 500, freeBytes: 500 },
  );
  await sampler.start();
  expect(sampler.facts()).toEqual({ utilisation: 0.9, freeBytes: 10, totalBytes: 100, fullInMs: null });
  await sampler.stop();
});

test('the forecast follows the trend, and there is none while nothing fills up', async () => {
  const { sampler, tick } = scripted(['data'], (_directory, atMs) => ({
    usedBytes: 1000 + atMs / 1000,
    freeBytes: 600 - atMs / 1000,
  }));
  await sampler.start();
  await tick();
  expect(sampler.facts()?.fullInMs).toBeNull();
  await tick();
  expect(sampler.facts()?.fullInMs).toBe(540_000);
  await sampler.stop();

  const still = scripted(['data'], () => ({ usedBytes: 1, freeBytes: 1 }));
  await still.sampler.start();
  for (let round = 0; round < 5; round++) await still.tick();
  expect(still.sampler.facts()?.fullInMs).toBeNull();
  await still.sampler.stop();
});

test('a measurement that fails leaves no figures, and the next one is taken', async () => {
  const { sampler, tick } = scripted(['data'], (_directory, atMs) => {
    if (atMs === 30_000) throw new Error('no such directory');
    return { usedBytes: 1, freeBytes: 3 };
  });
  await sampler.start();
  await tick();
  expect(sampler.facts()).toBeNull();
  await tick();
  expect(sampler.facts()?.utilisation).toBe(0.25);
  await sampler.stop();
});

test('stop leaves no timer behind', async () => {
  const { sampler, state } = scripted(['data'], () => ({ usedBytes: 1, freeBytes: 1 }));
  await sampler.start();
  expect(state.due).not.toBeNull();
  await sampler.stop();
  expect(state.due).toBeNull();
});

test('reads a real filesystem', async () => {
  const { freeBytes, usedBytes } = await readSpace(tmpdir());
  expect(freeBytes).toBeGreaterThan(0);
  expect(usedBytes).toBeGreaterThan(0);
});
