/**
 * The trail cannot be changed by who owns the gateway: the real sealer as a user of its own with one capability, on a real
 * ext4, and the gateway's user with an empty bounding set, who tries everything there is.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { missing } from '../harness/programs.ts';
import { Scene } from '../harness/scene.ts';
import { type Attempt, SealedBox } from '../harness/sealer/box.ts';
import { GATEWAY, runAs, SEALER, STRANGER, startAs } from '../harness/sealer/users.ts';

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

/** Keeps a descriptor; when its input ends, takes O_APPEND from it and overwrites. */
const KEEPER = `
import fcntl, os, sys
fd = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND)
print('kept', flush=True)
sys.stdin.read()
fcntl.fcntl(fd, fcntl.F_SETFL, 0)
os.pwrite(fd, b'OVERWRITTEN', 0)
print('written')
`;
