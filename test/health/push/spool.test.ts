import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Spool } from '../../../src/health/push/spool.ts';
import { aSummary } from './a-summary.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'counterfoil-spool-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('summaries wait by the hour, oldest first; a torn line is left out; the oldest hours go first', () => {
  const spool = new Spool(join(folder, 'push'));
  for (const at of ['2026-11-22T10:59:00.000Z', '2026-11-22T09:00:00.000Z', '2026-11-22T09:01:00.000Z']) {
    spool.add(aSummary(at));
  }
  const [first = '', second = ''] = spool.hours();
  appendFileSync(join(folder, 'push', first), '{"at_utc":"2026-11');
  expect(spool.read(first).map(({ at_utc: at }) => at)).toEqual([
    '2026-11-22T09:00:00.000Z',
    '2026-11-22T09:01:00.000Z',
  ]);
  expect(spool.trim(1)).toBe(1);
  expect(spool.hours()).toEqual([second]);
  spool.remove(second);
  expect(spool.hours()).toEqual([]);
});
