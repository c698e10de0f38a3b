import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Scene } from '../harness/scene.ts';
import { rootOfLeaves } from './check-segments.ts';
import { EPOCH, GATEWAY, noteOf, Rig } from './rig.ts';

const DAY_MS = 86_400_000;

describe('the trail', () => {
  let scene: Scene;
  let rig: Rig;
  beforeEach(() => {
    scene = new Scene();
    rig = new Rig(scene.folder());
  });
  afterEach(() => scene.close());

  const segments = () => rig.disk.namesOf('audit').size;

  it('appends what the buffer fixes, in order, and tells the buffer', async () => {
    const trail = await rig.start();
    rig.outbox.add(3);
    rig.outbox.add(2, 'schedule_two');
    await trail.drained();
    expect(rig.outbox.storedSize('audit')).toBeGreaterThanOrEqual(3);
    expect(rig.kindsOf().slice(0, 3)).toEqual(['settle', 'settle', 'settle']);
    expect(rig.kindsOf('schedule_two').slice(0, 2)).toEqual(['settle', 'settle']);
    await rig.stop();
    expect([...rig.problems(), ...rig.problems('schedule_two')]).toEqual([]);
  });

  it('has read what was fixed before it was opened', async () => {
    rig.outbox.add(500);
    const trail = await rig.start();
    expect(trail.facts().logs.audit.storedSize).toBeGreaterThanOrEqual(500);
    await rig.stop();
    expect(rig.problems()).toEqual([]);
  });

  it('goes on in the same segment after a clean end', async () => {
    await rig.start();
    rig.outbox.add(3);
    await rig.stop();
    await rig.start();
    rig.outbox.add(3);
    await rig.stop();
    expect(segments()).toBe(1);
    expect(rig.problems()).toEqual([]);
    expect(rig.bodiesOf('segment')).toEqual([{ n: 0, hash: rig.found().framings[0] }]);
  });

  it('begins a new segment when the buffer does not know how far it came, and repeats what is in doubt', async () => {
    const trail = await rig.start();
    rig.outbox.add(3);
    await trail.drained();
    rig.kill();
    await rig.start();
    await rig.stop();
    expect(segments()).toBe(2);
    expect(rig.problems()).toEqual([]);
  });

  it('begins a new segment when one is full, and has the old one sealed', async () => {
    const trail = await rig.start();
    for (let group = 0; group < 6; group += 1) {
      rig.outbox.add(4, 'audit', 500);
      await trail.drained();
    }
    await rig.stop();
    expect(segments()).toBeGreaterThan(2);
    expect(rig.problems()).toEqual([]);
    expect(rig.disk.sealed).toContain('audit/s00000000.log');
    const noted = rig.bodiesOf('segment').map(({ n }) => n);
    expect(noted.length).toBeGreaterThanOrEqual(segments() - 1);
  });

  it('begins a new segment with a new day, and not when the clock is set back', async () => {
    rig.options = { ...rig.options, segmentBytes: 1_000_000 };
    const trail = await rig.start();
    const segmentsAfter = async (stepMs: number) => {
      rig.time.stepMs = stepMs;
      rig.outbox.add(1);
      await trail.drained();
      return segments();
    };
    expect(await segmentsAfter(0)).toBe(1);
    expect(await segmentsAfter(DAY_MS)).toBe(2);
    expect(await segmentsAfter(-20_000 * DAY_MS)).toBe(2);
    expect(await segmentsAfter(DAY_MS)).toBe(2);
    expect(await segmentsAfter(2 * DAY_MS)).toBe(3);
    await rig.stop();
    expect(rig.problems()).toEqual([]);
  });

  it('keeps the order whatever the clock says at a start', async () => {
    for (const stepMs of [0, -Date.UTC(2026, 10, 25, 8), 400 * DAY_MS, DAY_MS]) {
      rig.time.stepMs = stepMs;
      await rig.start();
      rig.outbox.add(2);
      await rig.stop();
    }
    expect(rig.problems()).toEqual([]);
  });

  it('reads back from the rows what was too much for its memory', async () => {
    rig.options = { ...rig.options, segmentBytes: 16_000_000 };
    const trail = await rig.start();
    // Twice what a group takes, in one turn of the event loop.
    for (let round = 0; round < 80; round += 1) rig.outbox.add(1, 'audit', 60_000);
    await trail.drained();
    await rig.stop();
    expect(rig.problems()).toEqual([]);
    expect(rig.kindsOf().filter((kind) => kind === 'settle')).toHaveLength(80);
  });

  it('has a checkpoint signed over what is synced, and one more at the end', async () => {
    const trail = await rig.start();
    rig.outbox.add(600);
    await trail.drained();
    await rig.stop();
    const found = rig.found();
    const notes = found.entries.filter(({ k }) => k === 'cp');
    expect(notes.length).toBeGreaterThan(0);
    const [origin, size] = String(notes.at(-1)?.r.note).split('\n');
    expect(origin).toBe(`${GATEWAY}/${EPOCH}/audit`);
    // Nothing but the trail's word about itself stands behind it.
    const behind = found.entries.slice(Number(size)).map(({ k }) => k);
    expect(behind.every((kind) => ['cp', 'segment', 'trail_key'].includes(kind))).toBe(true);
    expect(rig.bodiesOf('trail_key')).toHaveLength(1);
    expect(rig.problems()).toEqual([]);
    expect(rig.outbox.checkpoint('audit').note).toBe(notes.at(-1)?.r.note);
  });

  it('makes no checkpoint when nothing was added but its own entries', async () => {
    await rig.start();
    rig.outbox.add(1);
    await rig.stop();
    const before = rig.bodiesOf('cp').length;
    await rig.start();
    await rig.stop();
    expect(rig.bodiesOf('cp')).toHaveLength(before);
  });

  it('goes on signing when the signer was away', async () => {
    rig.signer.isAway = true;
    const trail = await rig.start();
    rig.outbox.add(3);
    await trail.drained();
    await expect.poll(() => trail.facts().troubles.map(({ code }) => code)).toContain('sealer_unreachable');
    rig.signer.isAway = false;
    await expect.poll(() => trail.facts().troubles).toEqual([]);
    expect(trail.checkpoint('audit')).not.toBeNull();
    await rig.stop();
    expect(rig.problems()).toEqual([]);
  });

  it('notices that the segments lost what they had', async () => {
    rig.outbox.keepsRows = true;
    await rig.start();
    rig.outbox.add(10);
    await rig.stop();
    const file = rig.disk.files.get('/trail/audit/s00000000.log');
    if (file === undefined) throw new Error('no segment');
    file.bytes = file.bytes.subarray(0, file.bytes.length - 400);
    const trail = await rig.start();
    expect(rig.bodiesOf('tail_lost')[0]).toMatchObject({ by: 'buffer' });
    expect(trail.facts().troubles.map(({ code }) => code)).toContain('tail_lost');
    await rig.stop();
    expect(rig.problems()).toEqual([]);
  });

  it('appends nothing behind a hole, and goes on taking entries', async () => {
    await rig.start();
    rig.outbox.add(10);
    await rig.stop();
    rig.disk.files.clear();
    const trail = await rig.start();
    rig.outbox.add(3);
    await trail.drained();
    expect(trail.facts().troubles.map(({ code }) => code)).toContain('tail_lost');
    expect(rig.disk.namesOf('audit').size).toBe(0);
    await rig.stop();
    const rows = rig.outbox.read('audit', rig.outbox.storedSize('audit'), 100, 1_000_000);
    expect(rows.some(({ text }) => text.includes('"tail_lost"'))).toBe(true);
  });

  it('notices that the buffer is older than the segments, and follows the buffer', async () => {
    rig.outbox.keepsRows = true;
    await rig.start();
    rig.outbox.add(5);
    await rig.stop();
    const old = structuredClone(rig.outbox.logs);
    await rig.start();
    rig.outbox.add(5);
    await rig.stop();
    Object.assign(rig.outbox.logs, old);
    rig.outbox.add(1);
    const trail = await rig.start();
    const codes = trail.facts().troubles.map(({ code }) => code);
    expect(codes).toContain('tail_lost');
    expect(rig.bodiesOf('tail_lost').map(({ by }) => by)).toEqual(expect.arrayContaining(['segments', 'signer']));
    await rig.stop();
    expect(rig.found().problems).toEqual([]);
  });

  it('notices that the signer has seen more, or something else', async () => {
    await rig.start();
    rig.outbox.add(5);
    await rig.stop();
    const signed = rig.signer.heads.get('audit');
    const head = signed?.heads.at(-1);
    if (signed === undefined || head === undefined) throw new Error('nothing was signed');
    rig.signer.heads.set('audit', { heads: [{ ...head, size: 500 }], note: signed.note });
    const ahead = await rig.start();
    expect(rig.bodiesOf('tail_lost')).toEqual([{ by: 'signer', have: expect.any(Number), known: 500 }]);
    expect(ahead.facts().troubles.map(({ code }) => code)).toContain('tail_lost');
    await rig.stop();
    rig.signer.heads.set('audit', { heads: [{ ...head, root: Buffer.alloc(32, 7) }], note: signed.note });
    const forked = await rig.start();
    expect(rig.bodiesOf('fork')).toEqual([
      { by: 'signer', root: Buffer.alloc(32, 7).toString('base64'), size: head.size },
    ]);
    expect(forked.facts().troubles.map(({ code }) => code)).toContain('fork');
    await rig.stop();
    expect(rig.problems()).toEqual([]);
  });

  describe('and its witnesses', () => {
    const ORIGIN = `${GATEWAY}/${EPOCH}/audit`;
    const rootAt = (size: number) =>
      rootOfLeaves(
        rig
          .found()
          .entries.slice(0, size)
          .map(({ leaf }) => leaf),
      );

    beforeEach(async () => {
      await rig.start();
      rig.outbox.add(700);
      await rig.stop();
      await rig.start();
    });

    it('proves to a witness that what it has seen is still there', async () => {
      const { size = 0 } = rig.trail.facts().logs.audit.checkpoint ?? {};
      const first = await rig.trail.forWitness('audit', 0);
      expect(first?.proof).toEqual([]);
      const later = await rig.trail.forWitness('audit', 300);
      expect(later?.proof.length).toBeGreaterThan(0);
      expect(await rig.trail.forWitness('audit', size)).toBeNull();
      await rig.stop();
    });

    it('judges what others show', async () => {
      const good = noteOf(ORIGIN, 300, rootAt(300));
      expect(await rig.trail.judge('lane', good)).toBe('consistent');
      expect(await rig.trail.judge('lane', noteOf(ORIGIN, 300, Buffer.alloc(32)))).toBe('fork');
      expect(await rig.trail.judge('pms', noteOf(ORIGIN, 9_000, Buffer.alloc(32)))).toBe('ahead');
      expect(await rig.trail.judge('lane', noteOf('gw-9/0123abcd/audit', 300, rootAt(300)))).toBe('not_ours');
      expect(await rig.trail.judge('lane', good.replace('300', '301'))).toBe('not_ours');
      expect(await rig.trail.judge('lane', 'no note at all')).toBe('not_ours');
      await rig.stop();
      expect(rig.bodiesOf('fork').map(({ by }) => by)).toEqual(['lane']);
      expect(rig.bodiesOf('tail_lost').map(({ by }) => by)).toEqual(['pms']);
    });

    it('writes down a cosignature once', async () => {
      await rig.trail.takeCosignature('audit', 300, '— pms x');
      await rig.trail.takeCosignature('audit', 200, '— pms y');
      expect(rig.trail.facts().logs.audit.cosignedSize).toBe(300);
      await rig.stop();
      expect(rig.bodiesOf('cosigned')).toEqual([{ cosignature: '— pms x', size: 300 }]);
    });
  });
});
