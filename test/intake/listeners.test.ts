import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { silentLog } from '../../src/base/log.ts';
import { NO_IDENTITY } from '../../src/intake/identity.ts';
import { Listeners } from '../../src/intake/listeners.ts';
import { hasOpenssl, selfSigned } from '../harness/self-signed.ts';

const LIMITS = { maxConnections: 4, maxConnectionsPerAddress: 4, connectTimeoutMs: 200 };

const closed = (socket: Socket) =>
  new Promise<void>((resolve) => {
    socket.on('error', () => {});
    socket.once('close', () => resolve());
  });

describe('Listeners', () => {
  it('says which address is taken and what to do', async () => {
    const first = new Listeners(LIMITS, () => {}, NO_IDENTITY, silentLog);
    const plain = { certFile: null, keyFile: null, laneCaFile: null };
    const url = await first.open({ url: 'mqtt://127.0.0.1:0', ...plain });
    const second = new Listeners(LIMITS, () => {}, NO_IDENTITY, silentLog);
    await expect(second.open({ url, ...plain })).rejects.toMatchObject({ code: 'address_in_use' });
    await first.close();
    await second.close();
  });

  it.skipIf(!hasOpenssl())('limits and ends TLS connections that never finish their handshake', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'counterfoil-tls-'));
    const pair = selfSigned(folder, 'localhost');
    const identity = { ...NO_IDENTITY, tls: () => ({ ...pair, authorities: [new X509Certificate(pair.cert)] }) };
    const listeners = new Listeners(LIMITS, () => expect.unreachable(), identity, silentLog);
    const url = new URL(
      await listeners.open({ url: 'mqtts://127.0.0.1:0', certFile: null, keyFile: null, laneCaFile: null }),
    );
    const sockets = Array.from({ length: 20 }, () => connect(Number(url.port), '127.0.0.1'));
    await Promise.all(sockets.map(closed));
    // The far end of a closed connection notices a turn or two later.
    while (listeners.connections > 0) await new Promise((resolve) => setImmediate(resolve));
    const last = connect(Number(url.port), '127.0.0.1');
    const ended = closed(last);
    await listeners.close();
    await ended;
    rmSync(folder, { recursive: true });
  });
});
