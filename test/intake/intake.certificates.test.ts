/** Lanes with client certificates, through the real listener and MQTT.js. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt, { type MqttClient } from 'mqtt';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import type { IntakeItem, IntakeResult } from '../../src/buffer/api.ts';
import { Intake } from '../../src/intake/intake.ts';
import { hasOpenssl, selfSigned } from '../harness/self-signed.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

async function started() {
  const folder = mkdtempSync(join(tmpdir(), 'counterfoil-lanes-'));
  undo.push(() => rmSync(folder, { recursive: true }));
  const server = selfSigned(folder, 'gateway');
  const lane = selfSigned(folder, 'lane-1');
  const stranger = selfSigned(folder, 'lane-9');
  const lanes: string[] = [];
  const sink = {
    intake: async (items: readonly IntakeItem[]): Promise<IntakeResult[]> =>
      items.map((item) => {
        lanes.push(item.lane);
        const trail = { log: 'audit' as const, index: 0, leaf: Buffer.alloc(32) };
        return { status: 'refused', state: 'REFUSED', receivedAtMs: 0, trail };
      }),
  };
  const file = (name: string) => join(folder, name);
  const intake = new Intake(
    {
      store: '0042',
      source: { gatewayId: 'gw-0042', epoch: '00000000', checkpoint: () => null },
      products: null,
      clockQuality: () => 'unknown',
      signatures: { judge: () => ({ flags: [], notes: [] }), holds: () => false },
      listeners: [
        {
          url: 'mqtts://127.0.0.1:0',
          certFile: file('gateway.crt'),
          keyFile: file('gateway.key'),
          laneCaFile: file('lane-1.crt'),
        },
      ],
      maxConnections: 10,
      maxConnectionsPerAddress: 10,
      connectTimeoutMs: 10_000,
      maxPacketBytes: 300_000,
      maxKeepAliveSeconds: 60,
      queueLimit: 100,
      maxInFlightBytes: 1_000_000,
    },
    { sink, clock: systemClock, log: silentLog, onCommitted() {}, onWitnessed() {} },
  );
  await intake.start();
  undo.push(() => intake.stop());
  const connect = (who: { cert: string; key: string; clientId?: string }): MqttClient => {
    const client = mqtt.connect(intake.addresses[0] ?? '', {
      ca: server.cert,
      ...who,
      reconnectPeriod: 0,
      protocolVersion: 4,
    });
    client.on('error', () => {});
    undo.push(() => client.end(true));
    return client;
  };
  return { connect, lane, stranger, lanes };
}

const ended = (client: MqttClient) => new Promise<void>((resolve) => client.once('close', () => resolve()));

describe.skipIf(!hasOpenssl())('a lane with a certificate', () => {
  it('publishes as the lane its certificate names, and as no other', async () => {
    const { connect, lane, lanes } = await started();
    const client = connect(lane);
    await client.publishAsync('pos/0042/lane-1/records', 'x', { qos: 1 });
    expect(lanes).toEqual(['lane-1']);
    client.publish('pos/0042/lane-2/records', 'x', { qos: 1 });
    await ended(client);
    expect(lanes).toEqual(['lane-1']);
  });

  it('may be two connections at once without a client id', async () => {
    const { connect, lane } = await started();
    const nameless = { ...lane, clientId: '', clean: true };
    const clients = [connect(nameless), connect(nameless)];
    await Promise.all(clients.map((client) => new Promise((resolve) => client.once('connect', resolve))));
    for (const client of clients) await client.publishAsync('pos/0042/lane-1/records', 'x', { qos: 1 });
    expect(clients.map(({ connected }) => connected)).toEqual([true, true]);
  });

  it('may read no other lane’s receipts', async () => {
    const { connect, lane } = await started();
    const grants = await connect(lane)
      .subscribeAsync(['pos/0042/lane-2/receipts', 'pos/0042/lane-1/receipts'], { qos: 1 })
      .catch((error: unknown) => error);
    expect(String(grants)).toMatch(/Unspecified error|128/);
  });

  it('is let in by no certificate of another authority, and by none at all', async () => {
    const { connect, stranger, lanes } = await started();
    await ended(connect(stranger));
    const bare = connect({ cert: '', key: '' });
    await ended(bare);
    expect(lanes).toEqual([]);
  });
});
