import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { systemTimers } from '../../src/base/clock.ts';
import { Upstream, type UpstreamOptions } from '../../src/sync/upstream.ts';
import { Scene } from '../harness/scene.ts';
import { type Script, ScriptedPms } from '../harness/scripted-pms.ts';
import { hasOpenssl, selfSigned } from '../harness/self-signed.ts';

let scene = new Scene();
afterEach(async () => {
  await scene.close();
  scene = new Scene();
});

const content = {
  bytes: Buffer.from('{"a":1}'),
  stream: 'standard',
  coding: 'identity',
  headers: {},
  hold: null,
} as const;

async function upstreamTo(script: Script, options: Partial<UpstreamOptions> = {}) {
  const pms = await ScriptedPms.start(script);
  scene.onClose(() => pms.close());
  const upstream = new Upstream(
    {
      pmsUrl: pms.url,
      connectTimeoutMs: 5_000,
      requestTimeoutMs: 20_000,
      maxAnswerBytes: 1000,
      tls: null,
      ...options,
    },
    systemTimers,
  );
  upstream.start();
  scene.onClose(() => upstream.stop());
  return { pms, upstream };
}

describe('a reply', () => {
  test('comes with status, headers and JSON', async () => {
    const { upstream } = await upstreamTo(() => ({
      status: 429,
      headers: { 'retry-after': '3', 'accept-encoding': 'zstd' },
      body: { wait: true },
    }));
    expect(await upstream.post('/x', content)).toEqual({
      kind: 'reply',
      status: 429,
      retryAfter: '3',
      accepts: 'zstd',
      location: null,
      page: false,
      json: { wait: true },
    });
  });

  test.each([
    ['text that looks like JSON', { 'content-type': 'text/html' }, '{"results":[]}'],
    ['JSON by name only', { 'content-type': 'application/json' }, '<html>'],
    ['a coding nobody asked for', { 'content-type': 'application/json', 'content-encoding': 'br' }, '{}'],
  ])('is not JSON: %s', async (_name, headers, body) => {
    const { upstream } = await upstreamTo(() => ({ status: 200, headers, body }));
    expect(await upstream.post('/x', content)).toMatchObject({ status: 200, json: undefined });
  });

  test('may be compressed as asked', async () => {
    const { pms, upstream } = await upstreamTo(() => (response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'zstd' });
      response.end(zstdCompressSync('{"results":[]}'));
    });
    expect(await upstream.post('/x', content)).toMatchObject({ json: { results: [] } });
    expect(pms.seen[0]?.headers['accept-encoding']).toBe('zstd, gzip');
  });

  test('that is compressed by halves is not JSON', async () => {
    const { upstream } = await upstreamTo(() => (response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
      response.end(gzipSync('{"results":[]}').subarray(0, 12));
    });
    expect(await upstream.post('/x', content)).toMatchObject({ status: 200, json: undefined });
  });

  test('is JSON with a suffix type and a charset too', async () => {
    const headers = { 'content-type': 'application/problem+json; charset=utf-8' };
    const { upstream } = await upstreamTo(() => ({ status: 400, headers, body: '{"title":"no"}' }));
    expect(await upstream.post('/x', content)).toMatchObject({ json: { title: 'no' } });
  });

  test.each([301, 302, 303, 307, 308])(
    'with a redirect is not followed, and the token goes nowhere else: %i',
    async (status) => {
      const elsewhere = await ScriptedPms.start(() => ({ status: 200, body: { results: [] } }));
      scene.onClose(() => elsewhere.close());
      const location = `${elsewhere.url}/sync?session=secret`;
      const { pms, upstream } = await upstreamTo(() => ({ status, headers: { location } }));
      const withToken = { ...content, headers: { authorization: 'Bearer secret-token' } };
      expect(await upstream.post('/x', withToken)).toMatchObject({ status, location: elsewhere.url });
      expect(pms.seen.map((seen) => seen.path)).toEqual(['/x']);
      expect(elsewhere.seen).toEqual([]);
    },
  );
});

test('the base address may have a path', async () => {
  const { pms } = await upstreamTo(() => ({ status: 200, body: {} }));
  const upstream = new Upstream(
    { pmsUrl: `${pms.url}/chain/7/`, connectTimeoutMs: 5000, requestTimeoutMs: 5000, maxAnswerBytes: 1000, tls: null },
    systemTimers,
  );
  upstream.start();
  scene.onClose(() => upstream.stop());
  await upstream.post('/api/v1/transactions/sync', content);
  expect(pms.seen[0]?.path).toBe('/chain/7/api/v1/transactions/sync');
});

test('connections are kept and used again', async () => {
  const { pms, upstream } = await upstreamTo(() => ({ status: 200, body: {} }));
  for (let times = 0; times < 20; times += 1) await upstream.post('/x', content);
  // Two, when a request comes before the pool has seen the end of the one before it.
  expect(pms.connections).toBeLessThanOrEqual(2);
});

describe('a fault', () => {
  test('is an answer that never ends', async () => {
    const { upstream } = await upstreamTo(() => ({ status: 200, body: { long: 'x'.repeat(2000) } }));
    expect(await upstream.post('/x', content)).toEqual({ kind: 'fault', fault: 'answer_too_large' });
  });

  test('is an answer that drips: the time is for all of it', async () => {
    const drip: Script = () => (response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const timer = setInterval(() => response.write(' '), 5);
      response.on('close', () => clearInterval(timer));
    };
    const { upstream } = await upstreamTo(drip, { requestTimeoutMs: 80 });
    expect(await upstream.post('/x', content)).toEqual({ kind: 'fault', fault: 'timed_out' });
  });

  test('is an answer that ends before its length', async () => {
    const half: Script = () => (response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
      response.write('{"results":[', () => response.socket?.destroy());
    };
    const { upstream } = await upstreamTo(half);
    expect(await upstream.post('/x', content)).toEqual({ kind: 'fault', fault: 'broken_off' });
  });

  test('is an answer that unpacks to more than is allowed', async () => {
    const bomb = gzipSync(Buffer.alloc(1_000_000, ' '));
    const { upstream } = await upstreamTo(
      () => (response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end(bomb);
      },
      { maxAnswerBytes: 2000 },
    );
    expect(bomb.length).toBeLessThan(2000);
    expect(await upstream.post('/x', content)).toEqual({ kind: 'fault', fault: 'answer_too_large' });
  });

  test('is an answer that never comes', async () => {
    const { upstream } = await upstreamTo(() => 'hang', { requestTimeoutMs: 30 });
    expect(await upstream.post('/x', content)).toEqual({ kind: 'fault', fault: 'timed_out' });
  });

  test('is a connection that is cut', async () => {
    const { upstream } = await upstreamTo(() => 'cut');
    expect(await upstream.post('/x', content)).toEqual({ kind: 'fault', fault: 'broken_off' });
  });

  test('is nobody at the address', async () => {
    const { pms, upstream } = await upstreamTo(() => 'cut');
    await pms.close();
    expect(await upstream.post('/x', content)).toEqual({ kind: 'fault', fault: 'not_connected' });
  });

  test('is being stopped, before and in the middle', async () => {
    const { pms, upstream } = await upstreamTo(() => 'hang');
    const running = upstream.post('/x', content);
    await pms.until((seen) => seen.length === 1);
    await upstream.stop();
    expect(await running).toEqual({ kind: 'fault', fault: 'stopped' });
    expect(await upstream.post('/x', content)).toEqual({ kind: 'fault', fault: 'stopped' });
  });
});

describe.skipIf(!hasOpenssl())('over TLS', () => {
  test('trusts only the given authority and shows its own certificate', async () => {
    const server = selfSigned(scene.folder(), 'pms');
    const client = selfSigned(scene.folder(), 'gateway');
    const settings = { ...server, ca: client.cert, requestCert: true, rejectUnauthorized: true };
    const https = createServer(settings, (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"results":[]}');
    });
    https.listen(0, '127.0.0.1');
    await once(https, 'listening');
    scene.onClose(() => {
      https.closeAllConnections();
      https.close();
    });
    const pmsUrl = `https://127.0.0.1:${(https.address() as AddressInfo).port}`;
    const own = { cert: client.cert, key: client.key };
    const reply = async (tls: UpstreamOptions['tls']) => {
      const upstream = new Upstream(
        { pmsUrl, connectTimeoutMs: 5000, requestTimeoutMs: 20_000, maxAnswerBytes: 1000, tls },
        systemTimers,
      );
      upstream.start();
      scene.onClose(() => upstream.stop());
      return upstream.post('/x', content);
    };
    expect(await reply({ ca: server.cert, ...own })).toMatchObject({ kind: 'reply', status: 200 });
    expect(await reply({ ca: null, ...own })).toMatchObject({ kind: 'fault' });
    expect(await reply({ ca: server.cert, cert: null, key: null })).toMatchObject({ kind: 'fault' });
  });
});
