/** Lists of revoked certificates, with openssl on the other side. */
import { createPublicKey, randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { issue } from '../../src/pki/issue.ts';
import { keyToPem, makeKey } from '../../src/pki/keys.ts';
import { makeRevocationList, plainSerial, readRevocationList } from '../../src/pki/revocation-list.ts';
import { hasOpenssl } from '../harness/self-signed.ts';
import { authority, DAY_MS, NOW_MS, openssl, scratch } from './openssl.ts';

const TIMES = { nowMs: NOW_MS, nextMs: NOW_MS + 7 * DAY_MS };

describe.skipIf(!hasOpenssl())('a list of ours', () => {
  test('makes openssl refuse what is on it, and nothing else', async () => {
    const file = scratch();
    const ca = await authority();
    const publicKey = createPublicKey(keyToPem(await makeKey('p256')));
    const options = { profile: 'lane', publicKey, fromMs: NOW_MS, untilMs: NOW_MS + DAY_MS } as const;
    const [bad, good] = [
      await issue(ca, { ...options, name: 'bad' }, randomBytes),
      await issue(ca, { ...options, name: 'good' }, randomBytes),
    ];
    const list = await makeRevocationList(ca, {
      revoked: [{ serial: bad.serialNumber, atMs: NOW_MS }],
      number: 7,
      ...TIMES,
    });
    const paths = [file('ca.pem', ca.certificate.toString()), file('list.pem', list)] as const;
    const at = ['-attime', String(NOW_MS / 1000 + 60)];
    const verify = (name: string, pem: string) =>
      openssl(['verify', ...at, '-crl_check', '-CAfile', paths[0], '-CRLfile', paths[1], file(name, pem)], {
        mayFail: true,
      });
    expect(verify('bad.pem', bad.toString())).toMatch(/certificate revoked/);
    expect(verify('good.pem', good.toString())).toMatch(/OK/);
    expect(openssl(['crl', '-in', paths[1], '-noout', '-text'])).toMatch(/CRL Number:\s+7/);
    const read = await readRevocationList(Buffer.from(list), ca.certificate);
    expect(read).toEqual({ serials: new Set([plainSerial(bad.serialNumber)]), nextMs: TIMES.nextMs });
  });

  test('may be empty', async () => {
    const ca = await authority();
    const list = await makeRevocationList(ca, { revoked: [], number: 1, ...TIMES });
    expect(openssl(['crl', '-noout', '-text', '-in', scratch()('list.pem', list)])).toMatch(/No Revoked Certificates/);
    expect((await readRevocationList(Buffer.from(list), ca.certificate))?.serials.size).toBe(0);
  });
});

test('a list that another authority has signed, or nobody, is none', async () => {
  const [ca, other] = [await authority(), await authority()];
  const list = await makeRevocationList(other, { revoked: [{ serial: '4001', atMs: NOW_MS }], number: 1, ...TIMES });
  expect(await readRevocationList(Buffer.from(list), ca.certificate)).toBeNull();
  expect(await readRevocationList(Buffer.from('nothing'), ca.certificate)).toBeNull();
});
