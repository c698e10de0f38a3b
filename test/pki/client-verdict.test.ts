/** Who is let in: strict in everything but time. */
import { createPublicKey, randomBytes, X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type BestTime, GRACE_MS, judgeClient } from '../../src/pki/client-verdict.ts';
import { issue, type Profile } from '../../src/pki/issue.ts';
import { keyToPem, makeKey } from '../../src/pki/keys.ts';
import { hasOpenssl, selfSigned } from '../harness/self-signed.ts';
import { authority, DAY_MS, NOW_MS, openssl, scratch } from './openssl.ts';

const isName = (name: string) => /^[A-Za-z0-9_-]{1,64}$/.test(name);
const sure = (utcMs: number): BestTime => ({ utcMs, trust: 'sure' });
const UNTIL_MS = NOW_MS + 10 * DAY_MS;

async function lane(profile: Profile = 'lane', name = 'lane-1') {
  const ca = await authority();
  const publicKey = createPublicKey(keyToPem(await makeKey('p256')));
  const leaf = await issue(ca, { profile, name, publicKey, fromMs: NOW_MS, untilMs: UNTIL_MS }, randomBytes);
  const judge = (now: BestTime, authorities = [ca.certificate]) => judgeClient(leaf, [], authorities, now, isName);
  return { ca, leaf, judge };
}

describe('a client certificate', () => {
  test('is known by the authority that has issued it', async () => {
    const { ca, judge } = await lane();
    expect(judge(sure(NOW_MS))).toEqual({ ok: true, name: 'lane-1', authority: ca.certificate, dates: 'valid' });
    expect(judge(sure(NOW_MS), [(await authority()).certificate])).toEqual({ ok: false, reason: 'foreign' });
    expect(judge(sure(NOW_MS), [])).toEqual({ ok: false, reason: 'foreign' });
  });

  test('of another use, or with a name that is no lane’s, is refused', async () => {
    for (const profile of ['server', 'reports'] as const) {
      expect((await lane(profile)).judge(sure(NOW_MS))).toEqual({ ok: false, reason: 'purpose' });
    }
    for (const name of ['lane 1', 'a/b', '+', 'lane-1\nCN=lane-2']) {
      expect((await lane('lane', name)).judge(sure(NOW_MS))).toEqual({ ok: false, reason: 'name' });
    }
  });

  test.each<[string, BestTime, unknown]>([
    ['on its last second', sure(UNTIL_MS), 'valid'],
    ['a second later', sure(UNTIL_MS + 1000), 'expired'],
    ['thirty days later', sure(UNTIL_MS + GRACE_MS), 'expired'],
    ['a second after that', sure(UNTIL_MS + GRACE_MS + 1000), { ok: false, reason: 'expired' }],
    [
      'the same, nobody to ask for the time',
      { utcMs: UNTIL_MS + GRACE_MS + 1000, trust: 'unsure' },
      { ok: false, reason: 'expired' },
    ],
    ['the same by a clock that is wrong', { utcMs: UNTIL_MS + GRACE_MS + 1000, trust: 'wrong' }, 'expired'],
    ['before it begins', sure(NOW_MS - 1000), { ok: false, reason: 'not_yet_valid' }],
    ['the same, nobody to ask for the time', { utcMs: NOW_MS - 1000, trust: 'unsure' }, 'not_yet_valid'],
    ['in 1970', { utcMs: 0, trust: 'wrong' }, 'not_yet_valid'],
  ])('%s', async (_, now, expected) => {
    const verdict = (await lane()).judge(now);
    expect(verdict.ok ? verdict.dates : verdict).toEqual(expected);
  });

  test('no clock lets a foreign one in', async () => {
    const { judge } = await lane();
    for (const trust of ['sure', 'unsure', 'wrong'] as const) {
      for (const utcMs of [0, NOW_MS, UNTIL_MS + DAY_MS]) {
        expect(judge({ utcMs, trust }, [(await authority()).certificate])).toEqual({ ok: false, reason: 'foreign' });
      }
    }
  });

  test('issued by a lane instead of an authority is refused, though the lane is known', async () => {
    const { ca, leaf } = await lane();
    const key = await makeKey('p256');
    const fromLane = await issue(
      { certificate: leaf, key },
      { profile: 'lane', name: 'lane-2', publicKey: createPublicKey(keyToPem(key)), fromMs: NOW_MS, untilMs: UNTIL_MS },
      randomBytes,
    );
    expect(judgeClient(fromLane, [leaf], [ca.certificate], sure(NOW_MS), isName)).toEqual({
      ok: false,
      reason: 'foreign',
    });
  });
});

describe.skipIf(!hasOpenssl())('certificates of openssl', () => {
  test('by way of an intermediate that the client sends along', () => {
    const file = scratch();
    const root = { crt: file('root.crt'), key: file('root.key') };
    const made = (args: readonly string[]) =>
      openssl([
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-days',
        '3',
        ...args,
      ]);
    made(['-subj', '/CN=Root', '-keyout', root.key, '-out', root.crt]);
    const signedBy = (by: { crt: string; key: string }, name: string, ext: string) => {
      const out = { crt: file(`${name}.crt`), key: file(`${name}.key`) };
      made([
        '-subj',
        `/CN=${name}`,
        '-CA',
        by.crt,
        '-CAkey',
        by.key,
        '-addext',
        ext,
        '-keyout',
        out.key,
        '-out',
        out.crt,
      ]);
      return out;
    };
    const middle = signedBy(root, 'Middle', 'basicConstraints=critical,CA:TRUE');
    const leaf = signedBy(middle, 'lane-7', 'extendedKeyUsage=clientAuth');
    const read = (path: string) => new X509Certificate(openssl(['x509', '-in', path]));
    const judge = (sent: X509Certificate[]) =>
      judgeClient(read(leaf.crt), sent, [read(root.crt)], sure(Date.now()), isName);
    expect(judge([read(middle.crt)])).toMatchObject({ ok: true, name: 'lane-7' });
    expect(judge([])).toEqual({ ok: false, reason: 'foreign' });
  });

  test('a certificate that is its own authority, where the list names it', () => {
    const folder = scratch()('');
    const [own, other] = [selfSigned(folder, 'lane-1'), selfSigned(folder, 'lane-2')].map(
      ({ cert }) => new X509Certificate(cert),
    );
    if (own === undefined || other === undefined) throw new Error('two were made');
    expect(judgeClient(own, [], [own], sure(Date.now()), isName)).toMatchObject({ ok: true, name: 'lane-1' });
    expect(judgeClient(other, [], [own], sure(Date.now()), isName)).toEqual({ ok: false, reason: 'foreign' });
  });
});
