import { request } from 'node:http';
import { Hono } from 'hono';
import { afterEach, describe, expect, test } from 'vitest';
import type { PageEnv, Viewer } from '../../../src/base/access.ts';
import { silentLog } from '../../../src/base/log.ts';
import type { Access } from '../../../src/health/http/guard.ts';
import { HealthServer } from '../../../src/health/server.ts';
import { sourcesOf } from '../facts.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const PAUL: Viewer = {
  kind: 'session',
  user: 'paul',
  printedName: 'Paul',
  roles: ['pharmacist'],
  session: 'abc',
  csrf: 'the-token',
  breakGlass: false,
};

async function serve(access: Partial<Access>, url = 'http://127.0.0.1:0', production = false): Promise<string> {
  const app = new Hono<PageEnv>();
  for (const path of ['/mine', '/forgotten', '/area/page', '/area/open']) app.get(path, (c) => c.text('shown'));
  app.post('/mine', (c) => c.text(`done by ${c.get('viewer').user}`));
  app.post('/forgotten', (c) => c.text('done'));
  const needs = [
    { path: '/mine', need: ['pharmacist'], bodyBytes: 100 },
    { path: '/area/*', need: ['it'] },
    { path: '/area/open', need: 'anyone' },
  ] as const;
  const all: Access = { isNamed: () => true, viewer: () => null, monitorToken: () => null, ...access };
  const { about } = sourcesOf();
  const sources = sourcesOf({ about: { ...about, production } });
  const options = { url, certFile: null, keyFile: null };
  const server = new HealthServer(options, sources, silentLog, { access: all, parts: [{ app, needs }] });
  closers.push(() => server.stop());
  await server.start();
  return (server.url ?? '').replace('0.0.0.0', '127.0.0.1');
}

const statusOf = async (base: string, path: string, init: RequestInit = {}) =>
  (await fetch(base + path, { redirect: 'manual', ...init })).status;

describe('what a part has not declared', () => {
  test('takes a log-in, and is changed by nobody', async () => {
    const base = await serve({});
    expect(await statusOf(base, '/forgotten')).toBe(401);
    const named = await serve({ viewer: () => PAUL });
    expect(await statusOf(named, '/forgotten')).toBe(200);
    expect(await statusOf(named, '/forgotten', { method: 'POST', headers: { 'X-CSRF-Token': PAUL.csrf } })).toBe(405);
  });
});

describe('roles', () => {
  test('of the path, then of the folder it is in', async () => {
    const base = await serve({ viewer: () => PAUL });
    expect(await statusOf(base, '/mine')).toBe(200);
    expect(await statusOf(base, '/area/page')).toBe(403);
    expect(await statusOf(base, '/area/none')).toBe(403);
    expect(await statusOf(base, '/area/open')).toBe(200);
  });

  test('a change takes the token, in a header or in a form', async () => {
    const base = await serve({ viewer: () => PAUL });
    const post = (headers: Record<string, string>, body = '') =>
      statusOf(base, '/mine', { method: 'POST', headers, body });
    expect(await post({})).toBe(403);
    expect(await post({ 'X-CSRF-Token': 'the-token' })).toBe(200);
    const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
    expect(await post(form, 'csrf=the-token')).toBe(200);
    expect(await post(form, 'csrf=another')).toBe(403);
    expect(await post({ 'Content-Type': 'text/plain' }, 'csrf=the-token')).toBe(403);
  });
});

describe('nobody is defined', () => {
  const nobody = { isNamed: () => false };

  test('open on loopback, under a loopback name alone (DNS rebinding)', async () => {
    const base = await serve(nobody);
    expect(await statusOf(base, '/')).toBe(200);
    const asked = (host: string) =>
      new Promise<number>((resolve, reject) => {
        const sent = request(`${base}/`, { headers: { Host: host }, agent: false }, (got) => {
          got.resume();
          resolve(got.statusCode ?? 0);
        });
        sent.on('error', reject).end();
      });
    expect(await asked('localhost:8080')).toBe(200);
    expect(await asked('[::1]:8080')).toBe(200);
    expect(await asked('rebound.example')).toBe(421);
    expect(await asked('127.0.0.1.rebound.example')).toBe(421);
  });

  test.each([
    ['beyond loopback', 'http://0.0.0.0:0', false],
    ['in production', 'http://127.0.0.1:0', true],
  ])('closed %s, but for monitoring', async (_, url, production) => {
    const base = await serve(nobody, url, production);
    expect(await statusOf(base, '/')).toBe(403);
    expect(await statusOf(base, '/mine')).toBe(403);
    expect(await statusOf(base, '/metrics')).toBe(200);
    expect(await statusOf(base, '/livez')).toBe(200);
  });
});

test('monitoring with a token: neither another one, nor none, nor a part of it', async () => {
  const base = await serve({ monitorToken: () => 'secret-of-the-noc' });
  const as = (token: string) => statusOf(base, '/metrics', { headers: { Authorization: `Bearer ${token}` } });
  expect(await statusOf(base, '/metrics')).toBe(401);
  expect([await as('secret-of-the-no'), await as('secret-of-the-noc'), await as('x')]).toEqual([401, 200, 401]);
  expect(await statusOf(base, '/readyz')).toBe(200);
});
