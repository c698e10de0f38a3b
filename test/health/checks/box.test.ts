import { expect, test } from 'vitest';
import { boxChecks } from '../../../src/health/checks/box.ts';
import type { HealthSources } from '../../../src/health/sources.ts';
import { snapshotOf } from '../facts.ts';

const find = (spoilt: Partial<HealthSources>, name: string) =>
  boxChecks(snapshotOf(spoilt)).find((check) => check.name === name);
const storage = (utilisation: number, fullInMs: number | null = null) => ({
  storage: () => ({ utilisation, fullInMs, freeBytes: 1000, totalBytes: 5000 }),
});

test('space: a warning where the breaker opens, a failure where only Schedule II is taken', () => {
  expect(find(storage(0.7999), 'storage:utilisation')).toMatchObject({ observedValue: 80, status: 'pass' });
  expect(find(storage(0.8), 'storage:utilisation')?.status).toBe('warn');
  expect(find(storage(0.95), 'storage:utilisation')?.status).toBe('fail');
});

test('a forecast under a day is a warning', () => {
  expect(find(storage(0.1, 3_600_000), 'storage:timeToFull')).toMatchObject({
    observedValue: 3600,
    status: 'warn',
    output: expect.stringContaining('full in 60 min'),
  });
  expect(find(storage(0.1, 90_000_000), 'storage:timeToFull')?.status).toBe('pass');
  expect(find({ storage: () => null }, 'storage:timeToFull')).toBeUndefined();
});

test('weak settings are shown for as long as they stand', () => {
  const warnings = () => [{ key: 'mqtt.listen.0.allow_plain', message: 'Lanes use it without TLS.' }];
  expect(find({ warnings }, 'configuration:setting')).toMatchObject({
    componentId: 'mqtt.listen.0.allow_plain',
    status: 'warn',
    output: 'Lanes use it without TLS.',
  });
});
