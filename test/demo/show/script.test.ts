/** The scripted show on time moved by hand: what is done, in which order, and that nothing can make it wait for ever. */
import { expect, test } from 'vitest';
import { playScript } from '../../../src/demo/show/script.ts';
import { HandTime } from '../../harness/hand-time.ts';
import { PaperShow } from './paper-show.ts';

const ALL = ['cut', 'kill', 'heal', 'check', 'portal', 'cut', 'alter', 'heal'];
const withoutTimes = (done: readonly string[]) => done.map((each) => each.replace(/^\d+ /, ''));

async function play(show: PaperShow, time: HandTime, passMs: number, isOver = () => false): Promise<boolean> {
  let hasEnded = false;
  const played = playScript(show, { clock: time, timers: time }, 30_000, isOver).then(() => {
    hasEnded = true;
  });
  await time.pass(passMs);
  if (hasEnded) await played;
  return hasEnded;
}

test('every trouble comes once, in order, in well under the time asked for', async () => {
  const time = new HandTime();
  const show = new PaperShow(time);
  expect(await play(show, time, 30_000)).toBe(true);
  expect(withoutTimes(show.done)).toEqual(ALL);
  expect(show.done).toContain('3 cut');
});

test('a gateway that never follows delays the script and does not stop it', async () => {
  const time = new HandTime();
  const show = new PaperShow(time);
  show.fallsBack = false;
  expect(await play(show, time, 90_000)).toBe(true);
  expect(withoutTimes(show.done)).toEqual(ALL);
});

test('an interruption ends it at once, in the middle of a wait', async () => {
  const time = new HandTime();
  const show = new PaperShow(time);
  expect(await play(show, time, 2_000, () => time.monotonicMs() >= 1_000)).toBe(true);
  expect(show.done).toEqual([]);
});

test('an interruption between steps: no further step is taken', async () => {
  const time = new HandTime();
  const show = new PaperShow(time);
  expect(await play(show, time, 60_000, () => show.done.length >= 3)).toBe(true);
  expect(withoutTimes(show.done)).toEqual(ALL.slice(0, 3));
});
