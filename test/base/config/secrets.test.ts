import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readSecret, readSecretFile } from '../../../src/base/config/secrets.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'counterfoil-secret-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function secret(name: string, text: string, mode = 0o600): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  chmodSync(file, mode);
  return file;
}

test('reads the secret without the line end an editor left', () => {
  expect(readSecretFile(secret('a', 's3cret\n'))).toBe('s3cret');
  expect(readSecretFile(secret('b', 's3cret\r\n', 0o640))).toBe('s3cret');
  expect(readSecretFile(secret('c', ' two\nlines ', 0o400))).toBe(' two\nlines ');
});

test.each([0o604, 0o602, 0o601, 0o644])('refuses mode %o', (mode) => {
  const file = secret('open', 's3cret', mode);
  expect(() => readSecretFile(file)).toThrow(
    expect.objectContaining({ code: 'config_unreadable', hint: `run: chmod 0600 ${file}` }),
  );
});

test('refuses what is missing, empty, too large or no file, and never says what is in it', () => {
  const huge = 's3cret'.repeat(20_000);
  for (const path of [join(folder, 'none'), secret('empty', '\n'), secret('huge', huge), folder]) {
    expect(() => readSecretFile(path)).toThrow(expect.objectContaining({ code: 'config_unreadable' }));
    expect(() => readSecretFile(path)).not.toThrow(/s3cret/);
  }
});

test('the key names the file, else systemd has it, else there is none', () => {
  const env = { CREDENTIALS_DIRECTORY: folder };
  secret('pms_token', 'from systemd');
  expect(readSecret(secret('own', 'from the file'), 'pms_token', env)).toBe('from the file');
  expect(readSecret(null, 'pms_token', env)).toBe('from systemd');
  expect(readSecret(null, 'other', env)).toBeNull();
  expect(readSecret(null, 'pms_token', {})).toBeNull();
  secret('exposed', 'x', 0o644);
  expect(() => readSecret(null, 'exposed', env)).toThrow(/open to every user/);
});
