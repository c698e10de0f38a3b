/** Probes against real sockets: a PMS, a portal, a closed port, a server that takes connections and says nothing. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type Server as HttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer, type Server as HttpsServer, type ServerOptions } from 'node:https';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock, systemTimers, type Timers } from '../../src/base/clock.ts';
import { FAULTS, type FaultCode } from '../../src/link/faults.ts';
import { Heartbeat } from '../../src/link/heartbeat.ts';
import { LINK_DEFAULTS, type ProbeOptions } from '../../src/link/options.ts';
import { Probe, type ProbeParts, systemResolve } from '../../src/link/probe.ts';
import { Authority, type LeafOptions } from '../harness/authority.ts';
import { Program } from '../harness/program.ts';
import { Scene } from '../harness/scene.ts';
import { type Script, ScriptedPms } from '../harness/scripted-pms.ts';
import { hasOpenssl, selfSigned } from '../harness/self-signed.ts';

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

/** Listens until the scene ends; gives its address as http. */
async function listening(server: HttpServer | HttpsServer): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  scene.onClose(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
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
  const heartbeat = new Heartbeat(all, { ...given, authorization: () => authorization ?? null });
  heartbeat.start();
  scene.onClose(() => heartbeat.stop());
  return new Probe(all, given, heartbeat);
}

async function run(probe: Probe, signal = new AbortController().signal) {
  const { verdicts } = await probe.run(signal);
  return Object.fromEntries(verdicts.map(({ layer, verdict, code, reason }) => [layer, { verdict, code, reason }]));
}

describe('a PMS that is there', () => {
  test('passes every layer that is used', async () => {
    const pms = await pmsWith(healthy);
    const probe = probeOf(`${pms.url}/base`, { authorization: 'Bearer abc' });
    const { verdicts, pulse, certificateUntilMs } = await probe.run(new AbortController().signal);
    expect(verdicts.map(({ layer, verdict }) => `${layer} ${verdict}`)).toEqual([
      'dns ok',
      'tcp ok',
      'tls unknown',
      'heartbeat ok',
    ]);
    expect(verdicts.every((one) => one.layer === 'tls' || (one.latencyMs ?? -1) >= 0)).toBe(true);
    expect(pms.seen[0]).toMatchObject({ method: 'GET', path: '/base/api/v1/inventory/ping' });
    expect(pms.seen[0]?.headers.authorization).toBe('Bearer abc');
    expect(pulse).toMatchObject({ timeUtc: '2026-11-22T09:00:00Z', date: expect.stringMatching(/GMT$/) });
    expect(certificateUntilMs).toBeNull();
  });

  test.each([
    ['a captive portal', { status: 200, body: '<html>Welcome</html>' }, 'portal_page'],
    ['JSON that does not say ok', { status: 200, body: { status: 'degraded' } }, 'not_a_pms'],
    ['JSON that is no object', { status: 200, body: ['ok'] }, 'not_a_pms'],
    ['a portal that says so', { status: 511, body: '<html>' }, 'portal_page'],
    ['a token it does not know', { status: 401 }, 'token_refused'],
    ['a token without the right', { status: 403, body: { error: 'scope' } }, 'token_forbidden'],
    ['a web filter', { status: 403, body: '<!DOCTYPE html><p>Blocked' }, 'filtered'],
    ['another service', { status: 404 }, 'no_ping'],
    ['too much to do', { status: 503, headers: { 'retry-after': '9' } }, 'pms_busy'],
    ['its own trouble', { status: 500 }, 'pms_error'],
    ['no sense', { status: 418 }, 'http_status'],
    ['far too much', { status: 200, body: { status: 'ok', more: 'x'.repeat(70_000) } }, 'answer_too_large'],
    ['no answer', 'cut', 'heartbeat_broken'],
  ] as [string, Awaited<ReturnType<Script>>, FaultCode][])('fails the heartbeat: %s', async (_name, answer, code) => {
    const pms = await pmsWith(() => answer);
    const { tcp, heartbeat } = await run(probeOf(pms.url));
    expect(tcp?.verdict).toBe('ok');
    expect(heartbeat).toMatchObject({ verdict: 'fail', code, reason: expect.stringContaining(FAULTS[code].what) });
    if (typeof answer === 'object' && answer.status !== 200)
      expect(heartbeat?.reason).toContain(`HTTP ${answer.status}`);
  });

  test.each([301, 302, 307, 308])('is not followed to another address: HTTP %i', async (status) => {
    const elsewhere = await pmsWith(healthy);
    const pms = await pmsWith(() => ({ status, headers: { location: `${elsewhere.url}/api/v1/inventory/ping` } }));
    const { heartbeat } = await run(probeOf(pms.url, { authorization: 'Bearer secret' }));
    expect(heartbeat).toMatchObject({ verdict: 'fail', code: 'redirected' });
    expect(pms.seen).toHaveLength(1);
    expect(elsewhere.seen).toEqual([]);
    expect(heartbeat?.reason).not.toContain('secret');
  });

  test('fails the heartbeat when its answer drips', async () => {
    const drip = createHttpServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{"status":');
      const timer = setInterval(() => response.write(' '), 5);
      response.on('close', () => clearInterval(timer));
    });
    const { heartbeat } = await run(probeOf(await listening(drip), { options: { timeoutMs: 100 } }));
    expect(heartbeat).toMatchObject({ verdict: 'fail', code: 'heartbeat_timeout' });
  });

  test('fails the heartbeat when it takes the request and says nothing', async () => {
    const pms = await pmsWith(() => 'hang');
    const { heartbeat } = await run(probeOf(pms.url, { options: { timeoutMs: 50 } }));
    expect(heartbeat).toMatchObject({ verdict: 'fail', code: 'heartbeat_timeout' });
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
    expect(tcp).toMatchObject({ verdict: 'fail', code: 'connection_refused' });
    expect(heartbeat).toEqual({ verdict: 'unknown', code: null, reason: 'not tried: no connection' });
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
    // RFC 6761: this name never has an address. Without any name server the machine says EAI_AGAIN.
    const verdicts = await run(probeOf('http://pms.invalid', { parts: { resolve: systemResolve } }));
    expect(verdicts.dns?.verdict).toBe('fail');
    expect(verdicts.dns?.code).toMatch(/^name_(not_found|server_silent)$/);
    expect(verdicts.tcp).toEqual({ verdict: 'unknown', code: null, reason: 'not tried: no address' });
  });

  test('are asked for once at a time, however long the name server takes', async () => {
    let asked = 0;
    const resolve = () => {
      asked += 1;
      return new Promise<never>(() => {});
    };
    const probe = probeOf('http://pms.test', { options: { timeoutMs: 10 }, parts: { resolve } });
    expect((await run(probe)).dns?.reason).toBe('the name server does not answer');
    expect((await run(probe)).dns?.reason).toContain('an earlier look-up has not ended yet');
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
    expect([tcp?.verdict, tls?.code, heartbeat?.verdict]).toEqual(['ok', 'tls_protocol', 'unknown']);
    const silent = await plainServer(() => {});
    const late = await run(probeOf(`https://127.0.0.1:${silent}`, { options: { timeoutMs: 50 } }));
    expect(late.tls?.code).toBe('tls_timeout');
  });
});

describe.skipIf(!hasOpenssl())('TLS with certificates', () => {
  const answer: RequestListener = (_request, response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"ok"}');

  async function securePms(options: ServerOptions): Promise<string> {
    return (await listening(createHttpsServer(options, answer))).replace('http:', 'https:');
  }

  test('passes when both sides trust each other, and knows when the certificate ends', async () => {
    const ours = new Authority(scene.folder(), 'ours');
    const [server, client] = [ours.leaf('pms', { until: '20480101000000Z' }), ours.leaf('gateway')];
    const url = await securePms({ ...server, ca: ours.cert, requestCert: true, rejectUnauthorized: true });
    const probe = probeOf(url, { options: { ca: ours.cert, cert: client.cert, key: client.key } });
    const { verdicts, certificateUntilMs } = await probe.run(new AbortController().signal);
    expect(verdicts.map(({ verdict }) => verdict)).toEqual(['ok', 'ok', 'ok', 'ok']);
    expect(certificateUntilMs).toBe(Date.UTC(2048, 0, 1));
  });

  test.each([
    ['expired', { from: '20200101000000Z', until: '20210101000000Z' }, 'certificate_expired'],
    ['not yet valid', { from: '20480101000000Z' }, 'certificate_not_yet_valid'],
    ['made out to another host', { altName: 'DNS:pms.example' }, 'certificate_wrong_host'],
  ] as [string, LeafOptions, FaultCode][])('a certificate that is %s', async (_name, leaf, code) => {
    const ours = new Authority(scene.folder(), 'ours');
    const { tls, heartbeat } = await run(
      probeOf(await securePms(ours.leaf('pms', leaf)), { options: { ca: ours.cert } }),
    );
    expect(tls).toMatchObject({ verdict: 'fail', code, reason: expect.stringContaining(FAULTS[code].what) });
    expect(heartbeat?.verdict).toBe('unknown');
  });

  test('a certificate of an unknown authority, and one that signed itself', async () => {
    const [ours, theirs] = [new Authority(scene.folder(), 'ours'), new Authority(scene.folder(), 'theirs')];
    const foreign = await run(probeOf(await securePms(theirs.leaf('pms')), { options: { ca: ours.cert } }));
    expect(foreign.tls?.code).toBe('certificate_unknown_ca');
    const own = await run(probeOf(await securePms(selfSigned(scene.folder(), 'pms')), { options: { ca: ours.cert } }));
    expect(own.tls?.code).toBe('certificate_self_signed');
  });

  test.each(['-tls1_2', '-tls1_3'])('a PMS that does not take our certificate says so: %s', async (version) => {
    const [ours, theirs] = [new Authority(scene.folder(), 'ours'), new Authority(scene.folder(), 'theirs')];
    const stranger = theirs.leaf('gateway');
    const url = await demandingPms(ours, version);
    // With TLS 1.3 the client hears of it only after its own side of the handshake is done.
    const { tls } = await run(probeOf(url, { options: { ca: ours.cert, ...stranger } }));
    expect(tls?.code).toBe('client_certificate_refused');
    // Without any certificate TLS 1.2 has no alert of its own for it.
    const none = await run(probeOf(url, { options: { ca: ours.cert } }));
    if (version === '-tls1_3') expect(none.tls?.code).toBe('client_certificate_refused');
    else expect(none.tls?.reason).toMatch(/no TLS.*alert handshake failure/);
  });

  /** Node's own server asks for a certificate but says nothing when it is wrong; OpenSSL's sends the alert. */
  async function demandingPms(ours: Authority, version: string): Promise<string> {
    const { cert, key } = ours.leaf('pms');
    const folder = scene.folder();
    const file = (name: string, text: string) => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const own = ['-cert', file('pms.crt', cert), '-key', file('pms.key', key), '-CAfile', file('ca.crt', ours.cert)];
    const demand = ['-Verify', '1', '-verify_return_error', '-www', version];
    const server = Program.start('openssl', ['s_server', '-accept', '127.0.0.1:0', ...own, ...demand]);
    scene.onClose(() => server.stop('SIGKILL'));
    const line = await server.line((text) => text.startsWith('ACCEPT'), 'the port');
    return `https://127.0.0.1:${line.split(':').at(-1)}`;
  }

  test('a PMS that speaks only an old TLS', async () => {
    const ours = new Authority(scene.folder(), 'ours');
    const url = await securePms({
      ...ours.leaf('pms'),
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'ALL@SECLEVEL=0',
    });
    expect((await run(probeOf(url, { options: { ca: ours.cert } }))).tls?.code).toBe('tls_protocol');
  });
});

test('a probe that is stopped ends at once', async () => {
  const stop = new AbortController();
  const resolve = () => {
    stop.abort();
    return new Promise<never>(() => {});
  };
  expect((await run(probeOf('http://pms.test', { parts: { resolve } }), stop.signal)).dns?.code).toBe('stopped');
});
