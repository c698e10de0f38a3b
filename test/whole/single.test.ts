/** `sync.profile: single` in the real gateway, before a PMS that knows only one record per request and a bare 2xx. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Gateway } from '../harness/gateway.ts';
import { MinimalPms } from '../harness/minimal-pms.ts';
import { publish, readReceipts } from '../harness/mosquitto.ts';
import { missing } from '../harness/programs.ts';
import { aRecord, wire } from '../harness/records.ts';
import { Scene } from '../harness/scene.ts';
import { hasOpenssl, selfSigned } from '../harness/self-signed.ts';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.close());

/** A minimal PMS over TLS, and a gateway that trusts its certificate. */
async function secured(config: Readonly<Record<string, object>>) {
  const folder = scene.folder();
  const own = selfSigned(folder, 'pms');
  const caFile = join(folder, 'ca.pem');
  writeFileSync(caFile, own.cert);
  const pms = await MinimalPms.start(scene, own);
  const gateway = await Gateway.start(scene, { pmsUrl: pms.url, config, env: { NODE_EXTRA_CA_CERTS: caFile } });
  return { pms, gateway };
}

interface HealthChecks {
  readonly 'configuration:setting'?: readonly { readonly componentId: string; readonly status: string }[];
}

const settingsIn = (body: Record<string, unknown>) =>
  ((body.checks as HealthChecks)['configuration:setting'] ?? []).map(({ componentId }) => componentId);

async function metric(gateway: Gateway, name: string): Promise<string[]> {
  const text = await (await fetch(`${gateway.http}/metrics`)).text();
  return text.split('\n').filter((line) => line.startsWith(name));
}

describe.skipIf(missing('mosquitto_pub', 'mosquitto_sub') || !hasOpenssl())('a PMS that answers a bare 2xx', () => {
  test('gets every record in order, and none of them is called synced', async () => {
    const { pms, gateway } = await secured({ sync: { profile: 'single' } });
    const receipts = await readReceipts(scene, gateway, 'till');
    const record = aRecord();
    expect(await publish(gateway, 'till', wire(record))).toMatchObject({ acknowledged: true });
    // It comes again and again, under the same key with the same bytes.
    await pms.until(() => pms.posted.length >= 3);
    expect(new Set(pms.posted.map(({ key }) => key))).toEqual(new Set([record.idempotency_key]));
    expect(new Set(pms.posted.map(({ body }) => body.toString())).size).toBe(1);
    await publish(gateway, 'till', wire(record));
    expect(await receipts.withStatus(record.idempotency_key, 'duplicate')).toMatchObject({ state: 'PENDING' });
    expect(settingsIn((await gateway.get('/health')).body)).toEqual(['sync.profile']);
  });

  test('settles them where accept_unproved says so, and health and metrics say it', async () => {
    const { pms, gateway } = await secured({ sync: { profile: 'single', accept_unproved: true } });
    const receipts = await readReceipts(scene, gateway, 'till');
    const records = [aRecord(), aRecord({ schedule: 'II' }), aRecord()];
    for (const record of records) await publish(gateway, 'till', wire(record));
    for (const record of records) await receipts.withStatus(record.idempotency_key, 'synced');
    expect(pms.held.size).toBe(3);
    const { body } = await gateway.get('/health');
    expect(settingsIn(body)).toEqual(['sync.accept_unproved', 'sync.profile']);
    expect(body.status).toBe('warn');
    expect(await metric(gateway, 'counterfoil_sync_unproved_total{')).toEqual(
      expect.arrayContaining([
        'counterfoil_sync_unproved_total{stream="standard"} 2',
        'counterfoil_sync_unproved_total{stream="schedule_two"} 1',
      ]),
    );
  });

  test('and names key and hash gives checked receipts', async () => {
    const { pms, gateway } = await secured({ sync: { profile: 'single' } });
    pms.reply = ({ key }) => {
      const hash = hashes.get(key);
      const body = JSON.stringify({ idempotency_key: key, payload_hash: hash });
      return hash === undefined ? { status: 503 } : { status: 200, type: 'application/json', body };
    };
    const hashes = new Map<string, string>();
    const receipts = await readReceipts(scene, gateway, 'till');
    const record = aRecord();
    await publish(gateway, 'till', wire(record));
    const accepted = await receipts.withStatus(record.idempotency_key, 'accepted');
    hashes.set(record.idempotency_key, String(accepted.payload_hash));
    await receipts.withStatus(record.idempotency_key, 'synced');
    expect(await metric(gateway, 'counterfoil_sync_unproved_total{stream="standard"}')).toEqual([
      'counterfoil_sync_unproved_total{stream="standard"} 0',
    ]);
  });
});

test('accept_unproved without verified TLS does not start: anybody on the line could say yes', async () => {
  const pms = await MinimalPms.start(scene);
  const config = { sync: { profile: 'single', accept_unproved: true } };
  const { ending, said } = await Gateway.refusal(scene, { pmsUrl: pms.url, config });
  expect(ending.code).toBe(78);
  expect(said).toContain('sync.accept_unproved: needs verified TLS to the PMS');
  expect(pms.posted).toEqual([]);
});

describe.skipIf(missing('mosquitto_pub', 'mosquitto_sub'))('a captive portal before a PMS of that kind', () => {
  test('says 200 to everything, and nothing counts', async () => {
    const pms = await MinimalPms.start(scene);
    pms.reply = () => ({ status: 200, type: 'text/html', body: '<html>Welcome</html>' });
    const gateway = await Gateway.start(scene, { pmsUrl: pms.url, config: { sync: { profile: 'single' } } });
    const receipts = await readReceipts(scene, gateway, 'till');
    const record = aRecord();
    await publish(gateway, 'till', wire(record));
    await pms.until(() => pms.posted.length >= 3);
    await publish(gateway, 'till', wire(record));
    expect(await receipts.withStatus(record.idempotency_key, 'duplicate')).toMatchObject({ state: 'PENDING' });
  });
});
