import { appendFileSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { plainKeeper } from '../../src/archive/keeper.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'counterfoil-keeper-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const NAME = { stream: 'schedule_two', month: '2026-11', part: 12 } as const;

it('makes files for its own user, leaves what is in them, and removes them once', async () => {
  const keeper = plainKeeper(join(folder, 'trail/archive'));
  const { path, bytes } = await keeper.prepare(NAME);
  expect(path).toBe(join(folder, 'trail/archive/schedule_two/2026-11.0012.cfa'));
  expect(bytes).toBe(0);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  appendFileSync(path, 'frame');
  expect(await keeper.prepare(NAME)).toEqual({ path, bytes: 5, isSealed: false });
  await keeper.seal(NAME);
  await keeper.remove(NAME);
  await keeper.remove(NAME);
  expect(existsSync(path)).toBe(false);
});
