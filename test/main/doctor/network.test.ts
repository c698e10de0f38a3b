import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadConfig } from '../../../src/base/config/load.ts';
import { pmsFindings, portFindings } from '../../../src/main/doctor/network.ts';

let folder = '';
let port = 0;
const server = createServer((_request, response) => {
  response.setHeader('content-type', 'application/json');
  response.end('{"status":"ok"}');
});
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'counterfoil-network-'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

const config = (overrides: object) =>
  loadConfig({
    env: {},
    overrides: { 'gateway.store': '1', data_dir: folder, 'http.url': 'http://127.0.0.1:0', ...overrides },
  });

test('a port that another program has, and one that the running gateway has', async () => {
  const taken = config({ 'mqtt.listen': [{ url: `mqtt://127.0.0.1:${port}` }] });
  expect(await portFindings(taken)).toMatchObject([
    { status: 'fail', advice: expect.stringContaining('ss -ltnp') },
    { status: 'ok' },
  ]);
  mkdirSync(join(folder, 'run'));
  const told = { mqtt: [`mqtt://127.0.0.1:${port}`], http: [], pid: process.pid };
  writeFileSync(join(folder, 'run', 'addresses.json'), JSON.stringify(told));
  expect(await portFindings(taken)).toMatchObject([
    { status: 'ok', seen: expect.stringContaining('this gateway') },
    { status: 'ok' },
  ]);
});

test('an address this box does not have', async () => {
  const [finding] = await portFindings(
    config({ 'mqtt.listen': [{ url: 'mqtts://192.0.2.1:8883', cert_file: 'a', key_file: 'b' }] }),
  );
  expect(finding).toMatchObject({ status: 'fail', seen: 'this box has no such address' });
});

test('the way to the PMS, layer by layer', async () => {
  const findings = await pmsFindings(config({ 'pms.url': `http://127.0.0.1:${port}` }), {});
  expect(findings.map(({ check, status }) => `${check} ${status}`)).toEqual([
    'pms dns ok',
    'pms tcp ok',
    'pms tls unknown',
    'pms heartbeat ok',
  ]);
});

test('a PMS whose files cannot be read', async () => {
  const findings = await pmsFindings(
    config({ 'pms.url': 'https://127.0.0.1:1', 'pms.ca_file': join(folder, 'none') }),
    {},
  );
  expect(findings).toMatchObject([{ check: 'pms', status: 'fail' }]);
});
