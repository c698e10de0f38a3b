/** The sealer's requests, in this process, on a real ext4 (root has the capability it needs). */

import { execFileSync } from 'node:child_process';
import { appendFileSync, chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { type Log, silentLog } from '../../src/base/log.ts';
import type { SealedLog, SignParams } from '../../src/base/sealer-wire.ts';
import { Sealer } from '../../src/sealer/sealer.ts';
import { missing } from '../harness/programs.ts';
import { Scene } from '../harness/scene.ts';
import { LoopDisk } from '../harness/sealer/loop-disk.ts';

const MIB = 1024 * 1024;

let scene: Scene;
let disk: LoopDisk;
let trailDir = '';
let stateDir = '';
let logged: string[] = [];
const log: Log = { ...silentLog, error: (message) => logged.push(message) };

const open = () => Sealer.open({ trailDir, stateDir, retentionYears: 2, clock: systemClock, log });
const segment = (name: SealedLog, n: number) => join(trailDir, name, `s${String(n).padStart(8, '0')}.log`);
const segments = (name: SealedLog) => readdirSync(join(trailDir, name)).sort();
const flags = (path: string) => execFileSync('lsattr', ['-d', path], { encoding: 'utf8' }).split(' ')[0];
const append = (name: SealedLog, n: number, text: string) => appendFileSync(segment(name, n), text, { flag: 'a' });

describe.skipIf(missing('root with loop devices'))('the sealer', () => {
  beforeEach(() => {
    scene = new Scene();
    const folder = scene.folder();
    disk = new LoopDisk(folder);
    scene.onClose(() => disk.remove());
    trailDir = join(disk.path, 'trail');
    mkdirSync(trailDir, { mode: 0o750 });
    stateDir = join(folder, 'state');
    mkdirSync(stateDir, { mode: 0o700 });
    logged = [];
  });
  afterEach(async () => await scene.close());

  test('has a segment ready for each trail before anybody asks, and one behind that once it is asked for', async () => {
    const sealer = await open();
    expect(segments('audit')).toEqual(['s00000000.log']);
    expect(await sealer.openSegment({ log: 'audit', n: 0 })).toEqual({ appendOnly: true, sizeBytes: 0 });
    expect(segments('audit')).toEqual(['s00000000.log', 's00000001.log']);
    expect(segments('schedule_two')).toEqual(['s00000000.log']);
    for (const n of [0, 1]) {
      expect(flags(segment('audit', n))).toMatch(/^[^i]*a[^i]*$/);
      expect(statSync(segment('audit', n)).mode & 0o777).toBe(0o660);
      expect(statSync(segment('audit', n)).blocks * 512).toBeGreaterThanOrEqual(8 * MIB);
    }
    expect(statSync(join(trailDir, 'audit')).mode & 0o777).toBe(0o750);
    // Asked again, nothing more.
    await sealer.openSegment({ log: 'audit', n: 0 });
    expect(segments('audit')).toHaveLength(2);
  });

  test('a full disk: what is made ready takes 8 MiB all the same, and more is refused without a wrong word', async () => {
    const sealer = await open();
    await sealer.openSegment({ log: 'schedule_two', n: 0 });
    const filler = Math.floor(disk.freeBytes / MIB) * MIB;
    execFileSync('fallocate', ['-l', String(filler), join(disk.path, 'filler')]);
    append('schedule_two', 0, 'x'.repeat(8 * MIB));
    append('schedule_two', 1, 'y'.repeat(8 * MIB));
    await expect(sealer.openSegment({ log: 'schedule_two', n: 2 })).rejects.toMatchObject({ code: 'storage_full' });
    expect(segments('schedule_two')).toHaveLength(2);
    await expect(sealer.seal({ log: 'schedule_two', n: 0 })).rejects.toMatchObject({ code: 'storage_full' });
    expect(flags(segment('schedule_two', 0))).toMatch(/a/);
    execFileSync('rm', [join(disk.path, 'filler')]);
    expect(await sealer.openSegment({ log: 'schedule_two', n: 2 })).toMatchObject({ appendOnly: true });
    expect(await sealer.seal({ log: 'schedule_two', n: 1 })).toMatchObject({ immutable: true });
    expect(flags(segment('schedule_two', 0))).toMatch(/i/);
  });

  test('sealing gives back the space that was reserved and not used', async () => {
    const sealer = await open();
    append('audit', 0, 'one line\n');
    await sealer.openSegment({ log: 'audit', n: 1 });
    await sealer.seal({ log: 'audit', n: 0 });
    expect(statSync(segment('audit', 0)).blocks * 512).toBeLessThan(64 * 1024);
    expect(readFileSync(segment('audit', 0), 'utf8')).toBe('one line\n');
  });

  test('sealing may be asked for again, and seals what was left before it', async () => {
    const sealer = await open();
    for (let n = 0; n < 4; n++) {
      await sealer.openSegment({ log: 'audit', n });
      append('audit', n, `segment ${n}\n`);
    }
    for (let time = 0; time < 2; time++) {
      expect(await sealer.seal({ log: 'audit', n: 2 })).toMatchObject({ immutable: true });
    }
    for (const n of [0, 1, 2]) expect(flags(segment('audit', n))).toMatch(/i/);
    expect(flags(segment('audit', 3))).toMatch(/^[^i]*a/);
    expect((await sealer.state()).logs.audit).toMatchObject({ newest: 3, spare: 4, unsealed: 0 });
  });

  test('refuses what would break the order', async () => {
    const sealer = await open();
    const refused = { code: 'usage' };
    await expect(sealer.openSegment({ log: 'audit', n: 2 })).rejects.toMatchObject(refused);
    await expect(sealer.seal({ log: 'audit', n: 0 })).rejects.toMatchObject(refused);
    await expect(sealer.seal({ log: 'audit', n: 7 })).rejects.toMatchObject(refused);
    append('audit', 0, 'zero\n');
    await sealer.openSegment({ log: 'audit', n: 1 });
    append('audit', 1, 'one\n');
    await expect(sealer.openSegment({ log: 'audit', n: 0 })).rejects.toMatchObject(refused);
    await sealer.seal({ log: 'audit', n: 1 });
    await expect(sealer.openSegment({ log: 'audit', n: 1 })).rejects.toMatchObject(refused);
    expect(await sealer.openSegment({ log: 'audit', n: 2 })).toMatchObject({ appendOnly: true });
  });

  test('a gateway that asks and asks does not fill the disk with empty segments', async () => {
    const sealer = await open();
    await expect(
      (async () => {
        for (let n = 0; n < 100; n++) await sealer.openSegment({ log: 'audit', n });
      })(),
    ).rejects.toMatchObject({ code: expect.stringMatching(/usage|storage_full/) });
    expect(segments('audit').length).toBeLessThanOrEqual(17);
  });

  test('an attribute somebody has cleared is set again at the start, and said loudly', async () => {
    await open();
    append('audit', 0, 'text\n');
    execFileSync('chattr', ['-a', segment('audit', 0)]);
    await open();
    expect(flags(segment('audit', 0))).toMatch(/a/);
    expect(logged.join()).toMatch(/somebody with root rights has cleared/);
    expect(readFileSync(segment('audit', 0), 'utf8')).toBe('text\n');
  });

  test('archive parts: append-only, sealed with the next part, gone only after their years', async () => {
    const sealer = await open();
    const part = (year: number, n: number) => ({ stream: 'standard' as const, year, month: 1, part: n });
    const path = (year: number, n: number) => join(trailDir, 'archive/standard', `${year}-01.000${n}.cfa`);
    expect(await sealer.openArchive(part(2001, 1))).toEqual({ appendOnly: true, immutable: false, sizeBytes: 0 });
    appendFileSync(path(2001, 1), 'frames');
    expect(() => writeFileSync(path(2001, 1), 'x')).toThrow(/EPERM/);
    await expect(sealer.expireArchive(part(2001, 1))).rejects.toMatchObject({
      message: expect.stringMatching(/is not sealed/),
    });
    await sealer.openArchive(part(2001, 2));
    expect(flags(path(2001, 1))).toMatch(/i/);
    expect(readFileSync(path(2001, 1), 'utf8')).toBe('frames');
    expect(await sealer.openArchive(part(2001, 1))).toMatchObject({ immutable: true, sizeBytes: 6 });
    await sealer.openArchive(part(9000, 1));
    await sealer.sealArchive(part(9000, 1));
    await expect(sealer.expireArchive(part(9000, 1))).rejects.toMatchObject({
      message: expect.stringMatching(/is to be kept/),
    });
    for (let time = 0; time < 2; time++) await sealer.expireArchive(part(2001, 1));
    expect(readdirSync(join(trailDir, 'archive/standard'))).toEqual(['2001-01.0002.cfa', '9000-01.0001.cfa']);
    // A sealing that was killed after its copy was made, and the attribute taken away, is finished at the start.
    appendFileSync(path(2001, 2), 'more');
    writeFileSync(join(trailDir, '.sealer/archive-standard-2001-01.0002.cfa.ready'), 'more', { mode: 0o440 });
    execFileSync('chattr', ['-a', path(2001, 2)]);
    await open();
    expect(flags(path(2001, 2))).toMatch(/i/);
    expect(readFileSync(path(2001, 2), 'utf8')).toBe('more');
  });

  test('a damaged signer stops signing, not the segments', async () => {
    await open();
    writeFileSync(join(stateDir, 'audit.json'), 'nonsense');
    const sealer = await open();
    expect(await sealer.openSegment({ log: 'audit', n: 0 })).toMatchObject({ appendOnly: true });
    const root = Buffer.alloc(32).toString('base64');
    const request: SignParams = { log: 'audit', origin: 'gw-1/00000001/audit', size: 1, root, proof: [] };
    await expect(sealer.sign(request)).rejects.toMatchObject({ code: 'signer_damaged' });
    expect((await sealer.state()).logs.audit.trouble).toMatch(/audit\.json/);
  });

  test('everything is as it was after the disk was taken out and put in again', async () => {
    const sealer = await open();
    append('audit', 0, 'zero\n');
    await sealer.openSegment({ log: 'audit', n: 1 });
    await sealer.seal({ log: 'audit', n: 0 });
    disk.remount();
    expect(flags(segment('audit', 0))).toMatch(/i/);
    expect(flags(segment('audit', 1))).toMatch(/a/);
    expect(logged).toEqual([]);
  });

  test.each([
    ['a folder of the trail that others can write to', () => chmodSync(trailDir, 0o770)],
    ['a state directory that others can write to', () => chmodSync(stateDir, 0o770)],
  ])('does not start on %s', async (_, weaken) => {
    weaken();
    await expect(open()).rejects.toMatchObject({ code: 'trail_unfit', exitCode: 78 });
  });

  test('does not start on a file system without these attributes', async () => {
    const bare = join(scene.folder(), 'bare');
    mkdirSync(bare);
    execFileSync('mount', ['-t', 'ramfs', 'ramfs', bare]);
    scene.onClose(() => execFileSync('umount', [bare]));
    chmodSync(bare, 0o750);
    await expect(
      Sealer.open({ trailDir: bare, stateDir, log, retentionYears: 2, clock: systemClock }),
    ).rejects.toMatchObject({ code: 'trail_unfit' });
  });
});
