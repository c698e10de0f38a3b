import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { CounterfoilError } from '../../src/base/errors.ts';
import { readPrivate } from '../../src/base/private-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'private-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const unusable = (message: string, hint = 'Put it right.') => new CounterfoilError('people_unusable', message, hint);

it('reads what is its owner’s alone, and nothing where there is none', () => {
  const path = join(folder, 'a');
  expect(readPrivate(path, unusable)).toBeNull();
  writeFileSync(path, 'text', { mode: 0o600 });
  expect(readPrivate(path, unusable)).toBe('text');
});

it.each([0o640, 0o604, 0o644])('refuses one that others may read (mode %o) and says what to do', (mode) => {
  const path = join(folder, 'a');
  writeFileSync(path, 'text');
  chmodSync(path, mode);
  const refused = expect.objectContaining({
    message: expect.stringContaining('is open to others'),
    hint: expect.stringContaining('chmod 600'),
  });
  expect(() => readPrivate(path, unusable)).toThrow(refused);
});

it('says that a folder is no file', () => {
  expect(() => readPrivate(folder, unusable)).toThrow();
});
