import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadConfig } from '../../../src/base/config/load.ts';
import { fileFindings } from '../../../src/main/doctor/files.ts';
import { hasOpenssl, selfSigned } from '../../harness/self-signed.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'counterfoil-files-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const look = (overrides: object, nowMs = Date.now()) =>
  fileFindings(loadConfig({ env: {}, overrides: { 'gateway.store': '1', ...overrides } }), nowMs);

test('a secret that is missing, open, or well', () => {
  const token = join(folder, 'token');
  expect(look({ 'pms.token_file': token })).toMatchObject([{ check: 'pms.token_file', status: 'fail' }]);
  writeFileSync(token, 'secret\n');
  chmodSync(token, 0o644);
  expect(look({ 'pms.token_file': token })).toMatchObject([
    { status: 'fail', advice: expect.stringContaining('chmod') },
  ]);
  chmodSync(token, 0o600);
  const [finding] = look({ 'pms.token_file': token });
  expect(finding?.status).toBe('ok');
  expect(JSON.stringify(finding)).not.toContain('secret');
});

describe.skipIf(!hasOpenssl())('a certificate', () => {
  test('good, near its end, over, and with a key that is another one’s', () => {
    selfSigned(folder, 'a');
    selfSigned(folder, 'b');
    const [cert, key, otherKey] = [join(folder, 'a.crt'), join(folder, 'a.key'), join(folder, 'b.key')];
    chmodSync(key, 0o600);
    chmodSync(otherKey, 0o600);
    const http = { 'http.url': 'https://127.0.0.1:0', 'http.cert_file': cert, 'http.key_file': key };
    const day = 86_400_000;
    const madeMs = Date.now();
    expect(look(http, madeMs - 30 * day)).toMatchObject([
      { status: 'fail', seen: expect.stringContaining('not valid yet') },
    ]);
    expect(look(http, madeMs + day / 2)).toMatchObject([{ check: 'http certificate', status: 'warn' }]);
    expect(look(http, madeMs + 3 * day)).toMatchObject([{ status: 'fail', seen: expect.stringContaining('ended') }]);
    expect(look({ ...http, 'http.key_file': otherKey })).toMatchObject([{ status: 'fail' }]);
  });
});
