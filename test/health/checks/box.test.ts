import { expect, test } from 'vitest';
import { boxChecks } from '../../../src/health/checks/box.ts';
import type { HealthSources } from '../../../src/health/sources.ts';
import { snapshotOf } from '../facts.ts';

const find = (spoilt: Partial<HealthSources>, name: string) =>
  boxChecks(snapshotOf(spoilt)).find((check) => check.name === name);

test('weak settings are shown for as long as they stand', () => {
  const warnings = () => [{ key: 'mqtt.listen.0.allow_plain', message: 'Lanes use it without TLS.' }];
  expect(find({ warnings }, 'configuration:setting')).toMatchObject({
    componentId: 'mqtt.listen.0.allow_plain',
    status: 'warn',
    output: 'Lanes use it without TLS.',
  });
});
