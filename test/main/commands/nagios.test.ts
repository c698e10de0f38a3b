import { expect, test } from 'vitest';
import { findingsOf } from '../../../src/health/checks/all.ts';
import type { HealthSources } from '../../../src/health/sources.ts';
import { gatewayStatus } from '../../../src/health/status.ts';
import { pluginOutput } from '../../../src/main/commands/nagios.ts';
import { snapshotOf, sourcesOf, withPending } from '../../health/facts.ts';

function outputOf(spoilt: Partial<HealthSources> = {}) {
  const snapshot = snapshotOf(spoilt);
  return pluginOutput(gatewayStatus(snapshot, findingsOf(snapshot)));
}

/** `label=value[unit];warn;crit;min;max` of the Monitoring Plugins Development Guidelines. */
const PERFDATUM = /^[a-z0-9_]+=-?\d+(\.\d+)?(s|%|B)?(;;;0(;\d+)?)?$/;

test('well: OK, 0, figures', () => {
  const { code, perfdata, text } = outputOf();
  expect(code).toBe(0);
  expect(text).toBe('OK - gw-0042 is well, mode NORMAL');
  for (const datum of perfdata.split(' ')) expect(datum).toMatch(PERFDATUM);
  expect(perfdata).toContain('commit_p99=0.009s');
  expect(perfdata).toContain('storage=12.35%;;;0;100');
});

test('late records: WARNING, 1, with what to do', () => {
  const { code, perfdata, text } = outputOf(withPending('II', 500_000));
  expect(code).toBe(1);
  expect(text).toMatch(/^WARNING - gw-0042: records:oldestPending\(II\): Record 121 has waited .* look at/);
  expect(perfdata).toContain('oldest_pending_schedule_two=500s;;;0');
});

test('danger: CRITICAL, 2, the failures first; one line without a bar', () => {
  const facts = sourcesOf().intake();
  const warning = { key: 'x', message: 'a | b\nc' };
  const { code, text } = outputOf({
    warnings: () => [warning],
    intake: () => ({ ...facts, listening: false }),
  });
  expect(code).toBe(2);
  expect(text).toMatch(/^CRITICAL - gw-0042: intake:listening: /);
  expect(text).not.toMatch(/[|\n]/);
});

test('a gateway that only starts has fewer figures, none invented', () => {
  const { code, perfdata } = outputOf({ buffer: () => null, storage: () => null, trail: () => null });
  expect(code).toBe(2);
  expect(perfdata).not.toMatch(/commit|storage|trail|null|NaN/);
});

test('a long story is cut', () => {
  const warnings = Array.from({ length: 30 }, (_, at) => ({ key: `k${at}`, message: 'x'.repeat(50) }));
  expect(outputOf({ warnings: () => warnings }).text.length).toBeLessThan(700);
});
