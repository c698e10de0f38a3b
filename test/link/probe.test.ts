/** Probes against real sockets: a PMS, a portal, a closed port, a server that takes connections and says nothing. */
import { once } from 'node:events';
import { createServer as createHttpsServer } from 'node:https';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock, systemTimers, type Timers } from '../../src/base/clock.ts';
import { Heartbeat } from '../../src/link/heartbeat.ts';
import { LINK_DEFAULTS, type ProbeOptions } from '../../src/link/options.ts';
import { Probe, type ProbeParts } from '../../src/link/probe.ts';
import { Scene } from '../harness/scene.ts';
import { type Script, ScriptedPms } from '../harness/scripted-pms.ts';
import { hasOpenssl, type SelfSigned, selfSigned } from '../harness/self-signed.ts';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.close());

const healthy: Script = () => ({ status: 200, body: { status: 'ok', time_utc: '2026-11-22T09:00:00Z' } });

async function pmsWith(script: Script): Promise<ScriptedPms> {
  const pms = await ScriptedPms.start(script);
  scene.onClose(() => pms.close());
  return pms;
}

interface Setting {
  readonly options?: Partial<ProbeOptions>;
  readonly parts?: Partial<ProbeParts>;
  readonly authorization?: string;
}

function probeOf(pmsUrl: string, { options = {}, parts = {}, authorization }: Setting = {}): Probe {
  const all = { ...LINK_DEFAULTS, tcpRetryBaseMs: 1, pmsUrl, ...options };
  const given: ProbeParts = {
    clock: systemClock,
    timers: systemTimers,
    random: () => 0.5,
    resolve: async () => [{ address: '127.0.0.1', family: 4 }],
    ...parts,
  };
  const heartbeat = new Heartbeat(all, given.timers, () => authorization ?? null);
  heartbeat.start();
  scene.onClose(() => heartbeat.stop());
  return new Probe(all, given, heartbeat);
}

async function run(probe: Probe, signal = new AbortController().signal) {
  const verdicts = await probe.run(signal);
  return Object.fromEntries(verdicts.map(({ layer, verdict, reason }) => [layer, { verdict, reason }]));
}

describe('a PMS that is there', () => {
  test('passes every layer that is used', async () => {
    const pms = await pmsWith(healthy);
    const verdicts = await probeOf(`${pms.url}/base`, { authorization: 'Bearer abc' }).run(
      new AbortController().signal,
    );
    expect(verdicts.map(({ layer, verdict }) => `${layer} ${verdict}`)).toEqual([
      'dns ok',
      'tcp ok',
      'tls unknown',
      'heartbeat ok',
    ]);
    expect(verdicts.every((one) => one.layer === 'tls' || (one.latencyMs ?? -1) >= 0)).toBe(true);
    expect(pms.seen[0]).toMatchObject({ method: 'GET', path: '/base/api/v1/inventory/ping' });
    expect(pms.seen[0]?.headers.authorization).toBe('Bearer abc');
  });

  test.each([
    ['a captive portal', { status: 200, body: '<html>Welcome</html>' }, 'something that is no PMS answered'],
    ['JSON that does not say ok', { status: 200, body: { status: 'degraded' } }, 'something that is no PMS answered'],
    ['a redirect', { status: 302, headers: { location: '/login' } }, 'HTTP 302'],
    ['no authority', { status: 401 }, 'HTTP 401'],
    ['far too much', { status: 200, body: { status: 'ok', more: 'x'.repeat(70_000) } }, 'far too long'],
  ] as [string, Awaited<ReturnType<Script>>, string][])('fails the heartbeat: %s', async (_name, answer, reason) => {
    const pms = await pmsWith(() => answer);
    const { tcp, heartbeat } = await run(probeOf(pms.url));
    expect(tcp?.verdict).toBe('ok');
    expect(heartbeat).toEqual({ verdict: 'fail', reason: expect.stringContaining(reason) });
  });

  test('fails the heartbeat when it takes the request and says nothing', async () => {
    const pms = await pmsWith(() => 'hang');
    const { heartbeat } = await run(probeOf(pms.url, { options: { timeoutMs: 50 } }));
    expect(heartbeat).toEqual({ verdict: 'fail', reason: 'no answer to the heartbeat' });
  });
});

describe('TCP', () => {
  test('is tried four times with growing waits, and what lies above is unknown', async () => {
    const pms = await pmsWith(healthy);
    const { url } = pms;
    await pms.close();
    const waits: number[] = [];
    const timers: Timers = {
      after: (delayMs, task) => {
        if (delayMs < 1000) waits.push(delayMs);
        return systemTimers.after(delayMs, task);
      },
    };
    const { dns, tcp, heartbeat } = await run(probeOf(url, { parts: { timers } }));
    expect(dns?.verdict).toBe('ok');
    expect(tcp).toEqual({ verdict: 'fail', reason: expect.stringContaining('ECONNREFUSED') });
    expect(heartbeat).toEqual({ verdict: 'unknown', reason: 'not tried: no connection' });
    expect(waits).toEqual([0.75, 1.5, 3]);
  });

  test('takes the first address that answers', async () => {
    const pms = await pmsWith(healthy);
    const resolve = async () => [
      { address: '127.0.0.2', family: 4 },
      { address: '127.0.0.1', family: 4 },
    ];
    const { tcp } = await run(probeOf(`http://pms.test:${pms.port}`, { parts: { resolve } }));
    expect(tcp?.verdict).toBe('ok');
  });
});

describe('names', () => {
  test('that are not resolved fail the lowest layer', async () => {
    const resolve = () => Promise.reject(new Error('getaddrinfo ENOTFOUND pms.test'));
    const verdicts = await run(probeOf('http://pms.test', { parts: { resolve } }));
    expect(verdicts.dns).toEqual({ verdict: 'fail', reason: 'getaddrinfo ENOTFOUND pms.test' });
    expect(verdicts.tcp).toEqual({ verdict: 'unknown', reason: 'not tried: no address' });
  });

  test('are asked for once at a time, however long the name server takes', async () => {
    let asked = 0;
    const resolve = () => {
      asked += 1;
      return new Promise<never>(() => {});
    };
    const probe = probeOf('http://pms.test', { options: { timeoutMs: 10 }, parts: { resolve } });
    expect((await run(probe)).dns?.reason).toBe('no answer from the name server');
    expect((await run(probe)).dns?.reason).toBe('an earlier look-up of the name has not ended yet');
    expect(asked).toBe(1);
  });

  test('are not asked for when the address is one', async () => {
    const pms = await pmsWith(healthy);
    const resolve = () => Promise.reject(new Error('nobody should ask'));
    expect((await run(probeOf(pms.url, { parts: { resolve } }))).dns?.verdict).toBe('ok');
  });
});

describe('TLS', () => {
  /** Takes connections; `greet` decides what it says. */
  async function plainServer(greet: (socket: Socket) => void): Promise<number> {
    const sockets = new Set<Socket>();
    const server: Server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      greet(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    scene.onClose(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  test('fails against somebody who speaks none, or nothing', async () => {
    const port = await plainServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const { tcp, tls, heartbeat } = await run(probeOf(`https://127.0.0.1:${port}`));
    expect([tcp?.verdict, tls?.verdict, heartbeat?.verdict]).toEqual(['ok', 'fail', 'unknown']);
    const silent = await plainServer(() => {});
    const late = await run(probeOf(`https://127.0.0.1:${silent}`, { options: { timeoutMs: 50 } }));
    expect(late.tls?.reason).toBe('no answer to the TLS handshake');
  });
});

describe.skipIf(!hasOpenssl())('TLS with certificates', () => {
  /** A PMS over TLS that takes only clients with this certificate. */
  async function securePms(server: SelfSigned, client: SelfSigned): Promise<string> {
    const https = createHttpsServer(
      { ...server, ca: client.cert, requestCert: true, rejectUnauthorized: true },
      (_request, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"ok"}'),
    );
    https.listen(0, '127.0.0.1');
    await once(https, 'listening');
    scene.onClose(() => {
      https.closeAllConnections();
      https.close();
    });
    const address = https.address();
    return `https://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  }

  test('passes when both sides trust each other, fails when we do not trust the PMS', async () => {
    const server = selfSigned(scene.folder(), 'pms');
    const client = selfSigned(scene.folder(), 'gateway');
    const url = await securePms(server, client);
    const mutual = { ca: server.cert, cert: client.cert, key: client.key };
    const good = await run(probeOf(url, { options: mutual }));
    expect([good.tls?.verdict, good.heartbeat?.verdict]).toEqual(['ok', 'ok']);
    const distrusting = await run(probeOf(url, { options: { ...mutual, ca: null } }));
    expect(distrusting.tls).toEqual({ verdict: 'fail', reason: expect.stringContaining('self-signed certificate') });
    expect(distrusting.heartbeat?.verdict).toBe('unknown');
  });

  test('without a client certificate the heartbeat fails', async () => {
    const server = selfSigned(scene.folder(), 'pms');
    const url = await securePms(server, selfSigned(scene.folder(), 'gateway'));
    expect((await run(probeOf(url, { options: { ca: server.cert } }))).heartbeat?.verdict).not.toBe('ok');
  });
});

test('a probe that is stopped ends at once', async () => {
  const stop = new AbortController();
  const resolve = () => {
    stop.abort();
    return new Promise<never>(() => {});
  };
  expect((await run(probeOf('http://pms.test', { parts: { resolve } }), stop.signal)).dns?.reason).toBe(
    'the probe was stopped',
  );
});
