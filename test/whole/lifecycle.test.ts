/** Start, stop, kill, start again: what was acknowledged is there, and the numbers go on where they stood. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Gateway, STORE } from '../harness/gateway.ts';
import { publish, readReceipts } from '../harness/mosquitto.ts';
import { publish as publishPacket } from '../harness/mqtt-wire.ts';
import { missing } from '../harness/programs.ts';
import { RawLane } from '../harness/raw-lane.ts';
import { aRecord, wire } from '../harness/records.ts';
import { Scene } from '../harness/scene.ts';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.close());

const topic = `pos/${STORE}/till/records`;

test('the one "ready" line and addresses.json name the real addresses', async () => {
  const gateway = await Gateway.start(scene);
  expect(gateway.log.filter(({ msg }) => msg === 'ready')).toHaveLength(1);
  const addresses: unknown = JSON.parse(readFileSync(join(gateway.dataDir, 'run/addresses.json'), 'utf8'));
  const ready = await gateway.logged(({ msg }) => msg === 'ready', 'ready');
  expect(addresses).toMatchObject({ mqtt: ready.mqtt, http: ready.http, pid: gateway.pid });
  expect(gateway.mqtt.port).toBeGreaterThan(0);
});

test('the HTTP side answers: alive, ready, health without a PMS is a warning and no failure', async () => {
  const gateway = await Gateway.start(scene);
  expect((await gateway.get('/livez')).status).toBe(200);
  expect((await gateway.get('/readyz')).status).toBe(200);
  const health = await gateway.get('/health');
  expect(health.status).toBe(200);
  expect(health.body.status).toMatch(/^(pass|warn)$/);
  expect((await gateway.get('/nowhere')).status).toBe(404);
});

test.each(['SIGTERM', 'SIGINT'] as const)('%s ends it cleanly, with lanes connected', async (signal) => {
  const gateway = await Gateway.start(scene);
  const lane = await RawLane.ready(scene, gateway, 'till');
  for (let id = 1; id <= 20; id++) lane.send(publishPacket({ topic, payload: wire(aRecord()), id }));
  expect(await lane.acknowledged(20)).toBe(true);
  expect(await gateway.stop(signal)).toEqual({ code: 0, signal: null });
  await lane.hungUp();
  // Everything is in the one file: what a clean end leaves can be copied as it is.
  expect(existsSync(`${gateway.bufferFile}-wal`)).toBe(false);
  expect(gateway.log.filter(({ level }) => level === 'error')).toEqual([]);
});

test('publishes on their way when SIGTERM comes are either acknowledged and kept, or neither', async () => {
  const gateway = await Gateway.start(scene);
  const lane = await RawLane.ready(scene, gateway, 'till');
  const records = Array.from({ length: 300 }, () => aRecord());
  lane.send(...records.map((record, index) => publishPacket({ topic, payload: wire(record), id: index + 1 })));
  expect(await lane.acknowledged(1)).toBe(true);
  await gateway.stop();
  await lane.hungUp();
  const acknowledged = new Set(lane.received.filter(({ type }) => type === 4).map(({ body }) => body.readUInt16BE(0)));
  expect(gateway.storedRecords).toBeGreaterThanOrEqual(acknowledged.size);
  await gateway.start();
});

describe.skipIf(missing('mosquitto_pub', 'mosquitto_sub'))('with Mosquitto', () => {
  test.each(['SIGTERM', 'SIGKILL'] as const)(
    'after %s the next process goes on where this one stood',
    async (signal) => {
      const gateway = await Gateway.start(scene);
      const before = await readReceipts(scene, gateway, 'till');
      const [kept, next] = [aRecord({ schedule: 'II' }), aRecord()];
      expect(await publish(gateway, 'till', wire(kept))).toMatchObject({ acknowledged: true });
      const first = await before.last(kept.idempotency_key);
      await gateway.restart(signal);
      const after = await readReceipts(scene, gateway, 'till');
      await publish(gateway, 'till', wire(kept));
      await publish(gateway, 'till', wire(next));
      expect(await after.last(kept.idempotency_key)).toMatchObject({
        status: 'duplicate',
        epoch: first.epoch,
        sequence: first.sequence,
        received_at_utc: first.received_at_utc,
        payload_hash: first.payload_hash,
      });
      expect(await after.last(next.idempotency_key)).toMatchObject({
        status: 'accepted',
        epoch: first.epoch,
        sequence: (first.sequence ?? 0) + 1,
      });
    },
  );
});

describe('a configuration that cannot work', () => {
  test('is refused with file, line and key', async () => {
    const { ending, said } = await Gateway.refusal(scene, { config: { sync: { batch_sise: 5 } } });
    expect(ending).toEqual({ code: 78, signal: null });
    expect(said).toMatch(/gateway\.yaml:\d+:\d+: .*batch_sise/);
  });

  test('production with a trail that its own process can change', async () => {
    const folder = scene.folder();
    const { ending, said } = await Gateway.refusal(scene, {
      folder,
      pmsUrl: 'https://127.0.0.1:9',
      env: { COUNTERFOIL_PRODUCTION: 'true' },
      config: {
        trail: { sealer_socket: join(folder, 'sealer.sock') },
        schedule_two: { signature: 'optional', roster_file: join(folder, 'roster.yaml') },
        recovery: { public_key_file: join(folder, 'recovery.pem') },
      },
    });
    expect(ending.code).toBe(78);
    expect(said).toMatch(/the trail is not append-only for this process/);
    expect(existsSync(join(folder, 'data/buffer.db'))).toBe(false);
  });

  test('a port that is taken is named', async () => {
    const gateway = await Gateway.start(scene);
    const listen = [{ url: `mqtt://127.0.0.1:${gateway.mqtt.port}` }];
    const { ending, said } = await Gateway.refusal(scene, { config: { mqtt: { listen } } });
    expect(ending).toEqual({ code: 78, signal: null });
    expect(said).toContain(String(gateway.mqtt.port));
  });
});
