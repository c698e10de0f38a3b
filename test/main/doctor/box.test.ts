import { expect, test } from 'vitest';
import { boxFindings, SYSTEM_BOX } from '../../../src/main/doctor/box.ts';

const status = (sources: Partial<typeof SYSTEM_BOX>, production = false) =>
  Object.fromEntries(
    boxFindings({ ...SYSTEM_BOX, ...sources }, production).map(({ check, status: word }) => [check, word]),
  );

test('this box runs these tests, so it is fit', () => {
  expect(status({})).toMatchObject({ node: 'ok', libatomic: 'ok' });
});

test('an old Node.js, a missing library, root in production', () => {
  expect(status({ node: '20.11.0' }).node).toBe('fail');
  expect(status({ node: '24.12.0' }).node).toBe('ok');
  expect(status({ maps: () => '', libraryFolders: ['/nonexistent'] }).libatomic).toBe('warn');
  expect(status({ userId: 0 }, true).user).toBe('warn');
  expect(status({ userId: 990 }, true).user).toBe('ok');
});
