import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { silentLog } from '../../../src/base/log.ts';
import { HALF_HOUR_MS, History, MINUTE_MS } from '../../../src/dashboard/history/history.ts';
import { HandTime } from '../../harness/hand-time.ts';
import { temporaryFolder } from '../folder.ts';
import { quiet } from '../quiet.ts';

async function openHistory(time: HandTime, folder: string, warn: (text: string) => void = () => {}) {
  const seen = { pending: 0 };
  const history = new History({
    clock: time,
    timers: time,
    log: { ...silentLog, warn },
    look: (seconds) => quiet({ ...seen, accepted: 1, seenSeconds: seconds }),
  });
  await history.start(folder);
  onTestFinished(() => history.stop());
  return { history, seen };
}

const minuteOf = (time: HandTime) => Math.floor(time.utcMs() / MINUTE_MS);

test('a minute is the worst of its looks, and the one under way counts', async () => {
  const time = new HandTime();
  const { history, seen } = await openHistory(time, temporaryFolder());
  const first = minuteOf(time);
  seen.pending = 9;
  await time.pass(30_000);
  seen.pending = 2;
  await time.pass(60_000);
  const [done, now, next] = history.read(MINUTE_MS, first, 3);
  expect(done).toMatchObject({ pending: 9, accepted: 12, seenSeconds: 55 });
  expect(now).toMatchObject({ pending: 2, accepted: 7 });
  expect(next).toBeNull();
});

test('a restart goes on in the same minute, and the half hour is made of its minutes', async () => {
  const time = new HandTime();
  const folder = temporaryFolder();
  const before = await openHistory(time, folder);
  const first = minuteOf(time);
  before.seen.pending = 40;
  await time.pass(20_000);
  await before.history.stop();
  const { history } = await openHistory(time, folder);
  await time.pass(5 * 60_000);
  // Only then is everything written.
  await history.stop();
  expect(history.read(MINUTE_MS, first, 1)[0]).toMatchObject({ pending: 40, accepted: 5 + 8 });
  const halfHour = history.read(HALF_HOUR_MS, Math.floor((first * MINUTE_MS) / HALF_HOUR_MS), 1)[0];
  expect(halfHour).toMatchObject({ pending: 40 });
  expect(halfHour?.accepted).toBeGreaterThan(50);
});

test('a disk that refuses is told once; the charts go on from memory', async () => {
  const time = new HandTime();
  const told: string[] = [];
  const folder = join(temporaryFolder(), 'history');
  mkdirSync(join(folder, '..'), { recursive: true });
  writeFileSync(folder, 'a file where the folder should be');
  chmodSync(folder, 0o400);
  const { history } = await openHistory(time, folder, (text) => told.push(text));
  const first = minuteOf(time);
  await time.pass(3 * 60_000);
  expect(told).toHaveLength(1);
  expect(history.read(MINUTE_MS, first, 1)[0]).not.toBeNull();
});
