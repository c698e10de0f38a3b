/** Lanes with client certificates, through the real listener and MQTT.js. */
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt, { type MqttClient } from 'mqtt';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import type { IntakeItem, IntakeResult } from '../../src/buffer/api.ts';
import { type IdentityPort, type LaneProof, NO_IDENTITY } from '../../src/intake/identity.ts';
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
  const flags: (readonly string[])[] = [];
  const dates: { now: LaneProof['dates'] } = { now: 'valid' };
  const sink = {
    intake: async (items: readonly IntakeItem[]): Promise<IntakeResult[]> =>
      items.map((item) => {
        lanes.push(item.lane);
        if (item.type === 'record') flags.push(item.record.flags);
        const trail = { log: 'audit' as const, index: 0, leaf: Buffer.alloc(32) };
        return { status: 'refused', state: 'REFUSED', receivedAtMs: 0, trail };
      }),
  };
  const authorities = [new X509Certificate(lane.cert)];
  const identity: IdentityPort = {
    ...NO_IDENTITY,
    tls: () => ({ ...server, authorities }),
    byCertificate: ({ leaf }) => {
      if (!authorities.some((each) => each.raw.equals(leaf.raw))) return { ok: false, reason: 'foreign' };
      return { ok: true, proof: { lane: 'lane-1', way: 'certificate', certificate: leaf, dates: dates.now } };
    },
  };
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
          certFile: null,
          keyFile: null,
          laneCaFile: null,
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
    { sink, clock: systemClock, log: silentLog, onCommitted() {}, onWitnessed() {}, identity },
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
  return { connect, lane, stranger, lanes, flags, dates, intake };
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

  it('under the rule of grace has its records flagged, until it is judged again', async () => {
    const { connect, lane, flags, dates, intake } = await started();
    dates.now = 'expired';
    const client = connect(lane);
    const record = (key: string) =>
      JSON.stringify({
        idempotency_key: key,
        ndc: '0574-4072-05',
        quantity: 30,
        schedule: 'NONE',
        prescription_id: 'RX-1',
        pharmacist_npi: '1234567893',
        dispensed_at_utc: new Date().toISOString(),
      });
    await client.publishAsync('pos/0042/lane-1/records', record('grace-0001'), { qos: 1 });
    expect(intake.lanes()).toMatchObject([{ lane: 'lane-1', proofs: [{ dates: 'expired' }] }]);
    dates.now = 'valid';
    intake.judgeAgain();
    await client.publishAsync('pos/0042/lane-1/records', record('grace-0002'), { qos: 1 });
    expect(flags).toEqual([['lane_certificate_expired'], []]);
  });

  it('is cut at once, and the gateway forgets it', async () => {
    const { connect, lane, intake } = await started();
    const client = connect(lane);
    await client.publishAsync('pos/0042/lane-1/records', 'x', { qos: 1 });
    intake.cut('lane-1');
    await ended(client);
  });

  it('with more connections than its due has the oldest one closed; client ids do not take each other over', async () => {
    const { connect, lane } = await started();
    const clients: MqttClient[] = [];
    for (let at = 0; at < 5; at += 1) {
      const client = connect(lane);
      await client.publishAsync('pos/0042/lane-1/records', 'x', { qos: 1 });
      clients.push(client);
    }
    const [oldest] = clients;
    if (oldest?.connected === true) await ended(oldest);
    expect(clients.map(({ connected }) => connected)).toEqual([false, true, true, true, true]);
  });
});
