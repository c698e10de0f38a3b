import { createPublicKey } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { withDisabled, withPassword, withRoles } from '../../src/people/changes.ts';
import { peopleHash } from '../../src/people/store.ts';
import { hotp, stepAt } from '../../src/people/totp.ts';
import { fromCompact, readJws, verifyDetached } from '../../src/record/jws.ts';
import { PASSWORD, Rig } from './rig.ts';

const HERE = '192.0.2.7';
let rig: Rig;
beforeEach(() => {
  rig = new Rig();
});
afterEach(() => rig.close());

const logIn = (user: string, password = PASSWORD, code: string | null = null, address = HERE) =>
  rig.people.logIn({ user, password, code }, address);
async function tokenOf(user: string, code: string | null = null): Promise<string> {
  const answer = await logIn(user, PASSWORD, code);
  if (!answer.ok) throw new Error(answer.fault);
  return answer.token;
}

describe('a user', () => {
  test('logs in, is known by the session, and logs out; the trail tells', async () => {
    await rig.add('rita', ['compliance', 'noc']);
    const session = rig.people.session(await tokenOf('rita'));
    expect(session).toMatchObject({ user: 'rita', printedName: 'Printed rita', roles: ['compliance', 'noc'] });
    if (session !== null) rig.people.logOut(session);
    await rig.people.stop();
    expect(rig.entries).toMatchObject([
      { kind: 'user', body: { user: 'rita', change: 'added', by: 'root', roles: ['compliance', 'noc'] } },
      { kind: 'login', body: { user: 'rita', address: HERE, way: 'password', session: session?.id } },
      { kind: 'logout', body: { user: 'rita', why: 'logged_out', session: session?.id } },
    ]);
  });

  test('is still there after a restart, their session is not; the file is their own and holds no secret', async () => {
    await rig.add('rita');
    const token = await tokenOf('rita');
    const secret = await rig.totp('rita');
    const file = join(rig.dataDir, 'people.json');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const text = readFileSync(file, 'utf8');
    expect(text).not.toContain(PASSWORD);
    expect(text).not.toContain(secret.toString('base64'));
    await rig.restart();
    expect(rig.people.session(token)).toBeNull();
    const hash = peopleHash(JSON.parse(text));
    expect(rig.entries.findLast(({ kind }) => kind === 'user')?.body.hash).toBe(hash);
    const code = hotp(secret, stepAt(rig.nowMs));
    expect((await logIn('rita', PASSWORD, code)).ok).toBe(true);
    await rig.people.stop();
    expect(rig.entries.findLast(({ kind }) => kind === 'people')?.body).toEqual({ hash, users: 1 });
  });

  test('with a second factor needs it, each code once', async () => {
    await rig.add('rita');
    const secret = await rig.totp('rita');
    const code = hotp(secret, stepAt(rig.nowMs));
    expect(await logIn('rita')).toMatchObject({ ok: false, fault: 'wrong' });
    expect(await logIn('rita', PASSWORD, code)).toMatchObject({ ok: true });
    expect(await logIn('rita', PASSWORD, code)).toMatchObject({ ok: false, fault: 'wrong' });
    rig.pass(30_000);
    expect(await logIn('rita', PASSWORD, hotp(secret, stepAt(rig.nowMs)))).toMatchObject({ ok: true });
  });

  test('without one is kept out where it is required', async () => {
    await rig.close();
    rig = new Rig({ secondFactor: 'required' });
    await rig.add('rita');
    expect(await logIn('rita')).toMatchObject({ fault: 'second_factor_missing' });
  });

  test('disabled, or with other roles or another password, has no session any more', async () => {
    await rig.add('rita');
    const first = await tokenOf('rita');
    await rig.people.change({ user: 'rita', change: 'roles', by: null }, (file) => withRoles(file, 'rita', ['noc']));
    expect(rig.people.session(first)).toBeNull();
    const second = await tokenOf('rita');
    await rig.people.change({ user: 'rita', change: 'password', by: null }, (file, parts) =>
      withPassword(file, 'rita', 'five other plain words', parts),
    );
    expect(rig.people.session(second)).toBeNull();
    expect(await logIn('rita')).toMatchObject({ fault: 'wrong' });
    expect((await logIn('rita', 'five other plain words')).ok).toBe(true);
    await rig.people.change({ user: 'rita', change: 'disabled', by: null }, (file) => withDisabled(file, 'rita', true));
    expect(await logIn('rita', 'five other plain words')).toMatchObject({ fault: 'wrong' });
    expect(rig.people.facts()).toMatchObject({ users: 0, sessions: 0 });
  });

  test('cannot take a name again, nor a poor password, and nothing is changed then', async () => {
    await rig.add('rita');
    await expect(rig.add('rita')).rejects.toMatchObject({ code: 'usage' });
    await expect(rig.add('break-glass')).rejects.toMatchObject({ code: 'usage' });
    for (const poor of ['short', 'aaaaaaaaaaaaaaaa', 'my-name-is-paul!', 'Password12345678']) {
      await expect(rig.add('paul', ['it'], poor)).rejects.toMatchObject({ code: 'usage' });
    }
    expect(rig.kinds()).toEqual(['user']);
  });

  test('is not changed without a trail entry', async () => {
    rig.trailFails = true;
    await expect(rig.add('rita')).rejects.toThrow('full');
    expect(rig.people.isNamed).toBe(false);
    rig.trailFails = false;
    await rig.add('rita');
    // To see what is wrong matters most when the disk is full: a log-in does not wait for it.
    rig.trailFails = true;
    expect((await logIn('rita')).ok).toBe(true);
  });

  test('signs with their password alone, and an older key stays known', async () => {
    await rig.add('rita');
    const sign = (password: string) => rig.people.sign({ user: 'rita', password, code: null }, HERE, 'a statement');
    const signed = await sign(PASSWORD);
    if (!signed.ok) throw new Error(signed.fault);
    const jws = readJws(fromCompact(signed.signature) ?? { protected: '', signature: '' });
    const [user] = rig.people.users;
    const der = Buffer.from(user?.keys[0]?.public_key ?? '', 'base64');
    const publicKey = createPublicKey({ key: der, format: 'der', type: 'spki' });
    expect(jws?.kid).toBe('user-rita-1');
    expect(jws !== null && verifyDetached(jws, Buffer.from('a statement'), publicKey)).toBe(true);
    expect(jws !== null && verifyDetached(jws, Buffer.from('another one'), publicKey)).toBe(false);
    expect(await sign('not the password at all')).toMatchObject({ ok: false, fault: 'wrong' });
    await rig.people.change({ user: 'rita', change: 'password', by: null }, (file, parts) =>
      withPassword(file, 'rita', 'five other plain words', parts),
    );
    expect(rig.people.users[0]?.keys.map(({ kid, until_utc }) => [kid, until_utc === null])).toEqual([
      ['user-rita-1', false],
      ['user-rita-2', true],
    ]);
  });
});

describe('guessing', () => {
  test('locks a user for this address after five, and says for how long; the right password does not help then', async () => {
    await rig.add('rita');
    for (let i = 0; i < 5; i++)
      expect(await logIn('rita', `wrong guess number ${i}`)).toMatchObject({ fault: 'wrong' });
    expect(await logIn('rita')).toMatchObject({ fault: 'locked', retryAfterSeconds: 2 });
    expect((await logIn('rita', PASSWORD, null, '192.0.2.8')).ok).toBe(true);
    rig.pass(2000);
    expect(await logIn('rita', 'wrong again, I am afraid')).toMatchObject({ fault: 'wrong' });
    expect(await logIn('rita')).toMatchObject({ fault: 'locked', retryAfterSeconds: 4 });
    rig.pass(4000);
    expect((await logIn('rita')).ok).toBe(true);
  });

  test('many at once do not slip through together', async () => {
    await rig.add('rita');
    const tries = Array.from({ length: 12 }, (_, i) => logIn('rita', `a guess among many ${i}`));
    const faults = (await Promise.all(tries)).map((answer) => (answer.ok ? 'in' : answer.fault));
    expect(faults.filter((fault) => fault === 'locked')).toHaveLength(7);
  });

  test('a name nobody has is answered alike, and is not in the trail', async () => {
    await rig.add('rita');
    expect(await logIn('my secret typed too early')).toEqual(await logIn('rita', 'wrong guess entirely'));
    await rig.people.stop();
    const refused = rig.entries.filter(({ kind }) => kind === 'login_refused').map(({ body }) => body);
    expect(refused).toMatchObject([
      { user: null, reason: 'no_user' },
      { user: 'rita', reason: 'password' },
    ]);
    expect(JSON.stringify(rig.entries)).not.toContain('secret');
  });

  test('fills no trail: the 1st, 2nd, 4th, 8th … is told', async () => {
    await rig.add('rita');
    for (let i = 0; i < 12; i++) {
      await logIn(`nobody-${i}`);
      rig.pass(1000);
    }
    await rig.people.stop();
    const counts = rig.entries.filter(({ kind }) => kind === 'login_refused').map(({ body }) => body.count);
    expect(counts).toEqual([1, 2, 4, 8]);
  });
});

describe('the emergency code', () => {
  test('opens it and compliance for an hour, once, signs nothing, and is told until sealed anew', async () => {
    await rig.add('rita');
    const code = await rig.seal();
    expect(code).toMatch(/^([A-Z2-7]{5}-){4}[A-Z2-7]{5}$/);
    expect(rig.people.facts().breakGlass).toBe('sealed');
    expect(await rig.people.breakGlass('AAAAA-AAAAA-AAAAA-AAAAA-AAAAA', 'Eve', HERE)).toMatchObject({ fault: 'wrong' });
    const typed = code.toLowerCase().replaceAll('-', ' ');
    const answer = await rig.people.breakGlass(typed, 'Dr. Night Shift', HERE);
    if (!answer.ok) throw new Error(answer.fault);
    expect(rig.people.session(answer.token)).toMatchObject({ breakGlass: true, roles: ['it', 'compliance'] });
    expect(await rig.people.breakGlass(code, 'Eve', HERE)).toMatchObject({ ok: false });
    for (let minutes = 0; minutes < 55; minutes += 5) {
      rig.pass(5 * 60_000);
      expect(rig.people.session(answer.token)).not.toBeNull();
    }
    rig.pass(5 * 60_000);
    expect(rig.people.session(answer.token)).toBeNull();
    await rig.restart();
    expect(rig.people.facts().breakGlass).toBe('used');
    expect(await rig.people.breakGlass(code, 'Eve', HERE)).toMatchObject({ ok: false });
    await rig.seal();
    expect(rig.people.facts().breakGlass).toBe('sealed');
    expect(rig.entries.filter(({ kind }) => kind === 'break_glass').map(({ body }) => body)).toMatchObject([
      { change: 'sealed', by: 'root' },
      { change: 'used', by: 'Dr. Night Shift' },
      { change: 'sealed' },
    ]);
  });

  test('used twice at the same moment lets one in', async () => {
    const code = await rig.seal();
    const answers = await Promise.all([1, 2, 3].map((n) => rig.people.breakGlass(code, `Person ${n}`, HERE)));
    expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
  });
});

describe('a file that cannot be used', () => {
  test.each([
    ['no JSON', 'nonsense', 0o600],
    ['another form', '{"people":2}', 0o600],
    ['open to others', '{"people":1,"users":[],"break_glass":null}', 0o644],
  ])('%s: nobody logs in, nothing is written over it, and the facts say so', async (_, text, mode) => {
    const file = join(rig.dataDir, 'people.json');
    writeFileSync(file, text, { mode });
    await rig.restart();
    expect(rig.people.facts()).toMatchObject({ state: 'damaged', trouble: expect.stringContaining('people.json') });
    expect(await logIn('rita')).toMatchObject({ fault: 'unavailable' });
    await expect(rig.add('rita')).rejects.toMatchObject({ code: 'people_unusable' });
    expect(readFileSync(file, 'utf8')).toBe(text);
  });
});
