/**
 * The trail cannot be changed by who owns the gateway: the real sealer as a user of its own with one capability, on a real
 * ext4, and the gateway's user with an empty bounding set, who tries everything there is.
 */

import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { archivedAtLeast } from '../harness/archived.ts';
import { recoveryKey } from '../harness/backup.ts';
import { counterfoil } from '../harness/command.ts';
import { Gateway, type GatewayOptions } from '../harness/gateway.ts';
import { publish } from '../harness/mosquitto.ts';
import { missing } from '../harness/programs.ts';
import { aRecord, wire } from '../harness/records.ts';
import { PmsProcess } from '../harness/reference-pms.ts';
import { Scene } from '../harness/scene.ts';
import { type Attempt, SealedBox } from '../harness/sealer/box.ts';
import { GATEWAY, ownFolder, runAs, SEALER, STRANGER, startAs, startNode, type User } from '../harness/sealer/users.ts';

let scene: Scene;
let box: SealedBox;
const line = (n: number) => `{"i":${n}}\tentry\n`;
/** More than a page, so that there is something to map and to punch holes into. */
const text = Array.from({ length: 600 }, (_, n) => line(n)).join('');

describe.skipIf(missing('root with loop devices', 'python3'))('a trail with a sealer', () => {
  beforeEach(() => {
    scene = new Scene();
    box = new SealedBox(scene);
  });
  afterEach(async () => await scene.close());

  test('the attempts are real: each succeeds on a file that nobody protects', () => {
    const failed = box.attack(GATEWAY, 'own', 'append').filter(({ error }) => error !== null);
    expect(failed).toEqual([]);
  });

  test('a segment in use: every attempt fails and changes nothing, appending works', async () => {
    await box.start();
    await box.ask('open', { log: 'audit', n: 0 });
    box.append('audit', 0, text);
    expect(allowed(box.attack(GATEWAY, box.segment('audit', 0), 'append'))).toEqual([]);
    box.append('audit', 0, line(600));
    expect(box.content('audit', 0)).toBe(text + line(600));
  });

  test('a sealed segment: nothing at all, not even appending', async () => {
    await box.start();
    await box.ask('open', { log: 'audit', n: 0 });
    box.append('audit', 0, text);
    expect(await box.ask('seal', { log: 'audit', n: 0 })).toMatchObject({ immutable: true });
    expect(allowed(box.attack(GATEWAY, box.segment('audit', 0), 'read'))).toEqual([]);
    expect(() => box.append('audit', 0, line(0))).toThrow(/not permitted/i);
    expect(box.content('audit', 0)).toBe(text);
    // What there is: this says so, and says when a kernel has more.
    const { verity } = await box.ask('state');
    expect(box.flags('audit', 0)).toBe(verity === true ? 'iV' : 'i');
  });

  test('the segment made ready ahead is as safe as the one in use', async () => {
    await box.start();
    await box.ask('open', { log: 'schedule_two', n: 0 });
    expect(allowed(box.attack(GATEWAY, box.segment('schedule_two', 1), 'append'))).toEqual([]);
    expect(box.content('schedule_two', 1)).toBe('');
  });

  test('an archive file: in use it only grows, sealed it is only read', async () => {
    await box.start();
    const part = { stream: 'standard', year: 2024, month: 1, part: 1 };
    const path = join(box.trailDir, 'archive/standard/2024-01.0001.cfa');
    await box.ask('archive_open', part);
    runAs(GATEWAY, text, 'sh', '-c', 'cat >>"$0"', path);
    expect(allowed(box.attack(GATEWAY, path, 'append'))).toEqual([]);
    await box.ask('archive_seal', part);
    expect(allowed(box.attack(GATEWAY, path, 'read'))).toEqual([]);
    expect(() => runAs(GATEWAY, text, 'sh', '-c', 'cat >>"$0"', path)).toThrow(/not permitted/i);
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  test('not even who owns the file can change it without the capability', async () => {
    await box.start();
    box.append('audit', 0, text);
    const owner = { ...SEALER, capabilities: '-all' };
    // The folder is its own, and whether dump(8) passes over a file says nothing about what is in it.
    const own = /beside it|its folder|chattr \+d/;
    const attempts = box.attack(owner, box.segment('audit', 0), 'append');
    expect(allowed(attempts.filter(({ attempt }) => !own.test(attempt)))).toEqual([]);
    expect(box.content('audit', 0)).toBe(text);
  });

  test('who waits for new segments never gets one before it is append-only', async () => {
    await box.start();
    const hunter = startAs(GATEWAY, '/usr/bin/python3', '-c', HUNTER, box.segment('audit', 0).replace(/s0.*/, ''));
    scene.onClose(() => (hunter.running ? hunter.stop('SIGKILL') : undefined));
    await hunter.line((said) => said === 'hunting', 'the hunter');
    for (let n = 0; n < 12; n++) {
      await box.ask('open', { log: 'audit', n });
      box.append('audit', n, line(n));
      if (n % 2 === 1) await box.ask('seal', { log: 'audit', n: n - 1 });
    }
    hunter.closeInput();
    await hunter.ended();
    const { tries, caught } = JSON.parse(hunter.lines.at(-1) ?? '') as { tries: number; caught: string[] };
    expect(tries).toBeGreaterThan(100);
    expect(caught).toEqual([]);
    for (let n = 0; n < 12; n++) expect(box.content('audit', n)).toBe(line(n));
  });

  test('a descriptor kept over the sealing reaches nothing any more', async () => {
    await box.start();
    box.append('audit', 0, text);
    const keeper = startAs(GATEWAY, '/usr/bin/python3', '-c', KEEPER, box.segment('audit', 0));
    scene.onClose(() => (keeper.running ? keeper.stop('SIGKILL') : undefined));
    await keeper.line((said) => said === 'kept', 'the keeper');
    await box.ask('seal', { log: 'audit', n: 0 });
    keeper.closeInput();
    await keeper.ended();
    expect(keeper.lines).toContain('written');
    expect(box.content('audit', 0)).toBe(text);
    expect(box.flags('audit', 0)).toMatch(/i/);
  });

  test('without the capability it does not start, says what it needs, and leaves nothing weaker', async () => {
    const { ending, said } = await box.refusal({ ...SEALER, capabilities: '-all' });
    expect(ending.code).toBe(78);
    expect(said).toMatch(/CAP_LINUX_IMMUTABLE/);
  });

  test('only the group may ask', async () => {
    await box.start();
    const knock = 'import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])';
    expect(() => runAs(STRANGER, '', '/usr/bin/python3', '-c', knock, box.socketPath)).toThrow(/Permission denied/);
    runAs(GATEWAY, '', '/usr/bin/python3', '-c', knock, box.socketPath);
  });
});

describe.skipIf(missing('root with loop devices', 'mosquitto_pub'))('a gateway with a sealer', () => {
  beforeEach(() => {
    scene = new Scene();
    box = new SealedBox(scene);
  });
  afterEach(async () => await scene.close());

  test('appends to what it cannot change, goes on while the sealer is away, and has everything signed in the end', async () => {
    await box.start();
    const gateway = await Gateway.start(scene, box.gatewayOptions());
    expect(await publish(gateway, 'lane-1', wire(aRecord()))).toMatchObject({ acknowledged: true });
    await trailHas('"k":"intake"');
    await trailHas('"k":"cp"');
    expect(await weaknesses()).toBe('');

    await box.kill();
    expect(await publish(gateway, 'lane-1', wire(aRecord()))).toMatchObject({ acknowledged: true });
    await trailHas('"k":"intake"', 2);
    // The end of a process ends its segment unless all of it is known to be synced; the one made ready ahead is there.
    await gateway.kill();
    await gateway.start();
    expect(await publish(gateway, 'lane-1', wire(aRecord()))).toMatchObject({ acknowledged: true });
    await trailHas('"k":"intake"', 3);
    await gateway.logged(({ code }) => code === 'sealer_unreachable', 'the trouble "sealer_unreachable"');

    await box.start();
    await gateway.stop();
    const { logs } = (await box.ask('state')) as { logs: { audit: { newest: number; head: { size: number } } } };
    expect(logs.audit.newest).toBeGreaterThan(0);
    expect(box.flags('audit', 0)).toMatch(/i/);
    const said = await counterfoil('trail', 'verify', box.trailDir);
    expect(said).toMatchObject({ code: 0, output: expect.stringContaining('VERDICT: the trail holds') });
  });

  test('archives into files the sealer keeps', async () => {
    await box.start();
    const pms = await PmsProcess.start(scene);
    const { env, ...options } = box.gatewayOptions();
    const early = { ...env, PRELOAD: 'test/harness/short-archive.ts' };
    const gateway = await Gateway.start(scene, { ...options, pmsUrl: pms.url, env: early });
    for (let n = 0; n < 3; n += 1) await publish(gateway, 'lane-1', wire(aRecord()));
    await archivedAtLeast(gateway, 2);
    await gateway.stop();
    const folder = join(box.trailDir, 'archive/standard');
    const [name = ''] = readdirSync(folder);
    expect(() => runAs(GATEWAY, 'x', 'sh', '-c', 'cat >"$0"', join(folder, name))).toThrow(/not permitted/i);
    const said = await counterfoil('trail', 'verify', box.trailDir);
    expect(said).toMatchObject({ code: 0, output: expect.stringMatching(/^archive: holds\n {2}2 records in 1 file/m) });
  });

  test('commissioned for production: only with people, and then with everything it asks for', async () => {
    await box.start();
    const key = recoveryKey(box.folder);
    chmodSync(key.publicFile, 0o644);
    const { env, ...options } = box.gatewayOptions();
    const production: GatewayOptions = {
      ...options,
      env: { ...env, COUNTERFOIL_PRODUCTION: 'true' },
      config: { schedule_two: { signature: 'optional' }, recovery: { public_key_file: key.publicFile } },
    };
    const { ending, said } = await Gateway.refusal(scene, production);
    expect(ending.code).toBe(78);
    expect(said).toMatch(/nobody has the role it and nobody the role compliance[\s\S]*counterfoil user add/);

    for (const [name, role] of [
      ['ingrid', 'it'],
      ['carlos', 'compliance'],
    ] as const) {
      runAs(GATEWAY, 'four words in a row', 'sh', '-c', 'umask 077; cat >"$0"', join(box.ownFolder, name));
      const args = ['user', 'add', name, '--printed-name', name, '--role', role];
      const files = [
        '--password-file',
        join(box.ownFolder, name),
        '--config',
        join(options.folder ?? '', 'gateway.yaml'),
      ];
      const added = startNode(box.folder, GATEWAY, 'src/main/counterfoil.mjs', [...args, ...files], production.env);
      expect([await added.ended(), added.errorLines]).toEqual([{ code: 0, signal: null }, []]);
    }
    const gateway = await Gateway.start(scene, production);
    expect(await publish(gateway, 'lane-1', wire(aRecord({ schedule: 'II' })))).toMatchObject({ acknowledged: true });
    expect(existsSync(join(gateway.dataDir, 'box.key.recovery'))).toBe(true);
    await gateway.stop();
  });

  test('production asks this of a trail, and believes nobody', async () => {
    const plain = ownFolder(join(box.folder, 'plain'), GATEWAY, '0700');
    for (const log of ['audit', 'schedule_two']) ownFolder(join(plain, log), GATEWAY, '0700');
    runAs(GATEWAY, '', 'touch', join(plain, 'audit/s00000000.log'));
    const found = await weaknesses(plain);
    expect(found).toMatch(/s00000000\.log can be overwritten/);
    expect(found).toMatch(/files can be made/);
    expect(found).toMatch(/schedule_two has no segment/);

    await box.start();
    await box.ask('open', { log: 'audit', n: 0 });
    expect(await weaknesses()).toBe('');
    execFileSync('chattr', ['-a', box.segment('audit', 1)]);
    expect(await weaknesses()).toMatch(/s00000001\.log can be overwritten/);
    const powerful = { ...GATEWAY, capabilities: '-all,+linux_immutable' };
    expect(await weaknesses(box.trailDir, powerful)).toMatch(/has capabilities/);
  });
});

/** Waits until the audit trail's segments hold a text so many times. */
async function trailHas(text: string, times = 1): Promise<void> {
  const audit = join(box.trailDir, 'audit');
  const count = () => {
    const all = readdirSync(audit).map((name) => readFileSync(join(audit, name), 'utf8'));
    return all.join('').split(text).length - 1;
  };
  await expect.poll(count, { timeout: 30_000 }).toBeGreaterThanOrEqual(times);
}

/** What a user could do to a trail besides appending; empty when nothing. */
async function weaknesses(trailDir = box.trailDir, user: User = GATEWAY): Promise<string> {
  const program = startNode(box.folder, user, 'test/harness/sealer/weaknesses.ts', [trailDir]);
  expect(await program.ended()).toEqual({ code: 0, signal: null });
  return program.lines.join('\n');
}

/** What an attempt achieved that it must not. */
function allowed(attempts: readonly Attempt[]): Attempt[] {
  return attempts.filter(({ error, changed }) => error === null || changed.length > 0);
}

/** Tries all the time to open any segment for overwriting, until its input ends; writes into what it catches. */
const HUNTER = `
import json, os, select, sys
folder, tries, caught = sys.argv[1], 0, []
print('hunting', flush=True)
while not select.select([sys.stdin], [], [], 0)[0]:
    for n in range(14):
        tries += 1
        try:
            os.pwrite(os.open(folder + 's%08d.log' % n, os.O_WRONLY), b'CAUGHT', 0)
            caught.append(str(n))
        except OSError:
            pass
print(json.dumps({'tries': tries, 'caught': caught}))
`;

/** Keeps a descriptor and tries all the time to take O_APPEND from it and to overwrite, until it could and its input ends. */
const KEEPER = `
import fcntl, os, select, sys
fd, written = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND), False
print('kept', flush=True)
while not written or not select.select([sys.stdin], [], [], 0)[0]:
    try:
        fcntl.fcntl(fd, fcntl.F_SETFL, 0)
        os.pwrite(fd, b'OVERWRITTEN', 0)
        written = True
    except OSError:
        pass
print('written')
`;
