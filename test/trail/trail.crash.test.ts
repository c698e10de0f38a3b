/**
 * Random lives: entries of all sizes, faults of every kind, ends of every kind (clean, killed, power cut with torn tails), at
 * any call. After each start the trail must be one a stranger accepts, and nothing the buffer let go may be missing.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runSeed, seededRandom } from '../harness/crash/random.ts';
import { Scene } from '../harness/scene.ts';
import type { Fault } from './memory-disk.ts';
import { Rig } from './rig.ts';

const WORLDS = 25;
const LIVES = 8;
const CODES = ['EIO', 'ENOSPC', 'EACCES'];
const seed = runSeed();

describe(`crashes of the trail, CRASH_SEED=${seed}`, () => {
  let scene: Scene;
  beforeEach(() => {
    scene = new Scene();
  });
  afterEach(() => scene.close());

  const random = seededRandom(seed);
  const below = (limit: number) => Math.floor(random() * limit);

  function someFault(share: number): Fault | null {
    if (random() >= share) return null;
    const did = (['none', 'half', 'done'] as const)[below(3)] ?? 'none';
    return { did, code: CODES[below(CODES.length)] ?? 'EIO' };
  }

  /** Runs until its end comes, wherever the trail is then. */
  async function live(rig: Rig, log: string[]): Promise<void> {
    const faults = random() < 0.4 ? 0.05 : 0;
    const endsAt = rig.disk.calls + 1 + below(120);
    const end = (['kill', 'power', 'clean'] as const)[below(3)] ?? 'kill';
    let isOver = () => {};
    const over = new Promise<void>((resolve) => {
      isOver = resolve;
    });
    let isDead = false;
    rig.disk.faultAt = (_, number) => {
      if (end === 'clean' || number < endsAt) return someFault(faults);
      isDead = true;
      if (end === 'kill') rig.kill();
      else rig.cutPower(random);
      isOver();
      return null;
    };
    const work = async () => {
      await rig.start();
      const groups = 1 + below(8);
      for (let group = 0; group < groups && !isDead; group += 1) {
        rig.outbox.add(1 + below(6), 'audit', below(400));
        if (random() < 0.3) rig.time.stepMs += 86_400_000 * (below(3) - 1);
        if (random() < 0.7) await rig.trail.drained();
        else await new Promise<void>((resolve) => setImmediate(resolve));
      }
      if (!isDead && end === 'clean') await rig.stop();
      else if (!isDead) await over;
    };
    log.push(`${end} at ${endsAt}, faults ${faults}`);
    // A life whose calls run out before its end comes is ended here.
    const idle = async () => {
      for (let quiet = 0, calls = -1; quiet < 200 && !isDead; quiet += 1) {
        await new Promise<void>((resolve) => setImmediate(resolve));
        if (rig.disk.calls !== calls) quiet = 0;
        calls = rig.disk.calls;
      }
      if (!isDead && end !== 'clean') {
        isDead = true;
        rig.kill();
      }
    };
    await (end === 'clean' ? work() : Promise.race([work(), over, idle()]));
    isDead = true;
  }

  it(`leaves a trail that a stranger accepts, in ${WORLDS} worlds of ${LIVES} lives`, async () => {
    for (let world = 0; world < WORLDS; world += 1) {
      const rig = new Rig(scene.folder());
      rig.outbox.keepsRows = random() < 0.3;
      const log: string[] = [];
      for (let life = 0; life < LIVES; life += 1) {
        await live(rig, log);
        expect(rig.problems(), `world ${world}, life ${life}: ${log.join('; ')}`).toEqual([]);
      }
      rig.disk.faultAt = () => null;
      await rig.start();
      await rig.stop();
      const why = `world ${world}, in the end: ${log.join('; ')}`;
      expect(rig.problems(), why).toEqual([]);
      expect(rig.found().entries, why).toHaveLength(rig.outbox.size('audit'));
      expect(rig.bodiesOf('tail_lost'), why).toEqual([]);
      expect(rig.bodiesOf('fork'), why).toEqual([]);
    }
  });
});
