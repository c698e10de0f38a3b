import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadConfig } from '../../../src/base/config/load.ts';
import { protectionFindings } from '../../../src/main/doctor/protection.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'counterfoil-protection-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function look(overrides: object) {
  const findings = await protectionFindings(loadConfig({ env: {}, overrides: { 'gateway.store': '1', ...overrides } }));
  return Object.fromEntries(findings.map(({ check, status }) => [check, status]));
}

test('a sealer that is not there, and one that listens', async () => {
  const path = join(folder, 'sealer.sock');
  expect(await look({})).toMatchObject({ sealer: 'unknown', 'recovery key': 'warn' });
  expect(await look({ 'trail.sealer_socket': path })).toMatchObject({ sealer: 'fail' });
  const server = createServer((socket) => socket.end());
  await new Promise<void>((resolve) => server.listen(path, resolve));
  expect(await look({ 'trail.sealer_socket': path })).toMatchObject({ sealer: 'ok' });
  await new Promise((resolve) => server.close(resolve));
});

test('a recovery key: public is well, private does not belong here', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('x25519');
  const path = join(folder, 'recovery.pem');
  writeFileSync(path, publicKey.export({ type: 'spki', format: 'pem' }));
  expect(await look({ 'recovery.public_key_file': path })).toMatchObject({ 'recovery key': 'ok' });
  writeFileSync(path, privateKey.export({ type: 'pkcs8', format: 'pem' }));
  expect(await look({ 'recovery.public_key_file': path })).toMatchObject({ 'recovery key': 'fail' });
});

test('a roster that cannot be used', async () => {
  writeFileSync(join(folder, 'roster.yaml'), 'people: 3\n');
  expect(await look({ 'schedule_two.roster_file': join(folder, 'roster.yaml') })).toMatchObject({ roster: 'fail' });
});
