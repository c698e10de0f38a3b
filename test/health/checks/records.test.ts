import { expect, test } from 'vitest';
import { recordChecks } from '../../../src/health/checks/records.ts';
import type { State } from '../../../src/record/types.ts';
import { bufferWith, GOOD_BUFFER, snapshotOf, withPending } from '../facts.ts';

const find = (spoilt: Parameters<typeof snapshotOf>[0], name: string, componentId?: string) =>
  recordChecks(snapshotOf(spoilt)).find((check) => check.name === name && check.componentId === componentId);

test('the oldest pending record of each schedule, late after the limit', () => {
  expect(find(withPending('II', 120_000), 'records:oldestPending', 'II')).toMatchObject({
    observedValue: 120,
    observedUnit: 's',
    status: 'pass',
  });
  expect(find(withPending('II', 120_001), 'records:oldestPending', 'II')).toMatchObject({
    status: 'warn',
    output: expect.stringMatching(/^Record 121 has waited for the PMS for 2 min/),
  });
  expect(find({}, 'records:oldestPending', 'II')).toBeUndefined();
});

test('a record of an earlier boot is late at once, and its age a lower bound', () => {
  expect(find(withPending('NONE', 3000, false), 'records:oldestPending', 'NONE')).toMatchObject({
    status: 'warn',
    output: expect.stringContaining('for at least 3 s'),
  });
});

test('Schedule II near its limit', () => {
  const withDepth = (PENDING: number) => bufferWith({ counts: { ...GOOD_BUFFER.counts, II: { PENDING } } });
  expect(find(withDepth(799), 'records:pending', 'II')?.status).toBe('pass');
  expect(find(withDepth(800), 'records:pending', 'II')?.status).toBe('warn');
});

test.each([
  ['REJECTED', 'records:rejected'],
  ['SET_ASIDE', 'records:setAside'],
  ['QUARANTINED', 'records:quarantined'],
  ['HELD', 'records:held'],
] as const)('%s is shown until a person ends it', (state: State, name) => {
  const some = bufferWith({ counts: { ...GOOD_BUFFER.counts, III: { [state]: 2 } } });
  expect(find(some, name)).toMatchObject({
    observedValue: 2,
    status: 'warn',
    output: expect.stringMatching(new RegExp(`^2 waiting for a person.*review list --state ${state}$`)),
  });
  expect(find({}, name)).toMatchObject({ observedValue: 0, status: 'pass' });
});

test('so are publishes that became no record', () => {
  const some = bufferWith({ refusedOpen: 1, conflictOpen: 3 });
  expect(find(some, 'records:refused')).toMatchObject({ observedValue: 1, status: 'warn' });
  expect(find(some, 'records:conflict')).toMatchObject({ observedValue: 3, status: 'warn' });
});

test('without buffer nothing is claimed', () => {
  expect(recordChecks(snapshotOf({ buffer: () => null }))).toEqual([]);
});
