import { expect, test } from 'vitest';
import { archiveChecks } from '../../../src/health/checks/archive.ts';
import { archiveMetrics } from '../../../src/health/metrics/archive.ts';
import type { ArchiveFacts } from '../../../src/health/sources.ts';
import { snapshotOf } from '../facts.ts';

const GOOD: ArchiveFacts = {
  records: 12,
  bytes: 3000,
  oldestSettledMs: null,
  lastRunMs: null,
  archivedTotal: 4,
  trouble: null,
};
const of = (facts: Partial<ArchiveFacts>) => snapshotOf({ archive: () => ({ ...GOOD, ...facts }) });

test('a gateway without an archive says nothing of one', () => {
  expect(archiveChecks(snapshotOf({ archive: () => null }))).toEqual([]);
  expect(archiveMetrics(snapshotOf({ archive: () => null }))).toEqual([]);
});

test.each([
  [null, 'pass', 'ok', 0],
  ['archive_write', 'warn', 'archive_write', 1],
  ['archive_damaged', 'warn', 'archive_damaged', 1],
] as const)('trouble %s', (code, status, observedValue, metric) => {
  const facts = of(code === null ? {} : { trouble: { code, sinceMs: 0 } });
  expect(archiveChecks(facts)).toMatchObject([{ name: 'archive:run', status, observedValue }]);
  const metrics = new Map(archiveMetrics(facts).map(({ name, samples }) => [name, samples[0]?.value]));
  expect(metrics.get('archive_trouble')).toBe(metric);
  expect(metrics.get('archive_records')).toBe(12);
});
