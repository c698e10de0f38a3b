import { expect, test } from 'vitest';
import { archiveChecks } from '../../../src/health/checks/archive.ts';
import { archiveMetrics } from '../../../src/health/metrics/archive.ts';
import type { ArchiveFacts } from '../../../src/health/sources.ts';
import type { UploadFacts } from '../../../src/health/upload-facts.ts';
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

const UPLOADS: UploadFacts = {
  waitingFiles: 3,
  waitingBytes: 900,
  oldestMs: null,
  uploadedTotal: 7,
  lastStoredMs: null,
  fault: null,
};
const HOUR_MS = 3600 * 1000;

test.each([
  ['nothing wrong', {}, 'pass', 'ok', 0],
  ['a fault', { fault: { code: 'no_bucket', message: 'no', hint: 'Look.', sinceMs: 0 } }, 'warn', 'no_bucket', 1],
  ['a file that waits for three days', { oldestMs: -72 * HOUR_MS }, 'warn', 'late', 0],
] as const)('uploads with %s', (_, facts, status, observedValue, metric) => {
  const { nowMs } = snapshotOf({});
  const oldestMs = 'oldestMs' in facts ? nowMs + facts.oldestMs : null;
  const snapshot = snapshotOf({ uploads: () => ({ ...UPLOADS, ...facts, oldestMs }) });
  expect(archiveChecks(snapshot)).toMatchObject([{ name: 'archive:upload', status, observedValue }]);
  const metrics = new Map(archiveMetrics(snapshot).map(({ name, samples }) => [name, samples[0]?.value]));
  expect(metrics.get('upload_trouble')).toBe(metric);
  expect(metrics.get('upload_waiting_files')).toBe(3);
});
