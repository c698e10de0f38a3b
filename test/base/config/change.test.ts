import { expect, test } from 'vitest';
import { changeOf, LIVE_SETTINGS, waitingWarning } from '../../../src/base/config/change.ts';
import { loadConfigFully } from '../../../src/base/config/load.ts';
import { configSchema } from '../../../src/base/config/schema.ts';

const load = (overrides: Record<string, unknown> = {}) =>
  loadConfigFully({ env: {}, overrides: { 'gateway.store': '0042', ...overrides } });

test('what can be taken over is; what cannot stays as it is, and each is named', () => {
  const now = load();
  const next = load({ 'fallback.dwell_seconds': 9, 'http.url': 'http://127.0.0.1:9999', 'sync.batch_size': 7 });
  const { applied, inForce, waiting } = changeOf(now, next);
  expect(applied).toEqual(['sync.batch_size', 'fallback.dwell_seconds']);
  expect(waiting).toEqual(['http.url']);
  expect(inForce.config.fallback.dwellSeconds).toBe(9);
  expect(inForce.config.http.url).toBe('http://127.0.0.1:8080');
  expect([inForce.originOf(['sync', 'batch_size']), inForce.originOf(['http', 'url'])]).toEqual([
    'command line',
    'default',
  ]);
});

test('a list is one setting, and a weak setting that waits is no warning yet', () => {
  const next = load({ 'mqtt.listen': [{ url: 'mqtt://0.0.0.0:1883', allow_plain: true }] });
  expect(next.warnings).toHaveLength(1);
  const { inForce, waiting } = changeOf(load(), next);
  expect(waiting).toEqual(['mqtt.listen']);
  expect(inForce.warnings).toEqual([]);
  expect(waitingWarning(waiting)?.message).toMatch(/mqtt\.listen.*Restart/);
  expect(waitingWarning([])).toBeNull();
});

test('a value that is taken back is in force again, and nothing waits', () => {
  const first = changeOf(load(), load({ 'fallback.dwell_seconds': 9, 'gateway.name': 'North' }));
  const back = changeOf(first.inForce, load());
  expect(back).toMatchObject({ applied: ['fallback.dwell_seconds'], waiting: [] });
});

test('each setting that is said to be live is one', () => {
  const tree = configSchema.parse({ gateway: { store: '0042' } });
  for (const name of LIVE_SETTINGS) {
    const value = name.split('.').reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], tree);
    expect(value, name).toBeDefined();
  }
});
