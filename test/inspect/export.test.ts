/** Exports, checked as an inspector would: with sums, with a shell and openssl, with Python, and with verify. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CounterfoilError } from '../../src/base/errors.ts';
import { type ExportTask, planExport, writeExport } from '../../src/inspect/export.ts';
import { directorySink, tarSink } from '../../src/inspect/tar.ts';
import { findLogs } from '../../src/inspect/verify.ts';
import { missing } from '../harness/programs.ts';
import {
  alter,
  begunTrail,
  end,
  fill,
  judge,
  lineOf,
  linesOf,
  logOf,
  type MadeTrail,
  temporaryFolder,
  wholeTrail,
} from './made.ts';
import { treeRoot } from './trail-maker.ts';

function exported(
  { directory }: MadeTrail,
  task: Partial<ExportTask> = {},
  form: 'directory' | 'tar' = 'directory',
): string {
  const target = join(temporaryFolder(), form === 'tar' ? 'trail.tar' : 'trail');
  const plan = planExport({
    logs: findLogs(directory, null),
    key: null,
    fromMs: null,
    toMs: null,
    tiles: false,
    ...task,
  });
  writeExport(plan, task.tiles ?? false, form === 'tar' ? tarSink(target, plan.newestMs) : directorySink(target));
  return target;
}

function run(folder: string, command: string, ...args: readonly string[]): { code: number | null; said: string } {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: folder, encoding: 'utf8' });
  return { code: status, said: `${stdout}${stderr}` };
}

const judged = (trail: MadeTrail, directory: string) => judge({ ...trail, directory });

/** A torn segment, then another one: what a power cut leaves. */
function tornTrail(): MadeTrail {
  const trail = begunTrail();
  fill(trail.audit, 12);
  const valid = trail.audit.segmentBytes;
  trail.audit.raw(Buffer.from('{"b":"0b1f'));
  trail.audit.roll({ valid });
  fill(trail.audit, 10);
  fill(trail.scheduleTwo, 10);
  end(trail);
  return trail;
}

describe('an export', () => {
  test('of the same trail has the same bytes, and tar unpacks what the directory holds', () => {
    const trail = wholeTrail();
    const [first, second] = [exported(trail, {}, 'tar'), exported(trail, {}, 'tar')];
    expect(readFileSync(first).equals(readFileSync(second))).toBe(true);
    const unpacked = temporaryFolder();
    expect(run(unpacked, 'tar', '--warning=no-timestamp', '-xf', first)).toEqual({ code: 0, said: '' });
    expect(run('/', 'diff', '-r', unpacked, exported(trail))).toEqual({ code: 0, said: '' });
    expect(run(unpacked, 'sha256sum', '--quiet', '-c', 'SHA256SUMS')).toEqual({ code: 0, said: '' });
    const files = readdirSync(unpacked, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(readFileSync(join(unpacked, 'SHA256SUMS'), 'utf8').trim().split('\n')).toHaveLength(files.length - 1);
    expect(judged(trail, unpacked).ok).toBe(true);
  });

  test('of a trail in which nothing has happened yet is no trail that was taken away', () => {
    const trail = begunTrail();
    fill(trail.audit, 10);
    end(trail);
    rmSync(trail.scheduleTwo.pathOf(0));
    const unpacked = temporaryFolder();
    run(unpacked, 'tar', '--warning=no-timestamp', '-xf', exported(trail, {}, 'tar'));
    expect(judged(trail, unpacked)).toMatchObject({ ok: true, logs: { schedule_two: { entries: 0 } } });
  });

  test('is never written over something, and leaves nothing of a failed one', () => {
    const trail = wholeTrail();
    const target = exported(trail);
    expect(() => directorySink(target)).toThrow(CounterfoilError);
    const tar = join(temporaryFolder(), 'trail.tar');
    const sink = tarSink(tar, 0);
    sink.abandon();
    expect([existsSync(tar), existsSync(`${tar}.part`)]).toEqual([false, false]);
  });

  test('of a part keeps whole segments, says what is left out, and can still be verified', () => {
    const trail = begunTrail();
    const times: number[] = [];
    for (let k = 0; k < 4; k += 1) {
      fill(trail.audit, 10);
      times.push(trail.audit.utcMs - 5000);
      trail.audit.roll();
    }
    fill(trail.audit, 10);
    fill(trail.scheduleTwo, 10);
    end(trail);
    const target = exported(trail, { fromMs: times[1] ?? 0, toMs: times[1] ?? 0 });
    const { segments, first_index, checkpoints, remarks } = logOf(judged(trail, target));
    expect(judged(trail, target).ok).toBe(true);
    // The next one comes along: its checkpoint is the first that covers the last entries asked for.
    expect(segments.map(({ n }) => n)).toEqual([1, 2]);
    expect(first_index).toBeGreaterThan(0);
    expect(checkpoints.proven).toBe(checkpoints.seen);
    expect(remarks.map(({ code }) => code)).toContain('window');
    expect(readFileSync(join(target, 'README.txt'), 'utf8')).toMatch(
      /left out before these: segment 0\n.*left out after these: segments 3 to 4/,
    );
    alter(join(target, 'audit', 'window.json'), (text) => text.replace(/"subtrees": \[\s+"./, '$&X'));
    expect(judged(trail, target).ok).toBe(false);
  });

  test('of a trail that does not hold says so', () => {
    const trail = wholeTrail();
    const path = trail.audit.pathOf(0);
    alter(path, (text) => text.replace(lineOf(path, 5).text, ''));
    const target = exported(trail);
    expect(readFileSync(join(target, 'README.txt'), 'utf8')).toContain('IT DID NOT HOLD');
    expect(judged(trail, target).ok).toBe(false);
  });

  test('as tiles: entries and hashes of the tree of the checkpoint', () => {
    const trail = begunTrail();
    for (let k = 0; k < 600; k += 1) trail.audit.entry('start', {});
    trail.audit.checkpoint();
    end(trail);
    const folder = join(exported(trail, { tiles: true }), 'audit');
    const leaves = linesOf(trail.audit.pathOf(0))
      .slice(1, 603)
      .map(({ text }) => Buffer.from(text.slice(-45, -1), 'base64'));
    const tiles = ['tile/0/000', 'tile/0/001', 'tile/0/002.p/90'].map((name) => readFileSync(join(folder, name)));
    expect(Buffer.concat(tiles)).toEqual(Buffer.concat(leaves));
    const upper = readFileSync(join(folder, 'tile/1/000.p/2'));
    expect(upper).toEqual(Buffer.concat([treeRoot(leaves.slice(0, 256)), treeRoot(leaves.slice(256, 512))]));
    const entries = readFileSync(join(folder, 'tile/entries/002.p/90'));
    const [, second] = linesOf(trail.audit.pathOf(0)).slice(513);
    expect(entries.toString('utf8', 2, 2 + entries.readUInt16BE(0))).toBe(
      linesOf(trail.audit.pathOf(0))[513]?.text.slice(0, -46),
    );
    expect(entries.toString()).toContain(second?.text.slice(0, -46));
    expect(() => exported(trail, { tiles: true, fromMs: 0 })).toThrow(CounterfoilError);
  });
});

describe.skipIf(missing('openssl', 'python3'))('the checks that come with it', () => {
  const checks: readonly (readonly [string, string])[] = [
    ['sh', 'check.sh'],
    ['python3', 'check.py'],
  ];

  test.each(checks)('%s %s finds a torn and continued trail whole', (command, script) => {
    const target = exported(tornTrail());
    for (const log of ['audit', 'schedule_two']) {
      expect(run(target, command, script, log)).toEqual({
        code: 0,
        said: expect.stringMatching(new RegExp(`^${log}: \\d+ entries`)),
      });
    }
  });

  test.each(checks)('%s %s finds a changed entry, a dropped one, and a foreign signature', (command, script) => {
    const changes: ((folder: string) => void)[] = [
      (folder) => alter(join(folder, 's00000000.log'), (text) => text.replace('"lane-3"', '"lane-4"')),
      (folder) =>
        alter(join(folder, 's00000000.log'), (text) => text.replace(lineOf(join(folder, 's00000000.log'), 7).text, '')),
      (folder) => alter(join(folder, 'checkpoint.sig'), (text) => text.slice(1) + text.slice(0, 1)),
    ];
    for (const change of changes) {
      const target = exported(wholeTrail());
      change(join(target, 'audit'));
      expect(run(target, command, script, 'audit')).toEqual({ code: 1, said: expect.stringContaining('WRONG: ') });
    }
  });

  test('python finds that the checkpoint is of other entries', () => {
    const target = exported(wholeTrail());
    const other = exported(wholeTrail());
    for (const name of ['checkpoint.text', 'checkpoint.sig']) {
      alter(join(target, 'audit', name), () => readFileSync(join(other, 'audit', name), 'latin1'));
    }
    expect(run(target, 'python3', 'check.py', 'audit').said).toContain('not about these entries');
  });

  test('openssl alone verifies the signature', () => {
    const target = exported(wholeTrail());
    const args = [
      'pkeyutl',
      '-verify',
      '-pubin',
      '-inkey',
      'key.pem',
      '-rawin',
      '-in',
      'audit/checkpoint.text',
      '-sigfile',
      'audit/checkpoint.sig',
    ];
    expect(run(target, 'openssl', ...args)).toMatchObject({ code: 0 });
    alter(join(target, 'audit/checkpoint.text'), (text) => text.replace('gw-0042', 'gw-0043'));
    expect(run(target, 'openssl', ...args)).toMatchObject({ code: 1 });
  });
});
