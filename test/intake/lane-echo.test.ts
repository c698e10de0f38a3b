import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, onTestFinished, test } from 'vitest';
import { silentLog } from '../../src/base/log.ts';
import { type EchoVerdict, LaneEcho } from '../../src/intake/lane-echo.ts';
import { formatCheckpoint } from '../../src/tlog/checkpoint.ts';
import { noteSigner, signNote } from '../../src/tlog/note.ts';
import { HandTime } from '../harness/hand-time.ts';

const ORIGIN = 'gw-0042/0123abcd/audit';
const signer = noteSigner(ORIGIN, generateKeyPairSync('ed25519').privateKey);
const noteOf = (size: number) =>
  signNote(formatCheckpoint({ origin: ORIGIN, size, root: Buffer.alloc(32, size) }), signer);

/** An echo before a trail that says what the test wants. */
function makeEcho(verdictOn: (note: string) => EchoVerdict | Promise<EchoVerdict> = () => 'consistent') {
  const time = new HandTime();
  const judged: string[] = [];
  const entries: unknown[] = [];
  const echo = new LaneEcho({
    judge: async (note) => {
      judged.push(note);
      return await verdictOn(note);
    },
    note: async (body) => entries.push(body),
    clock: time,
    timers: time,
    log: silentLog,
  });
  onTestFinished(() => echo.stop());
  return { time, judged, entries, echo };
}

test('a lane that agrees has an entry, and not again for what it has said', async () => {
  const { echo, time, judged, entries } = makeEcho();
  for (let sale = 0; sale < 5; sale += 1) echo.take('lane-1', noteOf(7));
  await time.pass(1000);
  echo.take('lane-1', noteOf(7));
  await time.pass(1000);
  expect(judged).toHaveLength(1);
  expect(entries).toEqual([{ lane: 'lane-1', log: 'audit', size: 7, verdict: 'consistent' }]);
});

test('a lane that goes on agreeing is looked at each time and told of every quarter of an hour', async () => {
  const { echo, time, judged, entries } = makeEcho();
  for (let minute = 1; minute <= 31; minute += 1) {
    echo.take('lane-1', noteOf(minute));
    await time.pass(60_000);
  }
  expect(judged).toHaveLength(31);
  expect(entries).toMatchObject([{ size: 1 }, { size: 16 }, { size: 31 }]);
});

test('what does not fit is told at once, and at the 2nd, 4th, 8th … time', async () => {
  const { echo, time, entries } = makeEcho((note) => (note === noteOf(1) ? 'consistent' : 'ahead'));
  echo.take('lane-1', noteOf(1));
  await time.pass(100);
  for (let size = 2; size < 12; size += 1) {
    echo.take('lane-1', noteOf(size));
    await time.pass(100);
  }
  expect(entries.slice(1)).toEqual(
    [2, 3, 5, 9].map((size) => ({ lane: 'lane-1', log: 'audit', size, verdict: 'ahead' })),
  );
});

describe('a lane that writes nonsense', () => {
  test('has only its newest looked at, some in a second, and nothing of it in the trail', async () => {
    const { echo, time, judged, entries } = makeEcho(() => 'not_ours');
    for (let second = 0; second < 10; second += 1) {
      for (let sale = 0; sale < 500; sale += 1) echo.take('lane-1', `nonsense ${second} ${sale}`);
      await time.pass(1000);
    }
    expect(judged).toHaveLength(10);
    expect(entries).toHaveLength(4);
    expect(entries[0]).toEqual({ lane: 'lane-1', log: null, size: null, verdict: 'not_ours' });
  });

  test('does not keep others from being heard', async () => {
    const { echo, time, judged, entries } = makeEcho((note) => (note === noteOf(3) ? 'fork' : 'not_ours'));
    for (let lane = 0; lane < 15; lane += 1) echo.take(`lane-${lane}`, `nonsense ${lane}`);
    echo.take('lane-good', noteOf(3));
    await time.pass(1000);
    expect(judged).toHaveLength(16);
    expect(entries.at(-1)).toEqual({ lane: 'lane-good', log: 'audit', size: 3, verdict: 'fork' });
  });

  test('under ever new names fills no memory', async () => {
    const { echo, time, judged } = makeEcho(() => 'not_ours');
    for (let lane = 0; lane < 1500; lane += 1) echo.take(`lane-${lane}`, 'nonsense');
    await time.pass(120_000);
    expect(judged).toHaveLength(1000);
  });
});

test('a look that fails is over, and the next one is made', async () => {
  const { echo, time, judged } = makeEcho((note) => {
    if (note === noteOf(1)) throw new Error('the trail is closed');
    return 'consistent';
  });
  echo.take('lane-1', noteOf(1));
  echo.take('lane-2', noteOf(2));
  await time.pass(1000);
  expect(judged).toEqual([noteOf(1), noteOf(2)]);
});

test('stopped, it looks at nothing more and waits for the look under way', async () => {
  const gate = Promise.withResolvers<EchoVerdict>();
  const { echo, time, judged, entries } = makeEcho(() => gate.promise);
  echo.take('lane-1', noteOf(1));
  echo.take('lane-2', noteOf(2));
  await time.pass(10);
  const stopped = echo.stop();
  gate.resolve('consistent');
  await stopped;
  await time.pass(1000);
  echo.take('lane-3', noteOf(3));
  await time.pass(1000);
  expect([judged.length, entries.length]).toEqual([1, 1]);
});
