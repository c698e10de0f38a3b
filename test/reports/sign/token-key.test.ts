import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openReportKey } from '../../../src/reports/sign/report-key.ts';
import { reportSigner } from '../../../src/reports/sign/sign-report.ts';
import { openTokenKey, type TokenPlace } from '../../../src/reports/sign/token-key.ts';
import { missing, SOFTHSM_MODULE } from '../../harness/programs.ts';
import { smallReport } from '../small-report.ts';

const AT_MS = Date.UTC(2030, 0, 2);

describe.skipIf(missing('softhsm', 'openssl'))('a key in a PKCS #11 token', () => {
  const folder = mkdtempSync(join(tmpdir(), 'counterfoil-token-'));
  const at = (name: string) => join(folder, name);
  const run = (command: string, ...args: string[]) => execFileSync(command, args, { cwd: folder, stdio: 'ignore' });
  const readText = (name: string) => readFileSync(at(name), 'utf8');
  const place: TokenPlace = {
    module: SOFTHSM_MODULE,
    token: 'reports',
    key: 'seal of reports',
    pinFile: at('pin'),
    refusedFile: at('pin-refused'),
  };

  beforeAll(() => {
    mkdirSync(at('tokens'));
    writeFileSync(at('softhsm.conf'), `directories.tokendir = ${at('tokens')}\nobjectstore.backend = file\n`);
    process.env.SOFTHSM2_CONF = at('softhsm.conf');
    for (const name of ['signer', 'other']) {
      const files = ['-keyout', at(`${name}.key`), '-out', at(`${name}.pem`)];
      const ask = `req -x509 -newkey rsa:2048 -nodes -subj /CN=${name} -addext extendedKeyUsage=emailProtection`;
      run('openssl', ...ask.split(' '), ...files);
    }
    const token = ['--token', 'reports', '--pin', '4711'];
    run('softhsm2-util', '--init-token', '--free', '--label', 'reports', '--so-pin', '12345678', '--pin', '4711');
    run('softhsm2-util', '--import', at('signer.key'), '--label', 'seal of reports', '--id', '0a', ...token);
    writeFileSync(at('pin'), '4711\n', { mode: 0o600 });
  });
  afterAll(() => {
    delete process.env.SOFTHSM2_CONF;
    rmSync(folder, { recursive: true, force: true });
  });

  test('signs the same bytes as the same key in a file', async () => {
    const report = await smallReport();
    const byToken = await reportSigner(openTokenKey(place, readText('signer.pem'))).sign(report, AT_MS);
    const byFile = await reportSigner(openReportKey(readText('signer.key'), readText('signer.pem'))).sign(
      report,
      AT_MS,
    );
    expect(byToken.files).toEqual(byFile.files);
  });

  const refused = async (changes: Partial<TokenPlace>, certificate = 'signer.pem') => {
    const key = openTokenKey({ ...place, ...changes }, readText(certificate));
    return await key.sign(Buffer.from('data')).then(
      () => 'signed',
      (error: unknown) => (error instanceof Error ? error.message : ''),
    );
  };

  test('what cannot sign is told in words', async () => {
    expect(await refused({ module: at('nothing.so') })).toContain('module is not there');
    expect(await refused({ token: 'another' })).toContain('token is not there');
    expect(await refused({}, 'other.pem')).toContain('another key than that of the certificate');
    expect(await refused({ pinFile: at('nothing') })).toContain('cannot open');
  });

  test('a wrong PIN is tried once, until its file changes: tokens lock', async () => {
    writeFileSync(at('wrong'), '1234\n', { mode: 0o600 });
    const wrong = { pinFile: at('wrong') };
    expect(await refused(wrong)).toContain('has refused the PIN');
    // Asking again would reach the token, and this one does not exist: it is not asked.
    expect(await refused({ ...wrong, token: 'another' })).toContain('has refused the PIN');
    writeFileSync(at('wrong'), '4711\n\n', { mode: 0o600 });
    writeFileSync(at('wrong'), '4711\n', { mode: 0o600 });
    expect(await refused(wrong)).toBe('signed');
  });
});
