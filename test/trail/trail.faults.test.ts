/** Every call to the disk fails once, not done, done in part, or done and not told; what is left is read by a stranger. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { seededRandom } from '../harness/crash/random.ts';
import { Scene } from '../harness/scene.ts';
import type { Call, Fault } from './memory-disk.ts';
import { Rig } from './rig.ts';

/** More calls than the story below makes, faults and all. */
const MOST_CALLS = 500;

describe('faults of the trail', () => {
  let scene: Scene;
  let rig: Rig;
  beforeEach(() => {
    scene = new Scene();
    rig = new Rig(scene.folder());
  });
  afterEach(() => scene.close());

  /** Two lives, several segments, a start that finds something torn. It stops where somebody else has ended the process. */
  async function story(world: Rig, isOver: () => boolean = () => false): Promise<void> {
    let trail = await world.start();
    for (let group = 0; group < 4 && !isOver(); group += 1) {
      world.outbox.add(6, 'audit', 300);
      await trail.drained();
    }
    if (isOver()) return;
    const { faultAt } = world.disk;
    world.kill();
    world.disk.faultAt = faultAt;
    trail = await world.start();
    world.outbox.add(3);
    await trail.drained();
    if (!isOver()) await world.stop();
  }

  it.each(['none', 'half', 'done'] as const)('survives one failure of each call: %s', async (did) => {
    const struck = new Set<Call>();
    let isStruck = true;
    for (let at = 1; isStruck && at <= MOST_CALLS; at += 1) {
      const world = new Rig(scene.folder());
      isStruck = false;
      world.disk.faultAt = (call, number): Fault | null => {
        if (number !== at) return null;
        isStruck = true;
        struck.add(call);
        return { did, code: 'EIO' };
      };
      await story(world);
      expect(world.problems(), `call ${at}`).toEqual([]);
      expect(
        world.kindsOf().filter((kind) => kind === 'settle'),
        `call ${at}`,
      ).toHaveLength(27);
      expect(world.fatal).toEqual([]);
    }
    expect([...struck].sort()).toEqual(
      ['append', 'close', 'list', 'open', 'prepare', 'read', 'seal', 'size', 'sync', 'sync-closed'].sort(),
    );
  });

  it('survives a kill, and a power cut, at each call', async () => {
    const random = seededRandom(1);
    for (const end of ['kill', 'power'] as const) {
      let isOver = true;
      for (let at = 1; isOver && at <= MOST_CALLS; at += 1) {
        const world = new Rig(scene.folder());
        isOver = false;
        const ended = new Promise<void>((resolve) => {
          world.disk.faultAt = (_, number) => {
            if (number !== at) return null;
            isOver = true;
            if (end === 'kill') world.kill();
            else world.cutPower(random);
            resolve();
            return null;
          };
        });
        await Promise.race([story(world, () => isOver), ended]);
        world.disk.faultAt = () => null;
        expect(world.problems(), `${end} at call ${at}`).toEqual([]);
        await world.start();
        await world.stop();
        expect(world.problems(), `after ${end} at call ${at}`).toEqual([]);
        expect(world.found().entries).toHaveLength(world.outbox.size('audit'));
        expect(world.kindsOf()).not.toContain('tail_lost');
      }
    }
  });

  const always = (calls: readonly Call[], code: string) => (call: Call) =>
    calls.includes(call) ? ({ did: 'none', code } satisfies Fault) : null;

  it('never writes to a segment again whose sync has failed', async () => {
    const trail = await rig.start();
    rig.outbox.add(1);
    await trail.drained();
    let isBroken = true;
    rig.disk.faultAt = (call) => {
      if (call !== 'sync' || !isBroken) return null;
      isBroken = false;
      return { did: 'none', code: 'EIO' };
    };
    rig.outbox.add(1);
    await trail.drained();
    await rig.stop();
    expect(rig.disk.namesOf('audit').size).toBe(2);
    expect(rig.bodiesOf('trail_fault')).toEqual([{ code: 'EIO', n: 0, step: 'sync' }]);
    expect(rig.problems()).toEqual([]);
    expect(trail.facts().troubles).toEqual([]);
  });

  it('ends the process when three segments in a row fail with EIO', async () => {
    const trail = await rig.start();
    rig.outbox.add(1);
    await trail.drained();
    rig.disk.faultAt = always(['append'], 'EIO');
    rig.outbox.add(1);
    await expect.poll(() => rig.fatal.length).toBeGreaterThan(0);
    expect(rig.fatal[0]).toMatchObject({ code: 'storage_io' });
    rig.kill();
    await rig.start();
    await rig.stop();
    expect(rig.problems()).toEqual([]);
  });

  it('does not end it when nothing could be written from the start on, and says so', async () => {
    rig.disk.faultAt = always(['append'], 'EIO');
    rig.outbox.add(1);
    const trail = await rig.start();
    await expect.poll(() => rig.disk.calls).toBeGreaterThan(30);
    expect(rig.fatal).toEqual([]);
    expect(trail.facts().troubles.map(({ code }) => code)).toContain('segment_write');
    rig.kill();
  });

  it('outlives a full disk without a storm of tries, and catches up', async () => {
    const trail = await rig.start();
    rig.outbox.add(1);
    await trail.drained();
    rig.disk.faultAt = always(['append', 'prepare'], 'ENOSPC');
    const from = rig.time.monotonicMs();
    rig.outbox.add(50);
    await expect.poll(() => rig.time.monotonicMs() - from).toBeGreaterThan(3_600_000);
    const hours = (rig.time.monotonicMs() - from) / 3_600_000;
    expect(rig.disk.calls / hours).toBeLessThan(400);
    expect(rig.fatal).toEqual([]);
    expect(trail.facts().troubles.map(({ code }) => code)).toEqual(['trail_full']);
    expect(trail.facts().logs.audit.lagMs).toBeGreaterThan(3_000_000);
    rig.disk.faultAt = () => null;
    await trail.drained();
    expect(trail.facts().troubles).toEqual([]);
    await expect.poll(() => trail.facts().logs.audit.lagMs).toBe(0);
    await rig.stop();
    expect(rig.problems()).toEqual([]);
  });

  it('stops in good time when the disk is full', async () => {
    const trail = await rig.start();
    rig.outbox.add(1);
    await trail.drained();
    rig.disk.faultAt = always(['append', 'prepare'], 'ENOSPC');
    rig.outbox.add(5);
    await rig.stop();
    rig.disk.faultAt = () => null;
    await rig.start();
    await rig.stop();
    expect(rig.problems()).toEqual([]);
    expect(rig.kindsOf().filter((kind) => kind === 'settle')).toHaveLength(6);
  });

  it('tells later what a full buffer would not take', async () => {
    const trail = await rig.start();
    rig.outbox.add(1);
    await trail.drained();
    rig.outbox.isFull = true;
    let isBroken = true;
    rig.disk.faultAt = (call) => {
      if (call !== 'append' || !isBroken) return null;
      isBroken = false;
      return { did: 'half', code: 'EIO' };
    };
    rig.outbox.add(1);
    await trail.drained();
    expect(rig.bodiesOf('trail_fault')).toEqual([]);
    rig.outbox.isFull = false;
    await rig.stop();
    expect(rig.bodiesOf('trail_fault')).toEqual([{ code: 'EIO', n: 0, step: 'write' }]);
    expect(rig.problems()).toEqual([]);
  });

  it('serves although trail_dir cannot be read at all', async () => {
    rig.disk.faultAt = always(['list'], 'EACCES');
    const trail = await rig.start();
    expect(trail.facts().troubles.map(({ code }) => code)).toEqual(['trail_unreadable', 'trail_unreadable']);
    rig.outbox.add(2);
    await trail.drained();
    await rig.stop();
    expect(rig.outbox.size('audit')).toBe(2);
  });
});
