/** Requests, made for openssl and made by it. */
import { createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { keyToPem, makeKey, publicDer } from '../../src/pki/keys.ts';
import { fromPem, toPem } from '../../src/pki/pem.ts';
import { makeRequest, readRequest } from '../../src/pki/request.ts';
import { hasOpenssl } from '../harness/self-signed.ts';
import { openssl, scratch } from './openssl.ts';

describe.skipIf(!hasOpenssl())('a request', () => {
  test.each(['p256', 'rsa3072'] as const)('with a key of kind %s is verified by openssl', async (kind) => {
    const request = await makeRequest('lane-1', await makeKey(kind));
    expect(openssl(['req', '-verify', '-noout', '-subject'], { input: request })).toMatch(/CN = lane-1/);
  });

  test.each([
    ['P-256', ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256']],
    ['P-384', ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384']],
    ['RSA 3072', ['-newkey', 'rsa:3072']],
  ])('of openssl with %s is read', async (_, how) => {
    const file = scratch();
    const args = ['req', '-new', ...how, '-nodes', '-subj', '/CN=anything/O=else', '-keyout', file('key.pem')];
    const read = await readRequest(openssl(args).replace(/^[\s\S]*?(?=-----BEGIN)/, ''));
    expect(read.ok && publicDer(read.publicKey)).toEqual(publicDer(createPublicKey(readFileSync(file('key.pem')))));
  });

  test.each([
    ['RSA 2048', ['-newkey', 'rsa:2048']],
    ['secp256k1', ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:secp256k1']],
    ['Ed25519', ['-newkey', 'ed25519']],
  ])('with a key that is not issued for, %s, is refused as such', async (_, how) => {
    const args = ['req', '-new', ...how, '-nodes', '-subj', '/CN=x', '-keyout', scratch()('key.pem')];
    expect(await readRequest(openssl(args))).toEqual({ ok: false, fault: 'key' });
  });
});

test('a request for somebody else’s key is refused: the signature is not that key’s', async () => {
  const [mine, theirs] = [await makeKey('p256'), await makeKey('p256')];
  const der = fromPem('CERTIFICATE REQUEST', await makeRequest('lane-1', mine))[0] ?? Buffer.alloc(0);
  const at = der.indexOf(publicDer(mine));
  expect(at).toBeGreaterThan(0);
  publicDer(theirs).copy(der, at);
  expect(await readRequest(toPem('CERTIFICATE REQUEST', der))).toEqual({ ok: false, fault: 'signature' });
});

test('no changed byte of a request brings another key in, and nothing that is no request throws', async () => {
  const key = await makeKey('p256');
  const pem = await makeRequest('lane-1', key);
  let refused = 0;
  const der = fromPem('CERTIFICATE REQUEST', pem)[0] ?? Buffer.alloc(0);
  for (let at = 0; at < der.length; at += 1) {
    const changed = Buffer.from(der);
    changed[at] = (changed[at] ?? 0) ^ 0x01;
    const read = await readRequest(toPem('CERTIFICATE REQUEST', changed));
    // The parser is patient with a length that lies at the very beginning; what is signed is the same then.
    if (read.ok) expect(publicDer(read.publicKey), `byte ${at}`).toEqual(publicDer(key));
    else refused += 1;
  }
  expect(refused).toBeGreaterThan(der.length - 4);
  for (const text of [
    '',
    'x',
    '-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----',
    pem.repeat(40),
  ]) {
    expect(await readRequest(text)).toEqual({ ok: false, fault: 'form' });
  }
});

test('a key goes through its file', async () => {
  const key = await makeKey('p256');
  expect(keyToPem(key)).toMatch(/^-----BEGIN PRIVATE KEY-----/);
});
