/** TLS to the broker, with certificates made for the test. */

import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { Aedes } from 'aedes';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemTimers } from '../../../src/base/clock.ts';
import type { BrokerAddress } from '../../../src/intake/external/broker-url.ts';
import { type Closing, closing } from '../../../src/intake/external/closing.ts';
import { Connection } from '../../../src/intake/external/connection.ts';
import { hasOpenssl, selfSigned } from '../../harness/self-signed.ts';

describe.skipIf(!hasOpenssl())('mqtts', () => {
  const folder = mkdtempSync(join(tmpdir(), 'counterfoil-tls-'));
  const undo: (() => Promise<unknown>)[] = [];
  let port = 0;
  const ca: Record<'right' | 'wrong', string> = { right: '', wrong: '' };
  beforeAll(async () => {
    const right = selfSigned(folder, 'broker');
    ca.right = right.cert;
    ca.wrong = selfSigned(folder, 'other').cert;
    const broker = await Aedes.createBroker();
    const server = createServer({ cert: right.cert, key: right.key }, (socket) => broker.handle(socket));
    server.on('tlsClientError', (_error, socket) => socket.destroy());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
    undo.push(
      () => new Promise((resolve) => server.close(resolve)),
      () => new Promise<void>((resolve) => broker.close(() => resolve())),
    );
  });
  afterAll(async () => {
    for (const step of undo.reverse()) await step();
    rmSync(folder, { recursive: true });
  });

  /** `open`, or why not. */
  async function outcome(part: Partial<BrokerAddress>): Promise<'open' | Closing['code']> {
    const address = {
      url: `mqtts://127.0.0.1:${port}`,
      username: null,
      password: null,
      ca: null,
      cert: null,
      key: null,
      ...part,
    };
    return await new Promise((resolve) => {
      const connection = new Connection(
        { address, clientId: 'test', cleanSession: true, keepAliveSeconds: 15, connectTimeoutMs: 10_000 },
        {
          onOpen: () => {
            resolve('open');
            connection.close(closing('stopped'));
          },
          onPublish() {},
          onClosed: (why) => resolve(why.code),
        },
        systemTimers,
      );
    });
  }

  test('lets us in by the CA that was given', async () =>
    expect(await outcome({ ca: Buffer.from(ca.right) })).toBe('open'));

  test('stays outside by another CA, and by none', async () => {
    expect(await outcome({ ca: Buffer.from(ca.wrong) })).toBe('tls');
    expect(await outcome({})).toBe('tls');
  });

  test('is not spoken on a plain port', async () =>
    expect(await outcome({ url: `mqtt://127.0.0.1:${port}` })).not.toBe('open'));

  test('a certificate that is none is a mistake in the configuration', () => {
    const address = {
      url: 'mqtts://127.0.0.1:1',
      username: null,
      password: null,
      ca: null,
      cert: Buffer.from('x'),
      key: Buffer.from('y'),
    };
    const events = { onOpen() {}, onPublish() {}, onClosed() {} };
    const options = { address, clientId: 'test', cleanSession: true, keepAliveSeconds: 15, connectTimeoutMs: 10_000 };
    expect(() => new Connection(options, events, systemTimers)).toThrow('cannot be used');
  });
});
