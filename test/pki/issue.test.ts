/** Certificates, as openssl sees them. */
import { createPublicKey, randomBytes, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { issue, makeAuthority, type Profile } from '../../src/pki/issue.ts';
import { type KeyKind, keyToPem, makeKey } from '../../src/pki/keys.ts';
import { hasOpenssl } from '../harness/self-signed.ts';
import { authority, DAY_MS, NOW_MS, openssl, scratch } from './openssl.ts';

const VALIDITY = { fromMs: NOW_MS, untilMs: NOW_MS + 365 * DAY_MS };
const AT = ['-attime', String(NOW_MS / 1000 + 60)];

async function issued(profile: Profile, kind: KeyKind = 'p256', altNames: readonly string[] = []) {
  const file = scratch();
  const ca = await authority();
  const key = await makeKey(kind);
  const made = await issue(
    ca,
    { profile, name: 'lane-1', publicKey: createPublicKey(keyToPem(key)), altNames, ...VALIDITY },
    randomBytes,
  );
  const paths = {
    ca: file('ca.pem', ca.certificate.toString()),
    leaf: file('leaf.pem', made.toString()),
    key: file('key.pem', keyToPem(key)),
  };
  const verify = (purpose: string) =>
    openssl(['verify', '-x509_strict', ...AT, '-purpose', purpose, '-CAfile', paths.ca, paths.leaf], { mayFail: true });
  return { ca, made, paths, verify, text: openssl(['x509', '-in', paths.leaf, '-noout', '-text']) };
}

describe.skipIf(!hasOpenssl())('a certificate that was issued', () => {
  test('is a TLS client as a lane, and nothing else', async () => {
    const { verify, text, made } = await issued('lane');
    expect(verify('sslclient')).toMatch(/leaf.pem: OK/);
    expect(verify('sslserver')).toMatch(/unsuitable certificate purpose/);
    expect(verify('smimesign')).toMatch(/unsuitable certificate purpose/);
    expect(text).toMatch(/Subject: CN = lane-1/);
    expect(text).toMatch(/X509v3 Basic Constraints: critical\s+CA:FALSE/);
    expect(text).toMatch(/X509v3 Key Usage: critical\s+Digital Signature\n/);
    expect(made.validToDate.getTime()).toBe(VALIDITY.untilMs);
  });

  test('is a TLS server with its names and addresses, and nothing else', async () => {
    const names = ['gateway.store.example', '192.0.2.7', '2001:db8::7', '::1', '::ffff:192.0.2.7'];
    const { verify, made } = await issued('server', 'p256', names);
    expect(verify('sslserver')).toMatch(/OK/);
    expect(verify('sslclient')).toMatch(/unsuitable certificate purpose/);
    expect(made.checkHost('gateway.store.example')).toBe('gateway.store.example');
    for (const address of ['192.0.2.7', '2001:db8::7', '::1', '::ffff:192.0.2.7'])
      expect(made.checkIP(address)).toBe(address);
    expect(made.checkIP('192.0.2.8')).toBeUndefined();
  });

  test('signs reports with RSA, and a CMS signature of openssl verifies', async () => {
    const { paths, text, verify } = await issued('reports', 'rsa3072');
    expect(verify('smimesign')).toMatch(/OK/);
    expect(text).toMatch(/Digital Signature, Non Repudiation/);
    expect(text).toMatch(/E-mail Protection, 1\.3\.6\.1\.5\.5\.7\.3\.36/);
    expect(text).toMatch(/Public-Key: \(3072 bit\)/);
    const sign = openssl(['cms', '-sign', '-signer', paths.leaf, '-inkey', paths.key, '-nodetach', '-outform', 'PEM'], {
      input: 'report',
    });
    const check = ['cms', '-verify', ...AT, '-CAfile', paths.ca, '-inform', 'PEM'];
    expect(openssl(check, { input: sign })).toMatch(/report[\s\S]*successful/i);
  });

  test('fails where its authority is another one, with the same name', async () => {
    const { paths } = await issued('lane');
    const other = scratch()('other.pem', (await authority()).certificate.toString());
    expect(openssl(['verify', ...AT, '-CAfile', other, paths.leaf], { mayFail: true })).toMatch(/error/);
  });

  test('has serial numbers that are positive and not alike', async () => {
    const ca = await authority();
    const publicKey = createPublicKey(keyToPem(await makeKey('p256')));
    const make = (fill: number) =>
      issue(ca, { profile: 'lane', name: 'x', publicKey, ...VALIDITY }, (count) => Buffer.alloc(count, fill));
    const serials = [(await make(0)).serialNumber, (await make(0xff)).serialNumber];
    expect(serials).toEqual([`40${'00'.repeat(15)}`, `7F${'FF'.repeat(15)}`]);
  });

  test('refuses a name that is none', async () => {
    const ca = await authority();
    const publicKey = createPublicKey(keyToPem(await makeKey('p256')));
    for (const name of ['', 'x'.repeat(65)]) {
      await expect(
        async () => await issue(ca, { profile: 'lane', name, publicKey, ...VALIDITY }, randomBytes),
      ).rejects.toThrow(RangeError);
    }
  });
});

test.skipIf(!hasOpenssl())('an authority beyond 2049 is written and read', async () => {
  const file = scratch();
  const validity = { fromMs: NOW_MS, untilMs: Date.parse('2061-01-02T03:04:05Z') };
  const { certificate } = await makeAuthority('Lanes', await makeKey('p256'), validity, randomBytes);
  const path = file('ca.pem', certificate.toString());
  expect(openssl(['x509', '-in', path, '-noout', '-enddate'])).toMatch(/Jan {2}2 03:04:05 2061 GMT/);
  expect(openssl(['verify', '-x509_strict', ...AT, '-CAfile', path, path])).toMatch(/OK/);
  expect(new X509Certificate(readFileSync(path)).ca).toBe(true);
});
