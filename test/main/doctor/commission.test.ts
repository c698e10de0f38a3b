import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadConfig } from '../../../src/base/config/load.ts';
import { commissionFindings, honesty } from '../../../src/main/doctor/commission.ts';
import { SYSTEM_PLACES } from '../../../src/main/doctor/places.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'counterfoil-commission-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('the disk is measured, and nothing is left', () => {
  const config = loadConfig({ env: {}, overrides: { 'gateway.store': '1', data_dir: join(folder, 'data') } });
  const told: number[] = [];
  const findings = commissionFindings(config, SYSTEM_PLACES, (done) => told.push(done));
  expect(findings.map(({ check }) => check)).toEqual(['fsync', 'write speed', 'watchdog']);
  expect(told.length).toBeGreaterThan(100);
  expect(readdirSync(folder)).toEqual([]);
});

test.each([
  [0.002, { rotational: false, cache: 'write back' }, 'warn'],
  [0.4, { rotational: false, cache: 'write through' }, 'ok'],
  [0.4, { rotational: true, cache: 'write back' }, 'warn'],
  [8, { rotational: true, cache: null }, 'ok'],
  [0.002, null, 'warn'],
] as const)('fsync in %d ms on %j: %s', (ms, device, status) => {
  expect(honesty([ms, ms, ms], device).status).toBe(status);
});
