import { expect, test } from 'vitest';
import { sleep, until, untilLasting } from '../../../src/demo/show/wait.ts';
import { HandTime } from '../../harness/hand-time.ts';

/** Runs `wait` on time moved by hand; how long it took and what it gave. */
async function timed<T>(wait: (time: { clock: HandTime; timers: HandTime }) => Promise<T>) {
  const time = new HandTime();
  let ended: { readonly afterMs: number; readonly gave: T } | undefined;
  void wait({ clock: time, timers: time }).then((gave) => {
    ended = { afterMs: time.monotonicMs(), gave };
  });
  await time.pass(60_000);
  return ended;
}

test('sleeps as long as it is told', async () => {
  expect(await timed((time) => sleep(time, 1_234))).toEqual({ afterMs: 1_234, gave: undefined });
});

test('waits until it is so, and not beyond the limit', async () => {
  expect(await timed((time) => until(time, () => true, 5_000))).toEqual({ afterMs: 0, gave: true });
  expect(await timed((time) => until(time, () => time.clock.monotonicMs() >= 950, 5_000))).toEqual({
    afterMs: 1_000,
    gave: true,
  });
  expect(await timed((time) => until(time, () => false, 5_000))).toEqual({ afterMs: 5_000, gave: false });
});

test('waits until it has been so for a while: one no and the while begins anew', async () => {
  const saysNoAt = (...momentsMs: number[]) =>
    timed((time) => untilLasting(time, async () => !momentsMs.includes(time.clock.monotonicMs()), 1_000, 5_000));
  expect(await saysNoAt()).toEqual({ afterMs: 1_000, gave: true });
  expect(await saysNoAt(0, 700)).toEqual({ afterMs: 1_800, gave: true });
  expect(await saysNoAt(0, 900, 1_800, 2_700, 3_600, 4_500)).toEqual({ afterMs: 5_000, gave: false });
});
