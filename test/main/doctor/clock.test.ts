import { afterAll, expect, test } from 'vitest';
import { loadConfig } from '../../../src/base/config/load.ts';
import { clockFindings } from '../../../src/main/doctor/clock.ts';
import { Scene } from '../../harness/scene.ts';
import { timeServer } from '../../harness/time-server.ts';

const scene = new Scene();
afterAll(() => scene.close());

async function look(servers: readonly string[]) {
  const overrides = { 'gateway.store': '1', 'clock.ntp_servers': servers };
  return (await clockFindings(loadConfig({ env: {}, overrides }))).find(({ check }) => check === 'clock offset');
}

test('by a time server: right, ten minutes off, silent', async () => {
  expect(await look([])).toMatchObject({ status: 'unknown' });
  const server = await timeServer(scene, { utcMs: Date.now });
  expect(await look([server.name])).toMatchObject({ status: 'ok' });
  server.play = { utcMs: () => Date.now() + 600_000 };
  expect(await look([server.name])).toMatchObject({ status: 'fail', advice: expect.stringContaining('timedatectl') });
  server.play = { utcMs: Date.now, kiss: 'DENY' };
  expect(await look([server.name])).toMatchObject({ status: 'warn' });
});
