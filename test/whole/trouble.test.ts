/**
 * What the NOC sees when something goes wrong: the real gateway, the trouble made for real, and four answers to the same
 * question: /health, `status`, the dashboard's first page, and the alerts that Prometheus raises from /metrics. Each says what is wrong and what to do.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { html } from 'hono/html';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { HealthAnswer } from '../../src/health/health-answer.ts';
import { gatewayStatusSchema } from '../../src/health/status-schema.ts';
import { statusScreen } from '../../src/main/commands/status-screen.ts';
import { PMS_PATHS } from '../../src/record/wire.ts';
import { alertFault } from '../harness/alerts.ts';
import { Authority } from '../harness/authority.ts';
import { Front } from '../harness/front.ts';
import { Gateway, type GatewayOptions, ROOT } from '../harness/gateway.ts';
import { publish } from '../harness/mqtt-wire.ts';
import { missing } from '../harness/programs.ts';
import { RawLane } from '../harness/raw-lane.ts';
import { aRecord, wire } from '../harness/records.ts';
import { Scene } from '../harness/scene.ts';
import { type Script, ScriptedPms, StrictLedger } from '../harness/scripted-pms.ts';
import { timeServer } from '../harness/time-server.ts';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.close());

async function goodPms(instead: Script | null = null): Promise<ScriptedPms> {
  const ledger = new StrictLedger();
  const pms = await ScriptedPms.start(instead ?? ledger.script);
  scene.onClose(() => pms.close());
  return pms;
}

async function start(pmsUrl: string, config: Readonly<Record<string, object>> = {}, more: GatewayOptions = {}) {
  return await Gateway.start(scene, { ...more, pmsUrl, config: { reports: { enabled: false }, ...config } });
}

/** Publishes records of one till; resolves when all are acknowledged. */
async function sell(gateway: Gateway, name: string, records: readonly object[]): Promise<void> {
  const lane = await RawLane.ready(scene, gateway, name);
  records.forEach((more, at) => {
    lane.send(publish({ topic: `pos/0042/${name}/records`, payload: wire(aRecord({ ...more })), id: at + 1 }));
  });
  for (const at of records.keys()) expect(await lane.acknowledged(at + 1)).toBe(true);
}

/** Waits until health has the check, then asks all four. */
async function seen(gateway: Gateway, check: string, words: RegExp, alerts: readonly string[]): Promise<void> {
  await gateway.getOnce(
    '/health',
    (body) => (body as unknown as HealthAnswer).checks[check]?.some(({ status }) => status !== 'pass') === true,
    check,
  );
  const { body } = await gateway.get('/health');
  const found = (body as unknown as HealthAnswer).checks[check]?.find(({ status }) => status !== 'pass');
  expect(found?.output).toMatch(words);
  const status = gatewayStatusSchema.parse((await gateway.get('/api/v1/status')).body);
  expect(statusScreen(status)).toContain((found?.output ?? 'nothing').slice(0, 60));
  const page = await (await fetch(`${gateway.http}/`)).text();
  expect(page).toContain(String(await html`<p>${found?.output ?? 'nothing'}</p>`));
  const metrics = await (await fetch(`${gateway.http}/metrics`)).text();
  expect(alertFault(scene.folder(), metrics, alerts)).toBeNull();
}

const whereTools = missing('promtool');

test.skipIf(whereTools)('nothing is wrong: no alert', async () => {
  const gateway = await start((await goodPms()).url);
  await sell(gateway, 'till', [{}]);
  await gateway.getOnce('/health', ({ status }) => status === 'pass', 'good health');
  const metrics = await (await fetch(`${gateway.http}/metrics`)).text();
  expect(alertFault(scene.folder(), metrics, [])).toBeNull();
  // And the tool that says so bites.
  expect(alertFault(scene.folder(), metrics, ['CounterfoilLinkDown'])).toContain('CounterfoilLinkDown');
});

test.skipIf(whereTools)('the PMS answers its heartbeat and no record', async () => {
  const ledger = new StrictLedger();
  const pms = await goodPms((request) =>
    request.path === PMS_PATHS.sync ? { status: 500, body: 'busy' } : ledger.script(request),
  );
  const gateway = await start(pms.url, { pms: { delivery_seconds: 2 } });
  await sell(gateway, 'till', [{}]);
  await gateway.logged(({ layer, to }) => layer === 'delivery' && to === 'fail', 'delivery that fails');
  await seen(gateway, 'link:delivery', /[.].+/, ['CounterfoilLinkDown', 'CounterfoilDeliveryStalled']);
});

test.skipIf(whereTools)('the WAN is cut: a warning, never a failure', async () => {
  const pms = await goodPms();
  const gateway = await start(pms.url);
  await gateway.getOnce('/health', ({ status }) => status === 'pass', 'good health');
  await pms.close();
  await seen(gateway, 'link:tcp', /refuses connections.+ask the operator/is, ['CounterfoilLinkDown']);
  expect((await gateway.get('/health')).status).toBe(200);
});

test.skipIf(whereTools)('the disk is full to 85 %', async () => {
  const gateway = await start((await goodPms()).url, { storage: { max_records: 1000 } });
  await sell(
    gateway,
    'till',
    Array.from({ length: 850 }, () => ({ schedule: 'III' })),
  );
  await seen(gateway, 'storage:utilisation', /85 % full. Only controlled.+tills keep the rest/, [
    'CounterfoilStorageOpen',
  ]);
});

test.skipIf(whereTools)('a till is silent and has left out a number', async () => {
  const gateway = await start((await goodPms()).url);
  const till = { lane_instance: '0b0e7c5e-92a3-4c4f-9f6e-0c2f2a4c7d11' };
  await sell(gateway, 'till-4', [
    { ...till, lane_sequence: 7 },
    { ...till, lane_sequence: 9 },
  ]);
  await seen(gateway, 'lanes:gap', /till-4 has numbered 1 record that never came.+Go to that till/, [
    'CounterfoilLaneGap',
  ]);
});

test.skipIf(whereTools)('the clock is off by ten minutes', async () => {
  const server = await timeServer(scene, { utcMs: () => Date.now() + 600_000 });
  const gateway = await start((await goodPms()).url, { clock: { ntp_servers: [server.name] } });
  await seen(gateway, 'clock:offset', /behind by 10 min.+timedatectl/, ['CounterfoilClockOff']);
});

test.skipIf(whereTools || missing('openssl'))('a certificate ends in three days', async () => {
  const folder = scene.folder();
  const ours = new Authority(folder, 'ours');
  const end = new Date(Date.now() + 3 * 86_400_000 + 3_600_000).toISOString().replace(/[-:T]|\.\d+/g, '');
  const front = await Front.start(scene, (await goodPms()).port, ours.leaf('pms', { until: end }));
  writeFileSync(join(folder, 'ca.pem'), ours.cert);
  const gateway = await start(`https://127.0.0.1:${front.port}`, { pms: { ca_file: join(folder, 'ca.pem') } });
  await seen(gateway, 'link:certificate', /ends in 3 d\. Ask its operator/, ['CounterfoilCertificateEnds']);
});

test.skipIf(whereTools || missing('gcc'))('fsync takes half a second', async () => {
  const folder = scene.folder();
  const [library, flag] = [join(folder, 'slow.so'), join(folder, 'slow')];
  const made = spawnSync('gcc', ['-shared', '-fPIC', '-o', library, join(ROOT, 'test/harness/slow-fsync.c'), '-ldl']);
  expect(made.status).toBe(0);
  const env = { LD_PRELOAD: library, SLOW_FSYNC: flag };
  const gateway = await start((await goodPms()).url, {}, { env });
  writeFileSync(flag, '');
  await sell(gateway, 'till', [{}]);
  await seen(gateway, 'buffer:commitP99', /Writing to disk is slow.+wear/, ['CounterfoilDiskSlow']);
  expect(readFileSync(flag, 'utf8')).toBe('');
});
