/** Keys, outages and checks of the live show on time moved by hand. */
import { expect, test } from 'vitest';
import { Live } from '../../../src/demo/show/live.ts';
import { HandTime } from '../../harness/hand-time.ts';
import { PaperShow } from './paper-show.ts';
import { aVerdict } from './scenes.ts';

function open() {
  const time = new HandTime();
  const show = new PaperShow(time);
  let draws = 0;
  const draw = () => {
    draws += 1;
  };
  // 0.5: every later outage is a cut, 45 s after the one before, 13 s long.
  const live = new Live({ clock: time, timers: time, show, random: () => 0.5, draw, isPlain: false });
  live.start();
  return { time, show, live, draws: () => draws };
}

test('draws four times a second', async () => {
  const { draws, time } = open();
  await time.pass(5_000);
  expect(draws()).toBe(21);
});

test('the line fails by itself, comes back, and then the checker runs', async () => {
  const { show, time } = open();
  await time.pass(90_000);
  expect(show.done).toEqual(['10 cut', '22 heal', '22 check', '67 cut', '80 heal', '80 check']);
});

test('keys make trouble; the checker waits until things have settled', async () => {
  const { live, show, time } = open();
  await time.pass(1_000);
  live.press('w');
  await time.pass(3_000);
  live.press('k');
  await time.pass(3_000);
  expect(show.done).toEqual(['1 cut', '4 kill']);
  live.press('w');
  await time.pass(1_000);
  expect(show.done.slice(2)).toEqual(['7 heal', '7 check']);
});

test('portal on and off, altering, checking on demand; other keys do nothing', async () => {
  const { live, show, time } = open();
  for (const key of ['p', 'p', 'a', 'c', 'x', '\r']) {
    live.press(key);
    await time.pass(0);
  }
  expect(show.done).toEqual(['0 portal', '0 heal', '0 alter', '0 check']);
});

test('a line that somebody has cut is left to that person', async () => {
  const { live, show, time } = open();
  await time.pass(8_000);
  live.press('w');
  await time.pass(12_000);
  expect(show.done).toEqual(['8 cut']);
});

test('an outage that somebody has ended is not ended again, nor is what that person did next', async () => {
  const { live, show, time } = open();
  await time.pass(12_000);
  live.press('w');
  await time.pass(1_000);
  live.press('w');
  await time.pass(12_000);
  expect(show.done).toEqual(['10 cut', '12 heal', '12 check', '13 cut']);
});

test('the end comes once, and nothing is troubled after it', async () => {
  const { live, show, time } = open();
  live.press('q');
  live.press('q');
  live.press('k');
  expect(await live.ended).toEqual(aVerdict());
  await time.pass(60_000);
  expect(show.done).toEqual(['0 finish']);
});

test('trouble that fails ends the show with its error', async () => {
  const { live, show } = open();
  show.kill = () => Promise.reject(new Error('the gateway did not come back'));
  live.press('k');
  await expect(live.ended).rejects.toThrow('the gateway did not come back');
});

test('stopped, it neither draws nor fails any more', async () => {
  const { draws, live, show, time } = open();
  live.stop();
  await time.pass(60_000);
  expect(draws()).toBe(1);
  expect(show.done).toEqual([]);
});
