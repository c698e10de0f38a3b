import { expect, test } from 'vitest';
import { loadConfigFully } from '../../../src/base/config/load.ts';
import { Settings } from '../../../src/base/config/settings.ts';

const load = (overrides: Record<string, unknown>) =>
  loadConfigFully({ env: {}, overrides: { 'gateway.store': '0042', ...overrides } });

test('whoever holds the configuration sees what is in force, and health what waits', () => {
  const settings = new Settings(load({}));
  const { config } = settings;
  const { applied } = settings.take(load({ 'retention.buffer_days': 3, data_dir: './elsewhere' }));
  expect(applied).toEqual(['retention.buffer_days']);
  expect(config.retention.bufferDays).toBe(3);
  expect(config.dataDir).toMatch(/\/data$/);
  expect(settings.waiting).toEqual(['data_dir', 'trail_dir']);
  expect(settings.warnings()).toMatchObject([{ key: 'restart', message: expect.stringContaining('data_dir') }]);
  settings.take(load({}));
  expect(settings.warnings()).toEqual([]);
});
