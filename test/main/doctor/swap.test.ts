import { expect, test } from 'vitest';
import { swapFindings } from '../../../src/main/doctor/swap.ts';

const HEAD = 'Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n';
const look = (entries: string, safe: readonly string[] = []) =>
  swapFindings({ swaps: () => HEAD + entries, isSafe: (path) => safe.includes(path) });

test('no swap, and swap that nobody can read, are well', () => {
  expect(look('')).toMatchObject([{ status: 'ok', seen: 'none' }]);
  expect(look('/dev/dm-1 partition 1000 0 -2\n', ['/dev/dm-1'])).toMatchObject([{ status: 'ok' }]);
});

test('one that is not encrypted is named, beside one that is', () => {
  const both = '/dev/dm-1 partition 1000 0 -2\n/swapfile file 1000 0 -3\n';
  expect(look(both, ['/dev/dm-1'])).toMatchObject([{ status: 'warn', seen: 'not encrypted: /swapfile' }]);
});
