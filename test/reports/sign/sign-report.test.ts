import { execFileSync, spawnSync } from 'node:child_process';
import { hash, randomBytes, type X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verifyCms } from '../../../src/reports/sign/cms-verify.ts';
import { CERTIFICATES_FILE, openOwnKey } from '../../../src/reports/sign/identity.ts';
import { attachmentOf } from '../../../src/reports/sign/pdf.ts';
import { verifyPdf } from '../../../src/reports/sign/pdf-verify.ts';
import { type ReportKey, readCertificates } from '../../../src/reports/sign/report-key.ts';
import { reportSigner } from '../../../src/reports/sign/sign-report.ts';
import { FAKETIME, missing } from '../../harness/programs.ts';
import { smallReport } from '../small-report.ts';

/** Long before the key's certificate: the signature is then as of its first second. */
const EARLY_MS = Date.UTC(2026, 10, 24, 5);
const NOW_MS = Date.now();
const ABOUT = { gatewayId: 'gw-0042', nowMs: NOW_MS, random: randomBytes };
const folder = mkdtempSync(join(tmpdir(), 'counterfoil-sign-'));
const own = join(folder, 'own');
let key: ReportKey;
let root: X509Certificate;
let files: Map<string, Buffer>;

beforeAll(async () => {
  key = await openOwnKey(own, ABOUT);
  const [, last] = key.certificates;
  if (last === undefined) throw new Error('no root');
  root = last;
  files = await signed(key);
  for (const [name, bytes] of files) writeFileSync(join(folder, name), bytes);
  writeFileSync(join(folder, 'root.pem'), root.toString());
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function signed(by: ReportKey, atMs = EARLY_MS): Promise<Map<string, Buffer>> {
  const { files: made } = await reportSigner(by).sign(await smallReport(), atMs);
  return new Map(made.map(({ name, bytes }) => [name, bytes]));
}

const file = (name: string): Buffer => files.get(name) ?? Buffer.alloc(0);

/** Whether a reader who trusts the root takes the bytes for the report. */
function holds(pdf: Buffer): boolean {
  const { fault, signatures } = verifyPdf(pdf, [root]);
  return fault === null && signatures.every((each) => each.fault === null && each.distrust === null);
}

test('the key is made once, for its owner only, with a certificate for signing documents', async () => {
  expect(statSync(own).mode & 0o777).toBe(0o700);
  expect(statSync(join(own, 'key.pem')).mode & 0o777).toBe(0o600);
  const again = await openOwnKey(own, ABOUT);
  expect(again.certificates.map(({ fingerprint256 }) => fingerprint256)).toEqual(
    key.certificates.map(({ fingerprint256 }) => fingerprint256),
  );
  const [leaf] = readCertificates(readFileSync(join(own, CERTIFICATES_FILE), 'utf8'));
  expect(leaf).toMatchObject({ ca: false, keyUsage: ['1.3.6.1.5.5.7.3.4', '1.3.6.1.5.5.7.3.36'] });
});

test('two processes that make a key at once end with the same one', async () => {
  const place = join(folder, 'raced');
  const both = await Promise.all([openOwnKey(place, ABOUT), openOwnKey(place, ABOUT)]);
  const [one, other] = both.map(({ certificates }) => certificates[0]?.fingerprint256);
  expect(one).toBe(other);
});

test('a report signed again is the same bytes, and begins with the PDF that was rendered', async () => {
  expect(await signed(key)).toEqual(files);
  const { pdf } = await smallReport();
  expect(file('report.pdf').subarray(0, pdf.length).equals(pdf)).toBe(true);
});

test.skipIf(missing('faketime'))(
  'signed in another zone, language, year and process it is the same bytes',
  async () => {
    const atMs = NOW_MS + 60_000;
    const here = [...(await signed(key, atMs))]
      .map(([name, bytes]) => `${name} ${hash('sha256', bytes, 'hex')}\n`)
      .join('');
    const env = {
      ...process.env,
      TZ: 'Asia/Kathmandu',
      LC_ALL: 'de_DE.UTF-8',
      LD_PRELOAD: FAKETIME,
      FAKETIME: '@2031-05-01 03:04:05',
    };
    const script = join(import.meta.dirname, '../../harness/sign-small.ts');
    expect(execFileSync(process.execPath, [script, own, String(atMs)], { env, encoding: 'utf8' })).toBe(here);
  },
);

test('the PDF carries its figures', async () => {
  expect(await attachmentOf(file('report.pdf'), 'figures.json')).toEqual(file('figures.json'));
  expect(await attachmentOf(file('report.pdf'), 'nothing.json')).toBeNull();
});

test('a report about a time before the key is signed as of its first second', () => {
  expect(verifyPdf(file('report.pdf'), [root]).signatures[0]?.signedAtMs).toBe(Math.floor(NOW_MS / 1000) * 1000);
});

describe('what is changed is found', () => {
  test('any byte of the PDF', () => {
    const pdf = file('report.pdf');
    expect(holds(pdf)).toBe(true);
    const missed: number[] = [];
    // Every byte of the last 256, and each 47th before: the long hole of the signature is mostly zeros.
    for (let at = 0; at < pdf.length; at += at > pdf.length - 256 ? 1 : 47) {
      const changed = Buffer.from(pdf);
      changed[at] = (changed[at] ?? 0) ^ 1;
      if (holds(changed)) missed.push(at);
    }
    expect(missed).toEqual([]);
  });

  test('bytes behind it, bytes taken away, nothing signed', () => {
    const pdf = file('report.pdf');
    expect(verifyPdf(Buffer.concat([pdf, Buffer.from('\n% more\n')]), [root]).fault).toContain('8 bytes were added');
    expect(holds(pdf.subarray(0, -1))).toBe(false);
    expect(verifyPdf(Buffer.from('%PDF-1.7\n'), [root]).fault).toBe('there is no signature in it');
  });

  test('a page with the signature of another', () => {
    const good = verifyCms(file('report.html'), file('report.html.p7s'), [root]);
    expect(good).toMatchObject({ fault: null, distrust: null, signer: 'Reports of gw-0042' });
    const other = verifyCms(file('figures.json'), file('report.html.p7s'), [root]);
    expect(other.fault).toBe('the bytes are not those that were signed');
    expect(verifyCms(file('report.html'), Buffer.from('nonsense'), [root]).fault).toBe('the signature cannot be read');
  });

  test('a signature of somebody else', async () => {
    const stranger = await openOwnKey(join(folder, 'stranger'), ABOUT);
    const theirs = (await signed(stranger)).get('report.pdf') ?? Buffer.alloc(0);
    const [finding] = verifyPdf(theirs, [root]).signatures;
    expect(finding).toMatchObject({ fault: null, distrust: expect.stringContaining('not issued by an authority') });
  });
});

describe.skipIf(missing('pdfsig', 'openssl'))('others agree', () => {
  const run = (command: string, ...args: string[]) => execFileSync(command, args, { cwd: folder, encoding: 'utf8' });

  test('pdfsig: valid, trusted, total document; a changed byte is a mismatch', () => {
    mkdirSync(join(folder, 'nss'));
    run('certutil', '-N', '-d', 'sql:nss', '--empty-password');
    run('certutil', '-A', '-d', 'sql:nss', '-n', 'root', '-t', 'C,C,C', '-i', 'root.pem');
    const said = run('pdfsig', '-nssdir', 'nss', 'report.pdf');
    expect(said).toContain('Signature Type: ETSI.CAdES.detached');
    expect(said).toContain('Total document signed');
    expect(said).toContain('Signature is Valid.');
    expect(said).toContain('Certificate is Trusted.');
    const changed = Buffer.from(file('report.pdf'));
    const at = changed.indexOf('/MediaBox [0 0 612') + 15;
    changed[at] = '7'.charCodeAt(0);
    writeFileSync(join(folder, 'changed.pdf'), changed);
    expect(spawnSync('pdfsig', ['-nssdir', 'nss', 'changed.pdf'], { cwd: folder }).stdout.toString()).toContain(
      'Digest Mismatch',
    );
  });

  test.each(['report.html', 'figures.json'])('openssl cms: %s', (name) => {
    const verify = (content: string) =>
      spawnSync(
        'openssl',
        `cms -verify -cades -binary -inform DER -in ${name}.p7s -content ${content} -CAfile root.pem -out out`.split(
          ' ',
        ),
        { cwd: folder, encoding: 'utf8' },
      );
    expect(verify(name)).toMatchObject({ status: 0, stderr: expect.stringContaining('Verification successful') });
    expect(verify('root.pem').status).not.toBe(0);
  });
});
