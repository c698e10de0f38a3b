/** HTTPS of the real gateway: versions, cookies, a new certificate without a restart, slow handshakes, the token of monitoring. */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Gateway } from '../harness/gateway.ts';
import { addUser, PASSWORD } from '../harness/named-gateway.ts';
import { rawConnection } from '../harness/raw-http.ts';
import { Scene } from '../harness/scene.ts';
import { hasOpenssl, selfSigned } from '../harness/self-signed.ts';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.close());

async function secured(more: Record<string, unknown> = {}): Promise<Gateway> {
  const folder = scene.folder();
  mkdirSync(folder, { recursive: true });
  selfSigned(folder, 'first');
  selfSigned(folder, 'second');
  use(folder, 'first');
  const http = { url: 'https://127.0.0.1:0', cert_file: 'http.crt', key_file: 'http.key', ...more };
  return await Gateway.start(scene, { folder, config: { http } });
}

function use(folder: string, name: string): void {
  for (const kind of ['crt', 'key']) copyFileSync(join(folder, `${name}.${kind}`), join(folder, `http.${kind}`));
}

interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
}

function ask(gateway: Gateway, path: string, headers: Record<string, string> = {}, body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'POST';
    const sent = request(
      `${gateway.http}${path}`,
      { method, headers, rejectUnauthorized: false, agent: false },
      (got) => {
        got.resume();
        got.on('end', () => resolve({ status: got.statusCode ?? 0, headers: got.headers }));
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

/** The name in the certificate a new connection is shown. */
function shownName(gateway: Gateway, version: 'TLSv1.2' | 'TLSv1.3' | 'TLSv1.1' = 'TLSv1.3'): Promise<string> {
  const { hostname, port } = new URL(gateway.http);
  return new Promise((resolve, reject) => {
    const versions = { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    const socket: TLSSocket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false, ...versions });
    socket.on('secureConnect', () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

describe.skipIf(!hasOpenssl())('HTTPS', () => {
  test('TLS 1.2 and 1.3, nothing older; the cookie is for TLS and this host alone', async () => {
    const gateway = await secured();
    expect(await shownName(gateway, 'TLSv1.2')).toBe('first');
    await expect(shownName(gateway, 'TLSv1.1')).rejects.toThrow();
    await addUser(gateway, 'rita', ['compliance']);
    const body = JSON.stringify({ user: 'rita', password: PASSWORD });
    const headers = { 'Content-Type': 'application/json', 'Content-Length': String(body.length) };
    const answer = await ask(gateway, '/api/v1/session', headers, body);
    expect(answer.status).toBe(201);
    expect(answer.headers['set-cookie']?.[0]).toMatch(
      /^__Host-counterfoil=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Secure$/,
    );
    const [cookie = ''] = (answer.headers['set-cookie']?.[0] ?? '').split(';');
    expect((await ask(gateway, '/api/v1/session', { Cookie: cookie })).status).toBe(200);
    // Without its prefix another host of the domain could have set it.
    expect((await ask(gateway, '/api/v1/session', { Cookie: cookie.replace('__Host-', '') })).status).toBe(401);
  });

  test('another certificate on SIGHUP, without a restart; one that is no good changes nothing', async () => {
    const gateway = await secured();
    use(gateway.folder, 'second');
    process.kill(gateway.pid, 'SIGHUP');
    await gateway.logged(({ msg }) => msg === 'the HTTPS certificate was read again', 'the new certificate');
    expect(await shownName(gateway)).toBe('second');
    copyFileSync(join(gateway.folder, 'first.key'), join(gateway.folder, 'http.key'));
    process.kill(gateway.pid, 'SIGHUP');
    await gateway.logged(({ msg }) => msg.includes('the old one stays'), 'the refusal');
    expect(await shownName(gateway)).toBe('second');
    expect((await ask(gateway, '/health')).status).toBe(200);
  });

  test('a handshake that never comes is cut off, and others are served meanwhile', async () => {
    const gateway = await secured();
    const plain = gateway.http.replace('https:', 'http:');
    const silent = Array.from({ length: 20 }, () => rawConnection(plain));
    const closed = silent.map((socket) => new Promise((resolve) => socket.on('error', () => {}).on('close', resolve)));
    for (const socket of silent) socket.write(Buffer.from([0x16, 0x03, 0x01]));
    expect((await ask(gateway, '/livez')).status).toBe(200);
    await Promise.all(closed);
  });

  test('the token of monitoring opens figures, and nothing else', async () => {
    const folder = scene.folder();
    mkdirSync(folder, { recursive: true });
    const file = join(folder, 'monitor.token');
    writeFileSync(file, 'a-token-for-monitoring', { mode: 0o600 });
    const gateway = await secured({ monitor_token_file: file });
    await addUser(gateway, 'rita', ['compliance']);
    const bearer = { Authorization: 'Bearer a-token-for-monitoring' };
    for (const path of ['/health', '/metrics', '/api/v1/status']) {
      expect((await ask(gateway, path)).status, path).toBe(401);
      expect((await ask(gateway, path, { Authorization: 'Bearer another' })).status, path).toBe(401);
      expect((await ask(gateway, path, bearer)).status, path).toBe(200);
    }
    expect((await ask(gateway, '/livez')).status).toBe(200);
    expect((await ask(gateway, '/', bearer)).status).toBe(401);
  });
});
