import { expect, test } from 'vitest';
import { mirrorChecks } from '../../../src/health/checks/mirror.ts';
import { mirrorMetrics } from '../../../src/health/metrics/mirror.ts';
import type { MirrorFacts } from '../../../src/health/mirror-facts.ts';
import { snapshotOf } from '../facts.ts';

const good: MirrorFacts = { directory: '/mnt/mirror', lagMs: 300, lagRecords: 2, fault: null };
const lagOf = (mirror: MirrorFacts) =>
  mirrorChecks(snapshotOf({ mirror: () => mirror })).find(({ name }) => name === 'mirror:lag');

test('a moment behind is well; a fault or a minute is a warning that says what to do', () => {
  expect(lagOf(good)).toMatchObject({ status: 'pass', observedValue: 0.3 });
  expect(lagOf({ ...good, lagMs: 61_000 })).toMatchObject({ status: 'warn', output: expect.stringContaining('61 s') });
  const fault = { code: 'storage_full', message: 'it is full', hint: 'Make room there.' };
  expect(lagOf({ ...good, fault })).toMatchObject({ status: 'warn', output: expect.stringContaining('Make room') });
});

test('without a medium nothing is said', () => {
  expect(mirrorMetrics(snapshotOf())).toEqual([]);
});
