/** Named users of the real gateway: from the command line, over HTTP, in health, in the trail, in the log. */
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Authenticator } from '../harness/authenticator.ts';
import { recoveryKey } from '../harness/backup.ts';
import { counterfoil } from '../harness/command.ts';
import { Gateway } from '../harness/gateway.ts';
import { addUser, Browser, configOf, namedGateway, PASSWORD, passwordFile } from '../harness/named-gateway.ts';
import { Scene } from '../harness/scene.ts';
import { entriesOf } from '../harness/trail-entries.ts';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.close());

const user = (gateway: Gateway, ...args: string[]) => counterfoil('user', ...args, ...configOf(gateway));
const entries = (gateway: Gateway, kind: string) => entriesOf(gateway.bufferFile, kind, 'audit');

/** The check of this name in health. */
async function check(gateway: Gateway, name: string): Promise<Record<string, unknown> | undefined> {
  const { body } = await gateway.get('/health');
  return (body.checks as Record<string, Record<string, unknown>[]>)[name]?.[0];
}

test('nobody is defined: whoever is at the box looks, and health says so; the first user ends that', async () => {
  const gateway = await Gateway.start(scene);
  expect((await fetch(gateway.http)).status).toBe(200);
  expect(await check(gateway, 'access:users')).toMatchObject({ observedValue: 'open', status: 'pass' });
  await addUser(gateway, 'rita', ['compliance']);
  const page = await fetch(gateway.http, { redirect: 'manual', headers: { Accept: 'text/html' } });
  expect([page.status, page.headers.get('location')]).toEqual([303, '/login']);
  expect((await fetch(gateway.http)).status).toBe(401);
  for (const path of ['/livez', '/readyz', '/health', '/metrics', '/api/v1/status']) {
    expect((await fetch(gateway.http + path)).status, path).toBe(200);
  }
  expect(await check(gateway, 'access:users')).toMatchObject({ observedValue: 'named' });
  expect(statSync(join(gateway.dataDir, 'people.json')).mode & 0o777).toBe(0o600);
});

test('log in, look, list sessions, end one from the command line; all of it is told in the trail', async () => {
  const gateway = await namedGateway(scene, { ivan: ['it'], nora: ['noc'] });
  const ivan = await Browser.loggedIn(gateway, 'ivan');
  const nora = await Browser.loggedIn(gateway, 'nora');
  expect((await nora.get('/')).status).toBe(200);
  expect((await nora.get('/api/v1/sessions')).status).toBe(403);
  const { sessions } = (await (await ivan.get('/api/v1/sessions')).json()) as {
    sessions: { id: string; user: string }[];
  };
  expect(sessions.map((session) => session.user)).toEqual(['ivan', 'nora']);
  const ended = await user(gateway, 'sessions', '--end', sessions[1]?.id ?? '');
  expect(ended).toMatchObject({ code: 0, output: expect.stringContaining('has ended') });
  expect((await nora.get('/')).status).toBe(401);
  expect((await ivan.send('DELETE', '/api/v1/session')).status).toBe(204);
  expect((await ivan.get('/')).status).toBe(401);
  await gateway.stop();
  expect(entries(gateway, 'login')).toMatchObject([{ user: 'ivan', way: 'password' }, { user: 'nora' }]);
  expect(entries(gateway, 'logout')).toMatchObject([
    { user: 'nora', why: 'ended' },
    { user: 'ivan', why: 'logged_out' },
  ]);
});

test('with the form too: the cookie is kept from scripts and other sites, and the way is one of two pages', async () => {
  const gateway = await namedGateway(scene, { rita: ['compliance'] });
  const body = new URLSearchParams({ user: 'rita', password: PASSWORD, code: '' });
  const headers = { Origin: gateway.http };
  const answer = await fetch(`${gateway.http}/login`, { method: 'POST', body, headers, redirect: 'manual' });
  expect([answer.status, answer.headers.get('location')]).toEqual([303, '/']);
  expect(answer.headers.get('set-cookie')).toMatch(
    /^counterfoil=[A-Za-z0-9_-]{43}; Path=\/; HttpOnly; SameSite=Strict$/,
  );
  body.set('password', 'not the right one');
  const wrong = await fetch(`${gateway.http}/login`, { method: 'POST', body, headers, redirect: 'manual' });
  expect([wrong.status, wrong.headers.get('set-cookie')]).toEqual([401, null]);
  expect(await wrong.text()).toContain('Name, password or code is wrong.');
});

test('a second factor, put on from the command line', async () => {
  const gateway = await namedGateway(
    scene,
    { rita: ['compliance'] },
    { config: { people: { second_factor: 'required' } } },
  );
  const browser = new Browser(gateway);
  expect((await browser.logIn('rita', PASSWORD)).status).toBe(403);
  const said = await user(gateway, 'totp', 'rita', '--password-file', passwordFile(gateway), '--json');
  const { secret } = JSON.parse(said.output) as { secret: string };
  const code = new Authenticator(secret).code();
  expect((await browser.logIn('rita', PASSWORD)).status).toBe(401);
  expect((await browser.logIn('rita', PASSWORD, { code })).status).toBe(201);
});

describe('the emergency code', () => {
  test('opens, alarms, is told, and is good once, also after a restart', async () => {
    const gateway = await namedGateway(scene, { rita: ['compliance'] });
    const made = await user(gateway, 'break-glass', '--json');
    const { code } = JSON.parse(made.output) as { code: string };
    expect(await check(gateway, 'access:breakGlass')).toMatchObject({ observedValue: 'sealed', status: 'pass' });
    const open = (base: string) =>
      fetch(`${base}/api/v1/session`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ break_glass: code, printed_name: 'Night Shift' }),
      });
    const first = await open(gateway.http);
    expect(first.status).toBe(201);
    expect(await first.json()).toMatchObject({ roles: ['it', 'compliance'], break_glass: true });
    expect(await check(gateway, 'access:breakGlass')).toMatchObject({ observedValue: 'used', status: 'warn' });
    await gateway.restart('SIGKILL');
    expect((await open(gateway.http)).status).toBe(401);
    expect(await check(gateway, 'access:breakGlass')).toMatchObject({ observedValue: 'used', status: 'warn' });
    expect(entries(gateway, 'break_glass')).toMatchObject([
      { change: 'sealed' },
      { change: 'used', by: 'Night Shift' },
    ]);
  });
});

test('are in every backup, and log in to the restored gateway', async () => {
  const folder = scene.folder();
  mkdirSync(folder, { recursive: true });
  const key = recoveryKey(folder);
  const config = { recovery: { public_key_file: key.publicFile } };
  const gateway = await namedGateway(scene, { rita: ['compliance'] }, { config });
  const file = join(folder, 'gateway.backup');
  const made = await counterfoil('backup', 'create', '--to', file, ...configOf(gateway));
  expect(made).toMatchObject({ code: 0 });
  await gateway.stop();
  const next = scene.folder();
  const to = join(next, 'data');
  const restored = await counterfoil('backup', 'restore', file, '--to', to, '--key', key.privateFile);
  expect(restored).toMatchObject({ code: 0 });
  expect(statSync(join(to, 'people.json')).mode & 0o777).toBe(0o600);
  const other = await Gateway.start(scene, { folder: next, config });
  await Browser.loggedIn(other, 'rita');
});

test('users are made and changed while no gateway runs; one that runs is asked', async () => {
  const gateway = await namedGateway(scene, { rita: ['compliance'] });
  await gateway.stop();
  await addUser(gateway, 'ivan', ['it']);
  expect((await user(gateway, 'disable', 'rita')).code).toBe(0);
  await gateway.start();
  expect((await new Browser(gateway).logIn('rita', PASSWORD)).status).toBe(401);
  expect((await new Browser(gateway).logIn('ivan', PASSWORD)).status).toBe(201);
  const told = entries(gateway, 'user').map(({ user: name, change }) => `${name} ${change}`);
  expect(told).toEqual(['rita added', 'ivan added', 'rita disabled']);
  const [start] = entries(gateway, 'people').slice(-1);
  expect(start?.hash).toBe(entries(gateway, 'user').at(-1)?.hash);
});
