/** A record altered with the box's own key: nothing of the file looks wrong, and still nobody is fooled. */
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { alterPending } from '../../../src/demo/checker/tamper.ts';
import { SmallStore } from './small-store.ts';

test('the newest pending record is altered; the checker names it and the gateway finds it', async () => {
  const store = await SmallStore.open();
  expect(alterPending(store.files.dataDir)).toBe(6);
  expect(store.check()).toMatchObject({
    content: false,
    altered: [6],
    problems: ['record 6 is altered: its bytes do not match their hash'],
  });
  expect(store.check({ altered: [6] })).toMatchObject({ content: true, altered: [6] });

  const buffer = await store.openBuffer();
  expect(buffer.readPending('standard', 10, 1e6)).toMatchObject({ entries: [{ sequence: 5 }] });
  await buffer.quarantine('standard', [6]);
  await buffer.close();
  expect(store.check({ altered: [6] })).toMatchObject({ content: true, counts: { quarantined: 1, pending: 1 } });
  // With everything in, the PMS must have been told why a number is missing.
  expect(store.check({ altered: [6], complete: true }).problems).toEqual([
    '1 records are not settled',
    'the PMS was not told that record 6 is quarantined',
  ]);
});

test('an alteration that was expected and is not there is a problem, too', async () => {
  const store = await SmallStore.open();
  expect(store.check({ altered: [5, 99] }).problems).toEqual([
    'record 5 was altered and looks whole',
    'record 99 was altered and is gone',
  ]);
});

test('the guard stands again afterwards', async () => {
  const store = await SmallStore.open();
  alterPending(store.files.dataDir);
  expect(() => store.inBuffer('UPDATE record SET flags = 0')).toThrow('a record is never edited');
});

test('without a pending record nothing is altered', async () => {
  const store = await SmallStore.open();
  store.inBuffer('UPDATE record SET state = 3 WHERE state = 0');
  expect(alterPending(store.files.dataDir)).toBeNull();
  const db = new Database(join(store.files.dataDir, 'buffer.db'), { readonly: true });
  expect(db.pragma('quick_check', { simple: true })).toBe('ok');
  db.close();
});
