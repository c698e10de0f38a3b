import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Ballast } from '../../src/storage/ballast.ts';

const MIB = 1024 * 1024;
let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'ballast-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test('is laid in a step at a time, of real blocks, and given up at once', () => {
  const ballast = new Ballast(directory, 2.5 * MIB);
  expect([ballast.restoreStep(), ballast.restoreStep(), ballast.restoreStep()]).toEqual([false, false, true]);
  const { blocks, mode, size } = statSync(join(directory, 'ballast'));
  expect(size).toBe(2.5 * MIB);
  expect(blocks * 512).toBeGreaterThanOrEqual(size);
  expect(mode & 0o777).toBe(0o600);
  expect(ballast.release()).toBe(true);
  expect(ballast.bytes()).toBe(0);
  expect(ballast.release()).toBe(false);
});

test('goes on where a power cut left it', () => {
  writeFileSync(join(directory, 'ballast'), Buffer.alloc(700));
  const ballast = new Ballast(directory, MIB);
  expect(ballast.restoreStep()).toBe(true);
  expect(ballast.bytes()).toBe(MIB);
});
