import { expect, test } from 'vitest';
import { storageChecks } from '../../../src/health/checks/storage.ts';
import type { StorageFacts } from '../../../src/health/sources.ts';
import { GOOD_STORAGE, snapshotOf } from '../facts.ts';

const find = (part: Partial<StorageFacts>, name: string) =>
  storageChecks(snapshotOf({ storage: () => ({ ...GOOD_STORAGE, ...part }) })).find((check) => check.name === name);

test.each([
  ['CLOSED', 'pass', undefined],
  ['HALF_OPEN', 'warn', 'little by little'],
  ['OPEN', 'warn', 'Only controlled substances are taken'],
  ['RESERVE', 'fail', 'Only Schedule II is taken'],
  ['FULL', 'fail', 'Nothing more fits'],
] as const)('%s is %s', (level, status, says) => {
  const check = find({ level, utilisation: 0.83 }, 'storage:utilisation');
  expect(check).toMatchObject({ status, observedValue: 83 });
  if (says === undefined) expect(check?.output).toBeUndefined();
  else expect(check?.output).toContain(says);
});

test('says what is short and what makes room there', () => {
  expect(find({ level: 'OPEN', utilisation: 0.9, by: 'trail_disk' }, 'storage:utilisation')?.output).toMatch(
    /^The trail’s partition is 90 % full\. .*Restore the link/,
  );
  expect(find({ level: 'FULL', utilisation: 1, by: 'records' }, 'storage:utilisation')?.output).toContain(
    'max_records',
  );
});

test('a forecast under a day is a warning', () => {
  expect(find({ fullInMs: 3_600_000 }, 'storage:timeToFull')).toMatchObject({
    observedValue: 3600,
    status: 'warn',
    output: expect.stringContaining('no room in 60 min'),
  });
  expect(find({ fullInMs: 90_000_000 }, 'storage:timeToFull')?.status).toBe('pass');
});

test('a disk that cannot be asked is a failure', () => {
  expect(find({ isBlind: true }, 'storage:breaker')).toMatchObject({ status: 'fail', observedValue: 'CLOSED' });
});

test('the ballast: given up is a warning, not yet laid in is none', () => {
  expect(find({ ballastBytes: 0, level: 'RESERVE' }, 'storage:ballast')?.status).toBe('warn');
  expect(find({ ballastBytes: 0 }, 'storage:ballast')?.status).toBe('pass');
});

test('nothing measured, nothing said', () => {
  expect(storageChecks(snapshotOf({ storage: () => null }))).toEqual([]);
});
