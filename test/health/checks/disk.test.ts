import { expect, test } from 'vitest';
import { diskChecks } from '../../../src/health/checks/disk.ts';
import type { DiskFacts } from '../../../src/health/sources.ts';
import { GOOD_DISK, snapshotOf } from '../facts.ts';

const find = (part: Partial<DiskFacts>, name: string) =>
  diskChecks(snapshotOf({ disk: () => ({ ...GOOD_DISK, ...part }) })).find((check) => check.name === name);

const worn = (usedPercent: number | null, isFailing = false) => ({ usedPercent, isFailing, temperatureC: null });

test('a disk in good health passes everywhere, and so does one that tells nothing', () => {
  const silent = { wear: null, writtenPerDayBytes: null, daysLeft: null, boxTemperatureC: null };
  for (const part of [{}, silent]) {
    const checks = diskChecks(snapshotOf({ disk: () => ({ ...GOOD_DISK, ...part }) }));
    expect(checks.map(({ name, status }) => `${name} ${status}`)).toEqual([
      'disk:readOnly pass',
      'disk:wear pass',
      'disk:written pass',
      'box:temperature pass',
    ]);
  }
});

test('a read-only partition is a failure that names it', () => {
  expect(find({ readOnly: ['trail'] }, 'disk:readOnly')).toMatchObject({ status: 'fail', observedValue: 1 });
  expect(find({ readOnly: ['data', 'trail'] }, 'disk:readOnly')?.output).toContain(
    "the data partition and the trail's partition read-only",
  );
});

test('wear warns from 80 %, and a disk that says it is failing fails', () => {
  expect(find({ wear: worn(79) }, 'disk:wear')?.status).toBe('pass');
  expect(find({ wear: worn(80) }, 'disk:wear')).toMatchObject({ status: 'warn', observedValue: 80 });
  expect(find({ wear: worn(12, true) }, 'disk:wear')).toMatchObject({ status: 'fail' });
});

test.each([
  ['missing', 'is not there'],
  ['stale', 'older than two days'],
  ['unreadable', 'no report of smartctl'],
] as const)('a report that is %s warns: nobody watches the wear', (smartReport, says) => {
  const check = find({ smartReport, wear: null }, 'disk:wear');
  expect(check?.status).toBe('warn');
  expect(check?.output).toContain(says);
});

test('less than a year of life, and a hot box, warn', () => {
  expect(find({ daysLeft: 364.9 }, 'disk:written')?.output).toContain('in 364 days');
  expect(find({ daysLeft: 365 }, 'disk:written')?.status).toBe('pass');
  expect(find({ boxTemperatureC: 80 }, 'box:temperature')?.status).toBe('warn');
  expect(find({ boxTemperatureC: 79.9 }, 'box:temperature')?.status).toBe('pass');
});
