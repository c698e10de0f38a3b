/**
 * Every durable step between "attempt recorded" and "settled", broken off: the process is killed in place of each file call on
 * the way, the disk refuses each write (failed, not done) and each sync (failed, perhaps done). Afterwards nothing is lost,
 * nothing is at the PMS twice, nothing waits for ever, and the trail shows each attempt, with or without its answer.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runSeed, seededRandom } from '../harness/crash/random.ts';
import { canBuildRecorder } from '../harness/crash/shim.ts';
import { Scene } from '../harness/scene.ts';
import { type Reached, type Swept, sweep, type Trouble, type Way } from '../harness/wayward-pms/sweep.ts';

const seed = runSeed();
const WAL = 'buffer.db-wal';

if (!canBuildRecorder()) {
  process.stderr.write('SKIPPED: crash tests need Linux and gcc (apt-get install -y gcc libc6-dev)\n');
}

const KILL: Trouble = {
  name: 'SIGKILL in place of a file call',
  arm: (recorder, call) => recorder.killAtCall(call),
  disarm: (recorder) => recorder.killAtCall(0),
  struck: (recorder) => recorder.callsUntilKill() === 0,
  ends: true,
};
const struck: Trouble['struck'] = (recorder, before) => recorder.faultsGiven() > before;
const refuse = (error: 'ENOSPC' | 'EIO'): Trouble => ({
  name: `${error} on a write`,
  arm: (recorder, call) => recorder.failWrites({ error, skip: call - 1, times: 1 }, WAL),
  disarm: (recorder) => recorder.clearFaults(),
  struck,
  ends: error === 'EIO',
});
const FAIL_SYNC: Trouble = {
  name: 'EIO on a sync',
  arm: (recorder, call) => recorder.failSyncs({ error: 'EIO', skip: call - 1, times: 1 }, WAL),
  disarm: (recorder) => recorder.clearFaults(),
  struck,
  ends: true,
};

/** Publish, attempt, answer, settle. Schedule II, because it waits for nothing. */
const ACCEPTED: Way = {
  name: 'accepted',
  walk: async (shop, arm, made) => {
    arm();
    await shop.publish(1, 'II', made);
  },
};

/** The answer was lost, the PMS asks for what follows: a look-up settles. */
const LOOKED_UP: Way = {
  name: 'looked up after 409',
  walk: async (shop, arm, made) => {
    shop.pms.play('taken, then 409 to what follows', 1);
    arm();
    await shop.publish(1, 'II', made);
  },
};

/** AWAITING_VERIFICATION first, settled by polling. */
const POLLED: Way = {
  name: 'verified later',
  opinionOf: () => 'verify',
  walk: ACCEPTED.walk,
};

/** Set aside by the second hash_mismatch; a marker goes in its place and is noted. */
const unwanted = new Set<string>();
const SET_ASIDE: Way = {
  name: 'set aside',
  opinionOf: (key) => (unwanted.has(key) ? 'mismatch_always' : 'accept'),
  walk: async (shop, arm, made) => {
    // A good one first: three given up in a row would stop the stream.
    await shop.publish(1, 'II');
    await shop.until(() => shop.idle, 'the good one');
    arm();
    await shop.publish(1, 'II', (records) => {
      for (const { key } of records) unwanted.add(key);
      made(records);
    });
  },
};

describe.skipIf(!canBuildRecorder())(`steps of sync, CRASH_SEED=${seed}`, () => {
  let scene: Scene;
  beforeEach(() => {
    scene = new Scene();
  });
  afterEach(() => scene.close());

  const say = (way: Way, trouble: Trouble, { met, ends }: Swept) => {
    const list = [...ends].map(([reached, count]) => `${count} ${reached}`).join(', ');
    process.stdout.write(`${way.name}, ${trouble.name}: met at ${met} calls; ended ${list || 'never'}\n`);
  };

  it.each([ACCEPTED, LOOKED_UP, POLLED, SET_ASIDE])('$name: killed at each file call', async (way) => {
    const swept = await sweep(scene, way, KILL, { random: seededRandom(seed) });
    say(way, KILL, swept);
    expect(swept.shop.problems({ mayGiveUp: unwanted.size })).toEqual([]);
    const steps: Reached[] = ['not stored', 'stored, no attempt on record', 'attempt on record, nothing at the PMS'];
    steps.push('at the PMS, not settled', 'settled, the till not told');
    if (way === ACCEPTED) expect([...swept.ends.keys()]).toEqual(expect.arrayContaining(steps));
  });

  it.each([ACCEPTED, LOOKED_UP, SET_ASIDE])('$name: a full disk at each write is waited for', async (way) => {
    const swept = await sweep(scene, way, refuse('ENOSPC'), { random: seededRandom(seed) });
    say(way, refuse('ENOSPC'), swept);
    expect(swept.met).toBeGreaterThan(3);
    expect(swept.ends.size).toBe(0);
    expect(swept.shop.problems({ mayGiveUp: unwanted.size, unwritten: swept.met })).toEqual([]);
  });

  it.each([...[ACCEPTED, SET_ASIDE].flatMap((way) => [refuse('EIO'), FAIL_SYNC].map((trouble) => ({ way, trouble })))])(
    '$way.name: $trouble.name ends the process, the next one finds the truth',
    async ({ way, trouble }) => {
      const swept = await sweep(scene, way, trouble, { random: seededRandom(seed) });
      say(way, trouble, swept);
      expect(swept.met).toBeGreaterThan(3);
      expect([...swept.ends.values()].reduce((a, b) => a + b, 0)).toBe(swept.met);
      expect(swept.shop.problems({ mayGiveUp: unwanted.size })).toEqual([]);
    },
  );
});
