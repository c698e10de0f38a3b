/** SIGHUP on the real gateway: what is taken over, what waits for a restart, and a file that cannot be used. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Gateway } from '../harness/gateway.ts';
import { publish } from '../harness/mqtt-wire.ts';
import { addUser } from '../harness/named-gateway.ts';
import { RawLane } from '../harness/raw-lane.ts';
import { aRecord, wire } from '../harness/records.ts';
import { Scene } from '../harness/scene.ts';
import { entriesOf } from '../harness/trail-entries.ts';

let scene: Scene;
let gateway: Gateway;
beforeEach(async () => {
  scene = new Scene();
  gateway = await Gateway.start(scene);
});
afterEach(() => scene.close());

type Sections = Record<string, Record<string, unknown>>;
const file = () => join(gateway.folder, 'gateway.yaml');

/** Writes `change` over the gateway's file and sends SIGHUP. */
function reload(change: Sections): void {
  const sections = JSON.parse(readFileSync(file(), 'utf8')) as Sections;
  for (const [name, section] of Object.entries(change)) {
    sections[name] = typeof section === 'object' ? { ...sections[name], ...section } : section;
  }
  writeFileSync(file(), JSON.stringify(sections, null, 2));
  process.kill(gateway.pid, 'SIGHUP');
}

const taken = (count: number) =>
  gateway.logged((line) => line.msg === 'the configuration was read again' && line.count === count, 'the new settings');

/** What health says of settings that wait for a restart. */
async function waiting(): Promise<readonly Record<string, unknown>[]> {
  const { body } = await gateway.get('/health');
  const settings = (body.checks as Record<string, Record<string, unknown>[]>)['configuration:setting'] ?? [];
  return settings.filter(({ componentId }) => componentId === 'restart');
}

test('limits and the token of monitoring are taken over in the run; lanes notice nothing', async () => {
  await addUser(gateway, 'rita', ['compliance']);
  const lane = await RawLane.ready(scene, gateway, 'till-1');
  lane.send(publish({ topic: 'pos/0042/till-1/records', payload: wire(aRecord({ schedule: 'II' })), id: 1 }));
  expect(await lane.acknowledged(1)).toBe(true);
  await gateway.getOnce('/health', (health) => JSON.stringify(health).includes('"II"'), 'the record in health');
  expect(await (await fetch(`${gateway.http}/health`)).text()).not.toContain('nears its limit');
  writeFileSync(join(gateway.folder, 'monitor'), 'not-very-secret', { mode: 0o600 });
  reload({ fallback: { schedule_two_depth_limit: 1 }, http: { monitor_token_file: './monitor' } });
  expect(await taken(2)).toMatchObject({ reason: 'http.monitor_token_file, fallback.schedule_two_depth_limit' });
  expect((await fetch(`${gateway.http}/health`)).status).toBe(401);
  const headers = { Authorization: 'Bearer not-very-secret' };
  expect(await (await fetch(`${gateway.http}/health`, { headers })).text()).toMatch(/nears its limit of 1 pending/);
  lane.send(publish({ topic: 'pos/0042/till-1/records', payload: wire(aRecord({ schedule: 'II' })), id: 2 }));
  expect(await lane.acknowledged(2)).toBe(true);
  await gateway.stop();
  expect(entriesOf(gateway.bufferFile, 'configuration_reload')).toMatchObject([
    { applied: ['http.monitor_token_file', 'fallback.schedule_two_depth_limit'], waiting: [] },
  ]);
});

test('a setting that needs a restart waits, health says so, and the restart takes it', async () => {
  const before = gateway.mqtt.port;
  reload({ gateway: { name: 'North Street' }, mqtt: { listen: [{ url: 'mqtt://127.0.0.1:0', allow_plain: true }] } });
  const said = await gateway.logged(({ msg }) => msg === 'changed settings wait for a restart', 'what waits');
  expect(said.reason).toBe('gateway.name, mqtt.listen');
  expect(await waiting()).toMatchObject([
    { status: 'warn', output: expect.stringContaining('gateway.name, mqtt.listen') },
  ]);
  expect(gateway.mqtt.port).toBe(before);
  reload({ gateway: { name: null }, mqtt: { listen: [{ url: 'mqtt://127.0.0.1:0' }] }, sync: { batch_size: 7 } });
  await taken(1);
  expect(await waiting()).toEqual([]);
});

test('a file with a mistake changes nothing: the log says line and column, and the gateway goes on', async () => {
  const text = readFileSync(file(), 'utf8');
  writeFileSync(file(), text.replace('"heartbeat_seconds": 1', '"heartbeat_seconds": 0'));
  process.kill(gateway.pid, 'SIGHUP');
  const said = await gateway.logged(({ msg }) => msg.endsWith('cannot be used; the old one stays'), 'the refusal');
  expect(said.error).toMatch(/gateway\.yaml:\d+:\d+: pms\.heartbeat_seconds: /);
  expect((await gateway.get('/readyz')).status).toBe(200);
  await gateway.stop();
  expect(entriesOf(gateway.bufferFile, 'configuration_reload')).toEqual([]);
});
