import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { get } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { type Log, silentLog } from '../../src/base/log.ts';
import { diagnosticsSchema } from '../../src/health/diagnostics.ts';
import { HealthServer, type HealthServerOptions } from '../../src/health/server.ts';
import type { HealthSources } from '../../src/health/sources.ts';
import { gatewayStatusSchema } from '../../src/health/status-schema.ts';
import { NOW_MS, snapshotOf, sourcesOf } from './facts.ts';

const PLAIN: HealthServerOptions = { url: 'http://127.0.0.1:0', certFile: null, keyFile: null };
const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function serve(spoilt: Partial<HealthSources> = {}, log: Log = silentLog, options = PLAIN) {
  const server = new HealthServer(options, sourcesOf(spoilt), log);
  closers.push(() => server.stop());
  await server.start();
  const { url } = server;
  if (url === null) throw new Error('no address');
  return { server, url };
}

describe('answers', () => {
  test('every page there is, and the index links to it', async () => {
    const { url } = await serve();
    const index = await fetch(url);
    expect(index.headers.get('content-type')).toMatch(/^text\/html/);
    const page = await index.text();
    expect(page).toContain('Main &lt;Street&gt; Pharmacy');
    expect(page).not.toMatch(/src=|https?:\/\//);
    const links = [...page.matchAll(/href="([^"]+)"/g)].map((match) => match[1] ?? '');
    expect(links).toHaveLength(7);
    for (const link of links) expect((await fetch(url + link)).status, link).toBe(200);
  });

  test('health in its own media type', async () => {
    const { url } = await serve();
    const answer = await fetch(`${url}/health`);
    expect(answer.headers.get('content-type')).toBe('application/health+json');
    expect(await answer.json()).toMatchObject({ status: 'pass', serviceId: 'gw-0042' });
  });

  test('metrics as text 0.0.4, and scrapes at the same time do not disturb each other', async () => {
    const { url } = await serve();
    const answers = await Promise.all(Array.from({ length: 8 }, () => fetch(`${url}/metrics`)));
    const texts = await Promise.all(answers.map((answer) => answer.text()));
    expect(answers[0]?.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const steady = texts.map((text) => text.replace(/^counterfoil_process_.*$/gm, ''));
    expect(new Set(steady).size).toBe(1);
  });

  test('status and diagnostics in the form of their schemas', async () => {
    const { url } = await serve();
    expect(gatewayStatusSchema.parse(await (await fetch(`${url}/api/v1/status`)).json()).gateway.id).toBe('gw-0042');
    expect(diagnosticsSchema.parse(await (await fetch(`${url}/api/v1/diagnostics`)).json()).queue_depth).toBe(0);
  });

  test('503 when lanes cannot be acknowledged, though the process lives', async () => {
    const { url } = await serve({ commitFailure: () => ({ code: 'storage_full', atMs: NOW_MS }) });
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    const ready = await fetch(`${url}/readyz`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toEqual({ ready: false, reasons: ['the latest commit failed (storage_full)'] });
    expect((await fetch(`${url}/health`)).status).toBe(503);
  });

  test('200 with a warning while the WAN is out', async () => {
    const { link } = snapshotOf();
    if (link === null) throw new Error('no link');
    const { url } = await serve({ link: () => ({ ...link, link: 'OFFLINE' }) });
    const health = await fetch(`${url}/health`);
    expect(health.status).toBe(200);
    expect(await health.json()).toMatchObject({ status: 'warn' });
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
  });

  test('facts are asked anew each time', async () => {
    let ready = false;
    const { intake } = snapshotOf();
    const { url } = await serve({ intake: () => ({ ...intake, listening: ready }) });
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
    ready = true;
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
  });
});

describe('manners', () => {
  test('security headers on every answer', async () => {
    const { url } = await serve();
    for (const path of ['/', '/health', '/none']) {
      const { headers } = await fetch(url + path);
      expect(headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('x-frame-options')).toBe('DENY');
      expect(headers.get('referrer-policy')).toBe('same-origin');
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('x-powered-by')).toBeNull();
    }
  });

  test('unknown pages and methods are answered as JSON', async () => {
    const { url } = await serve();
    const none = await fetch(`${url}/api/v1/none`);
    expect(none.status).toBe(404);
    expect(await none.json()).toMatchObject({ status: 404 });
    const post = await fetch(`${url}/health`, { method: 'DELETE' });
    expect(post.status).toBe(405);
    expect(post.headers.get('allow')).toBe('GET, HEAD');
    const head = await fetch(`${url}/health`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
  });

  test('a body is refused unread', async () => {
    const { url } = await serve();
    expect(await rawRequest(url, 'GET /health HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n')).toMatch(
      /^HTTP\/1\.1 413 /,
    );
    expect(await rawRequest(url, 'GET /health HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n')).toMatch(
      /^HTTP\/1\.1 413 /,
    );
  });

  test('headers have a limit', async () => {
    const { url } = await serve();
    const request = `GET /health HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(10_000)}\r\n\r\n`;
    expect(await rawRequest(url, request)).toMatch(/^HTTP\/1\.1 431 /);
  });

  test('a source that fails is a 500 without its text, which is in the log', async () => {
    const logged: unknown[] = [];
    const log: Log = { ...silentLog, error: (message, fields) => logged.push([message, fields]) };
    const { url } = await serve(
      {
        buffer: () => {
          throw new Error('inner trouble');
        },
      },
      log,
    );
    const answer = await fetch(`${url}/health`);
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain('inner trouble');
    expect(logged).toEqual([['a health request failed', { error: 'inner trouble' }]]);
  });
});

describe('life', () => {
  test('an address that is taken is said plainly', async () => {
    const { url } = await serve();
    await expect(serve({}, silentLog, { ...PLAIN, url })).rejects.toMatchObject({
      code: 'address_in_use',
      message: expect.stringContaining(url),
    });
  });

  test('stop closes idle connections too, and the server can start again', async () => {
    const { server, url } = await serve();
    await (await fetch(`${url}/livez`)).text();
    await server.stop();
    expect(server.url).toBeNull();
    await expect(fetch(`${url}/livez`)).rejects.toThrow();
    await server.stop();
    await server.start();
    expect((await fetch(`${server.url}/livez`)).status).toBe(200);
  });

  test('IPv6 addresses have their brackets', async () => {
    const { url } = await serve({}, silentLog, { ...PLAIN, url: 'http://[::1]:0' });
    expect(url).toMatch(/^http:\/\/\[::1\]:\d+$/);
  });

  test('TLS', async () => {
    const { certFile, keyFile } = certificate();
    const { url } = await serve({}, silentLog, { url: 'https://127.0.0.1:0', certFile, keyFile });
    expect(url).toMatch(/^https:/);
    expect(await statusOverTls(`${url}/livez`, certFile)).toBe(200);
  });

  test('TLS with files that cannot be used', async () => {
    const { certFile, keyFile } = certificate();
    const start = (cert: string, key: string) =>
      serve({}, silentLog, { url: 'https://127.0.0.1:0', certFile: cert, keyFile: key });
    await expect(start('/nowhere.pem', keyFile)).rejects.toMatchObject({ code: 'config_unreadable' });
    await expect(start(certFile, '/nowhere.pem')).rejects.toMatchObject({ code: 'config_unreadable' });
    await expect(start(keyFile, keyFile)).rejects.toMatchObject({ code: 'config_unreadable' });
  });
});

/** Sends bytes as they are and gives everything that comes back. */
function rawRequest(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(text));
    let received = '';
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1');
      if (received.includes('\r\n\r\n')) socket.destroy();
    });
    socket.on('close', () => resolve(received));
    socket.on('error', reject);
  });
}

function certificate() {
  const folder = mkdtempSync(join(tmpdir(), 'counterfoil-tls-'));
  closers.push(() => rmSync(folder, { recursive: true }));
  const certFile = join(folder, 'cert.pem');
  const keyFile = join(folder, 'key.pem');
  const args = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test -addext subjectAltName=IP:127.0.0.1`;
  const made = spawnSync('openssl', [...args.split(' '), '-keyout', keyFile, '-out', certFile], { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`openssl (apt-get install openssl) is needed: ${made.stderr}`);
  return { certFile, keyFile };
}

function statusOverTls(url: string, caFile: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    get(url, { ca: readFileSync(caFile), agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).on('error', reject);
  });
}
