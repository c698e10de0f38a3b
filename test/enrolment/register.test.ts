/** Codes, certificates and revocation, over restarts. */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { lanesHash } from '../../src/enrolment/files.ts';
import { makeKey } from '../../src/pki/keys.ts';
import { fingerprint } from '../../src/pki/pem.ts';
import { certificateOf, DAY_MS, HERE, Rig, requestOf } from './rig.ts';

let rig: Rig;
beforeEach(async () => {
  rig = new Rig();
  await rig.register.start();
});
afterEach(() => rig.close());
const inFile = (name: string) => join(rig.folder, 'lanes', name);

describe('a one-time code', () => {
  test('gives the lane it is for a certificate, whatever the request says', async () => {
    const certificate = await rig.enrol('lane-1');
    expect(certificate.subject).toBe('CN=lane-1');
    expect(certificate.verify(rig.authority.certificate.publicKey)).toBe(true);
    expect(rig.judge(certificate)).toMatchObject({ ok: true, proof: { lane: 'lane-1', dates: 'valid' } });
  });

  test('is good once; only the key that has used it may ask again', async () => {
    const [secret, key] = [await rig.invite('lane-1'), await makeKey('p256')];
    const first = certificateOf(await rig.register.enrol(secret, await requestOf(key), HERE));
    expect(await rig.register.enrol(secret, await requestOf(), HERE)).toEqual({ ok: false, fault: 'code' });
    await rig.restart();
    const again = certificateOf(await rig.register.enrol(secret, await requestOf(key), HERE));
    expect(again.raw.equals(first.raw)).toBe(true);
    expect(await rig.register.enrol(secret, await requestOf(), HERE)).toEqual({ ok: false, fault: 'code' });
  });

  test('raced for by twenty keys gives one certificate', async () => {
    const secret = await rig.invite('lane-1');
    const requests = await Promise.all(Array.from({ length: 20 }, () => requestOf()));
    const answers = await Promise.all(requests.map((request) => rig.register.enrol(secret, request, HERE)));
    expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
  });

  test('ends, and ends when another one is made', async () => {
    const old = await rig.invite('lane-1');
    const secret = await rig.invite('lane-1');
    expect((await rig.register.enrol(old, await requestOf(), HERE)).ok).toBe(false);
    await rig.time.pass(DAY_MS + 1);
    expect(await rig.register.enrol(secret, await requestOf(), HERE)).toEqual({ ok: false, fault: 'code' });
  });

  test('stands nowhere: not in the file, not in the trail', async () => {
    const { code } = await rig.register.invite('lane-1', null);
    const text = readFileSync(inFile('lanes.json'), 'utf8') + JSON.stringify(rig.entries);
    for (const part of code.split('-').slice(0, 3)) expect(text).not.toContain(part);
  });

  test('is refused for a request that is none, and stays good', async () => {
    const secret = await rig.invite('lane-1');
    expect(await rig.register.enrol(secret, 'nothing', HERE)).toEqual({ ok: false, fault: 'request' });
    expect((await rig.register.enrol(secret, await requestOf(), HERE)).ok).toBe(true);
  });
});

describe('a renewal', () => {
  test('gives a new certificate and leaves the old one good; not twice within the hour', async () => {
    const old = await rig.enrol('lane-1');
    await rig.time.pass(200 * DAY_MS);
    const key = await makeKey('p256');
    const fresh = certificateOf(await rig.register.renew('lane-1', await requestOf(key), HERE));
    expect(fresh.validToDate.getTime()).toBeGreaterThan(old.validToDate.getTime());
    for (const each of [old, fresh]) expect(rig.judge(each).ok).toBe(true);
    expect(await rig.register.renew('lane-1', await requestOf(), HERE)).toEqual({ ok: false, fault: 'often' });
    const again = certificateOf(await rig.register.renew('lane-1', await requestOf(key), HERE));
    expect(again.raw.equals(fresh.raw)).toBe(true);
    expect(rig.told('lane_certificate')).toMatchObject([
      { lane: 'lane-1', way: 'code', address: HERE, certificate: fingerprint(old).toString('base64') },
      { lane: 'lane-1', way: 'renewal', certificate: fingerprint(fresh).toString('base64') },
    ]);
  });
});

describe('a revoked lane', () => {
  test('is kept out with everything it has had, and comes in again only by a new code', async () => {
    const [old, unlisted] = [await rig.enrol('lane-1'), await rig.issue('lane-1', 0, rig.time.utcMs() + DAY_MS)];
    const [code, other] = [await rig.invite('lane-1'), await rig.enrol('lane-2')];
    expect(rig.judge(unlisted).ok).toBe(true);
    await rig.register.revoke('lane-1', 'root');
    expect(rig.revoked).toEqual(['lane-1']);
    await rig.restart();
    for (const each of [old, unlisted]) expect(rig.judge(each)).toEqual({ ok: false, reason: 'revoked' });
    expect(rig.judge(other).ok).toBe(true);
    expect((await rig.register.enrol(code, await requestOf(), HERE)).ok).toBe(false);
    const fresh = await rig.enrol('lane-1');
    expect(rig.judge(fresh).ok).toBe(true);
    for (const each of [old, unlisted]) expect(rig.judge(each)).toEqual({ ok: false, reason: 'revoked' });
  });

  test('nobody has heard of is kept out too', async () => {
    await rig.register.revoke('lane-9', null);
    expect(rig.judge(await rig.issue('lane-9', 0, rig.time.utcMs() + DAY_MS))).toEqual({
      ok: false,
      reason: 'revoked',
    });
  });

  test('stays out when the file is damaged: the revocation list says so', async () => {
    const [bad, good] = [await rig.enrol('lane-1'), await rig.enrol('lane-2')];
    await rig.register.revoke('lane-1', null);
    writeFileSync(inFile('lanes.json'), '{"lanes": 1}');
    await rig.restart();
    expect(rig.register.facts().trouble).toMatch(/not in its form/);
    expect(rig.judge(bad)).toEqual({ ok: false, reason: 'revoked' });
    expect(rig.judge(good).ok).toBe(true);
    expect(await rig.register.enrol(Buffer.alloc(10), await requestOf(), HERE)).toEqual({
      ok: false,
      fault: 'unavailable',
    });
    await expect(rig.register.invite('lane-3', null)).rejects.toMatchObject({ code: 'lanes_unusable' });
    expect(readFileSync(inFile('lanes.json'), 'utf8')).toBe('{"lanes": 1}');
  });
});

test('files are nobody else’s; the trail names the file’s hash at each change and start', async () => {
  await rig.enrol('lane-1');
  for (const name of ['lanes.json', 'authority.key', 'authority.pem']) {
    expect(statSync(inFile(name)).mode & 0o777, name).toBe(0o600);
  }
  const hash = lanesHash(JSON.parse(readFileSync(inFile('lanes.json'), 'utf8')));
  expect(rig.told('lane_certificate').at(-1)?.hash).toBe(hash);
  await rig.restart();
  expect(rig.told('lanes').at(-1)).toMatchObject({ hash, lanes: 1 });
});

test('what the trail does not take is not done', async () => {
  const secret = await rig.invite('lane-1');
  const before = readFileSync(inFile('lanes.json'), 'utf8');
  rig.trailFails = true;
  await expect(rig.register.invite('lane-2', null)).rejects.toThrow('no trail');
  await expect(rig.register.enrol(secret, await requestOf(), HERE)).rejects.toThrow('no trail');
  expect(readFileSync(inFile('lanes.json'), 'utf8')).toBe(before);
  rig.trailFails = false;
  expect((await rig.register.enrol(secret, await requestOf(), HERE)).ok).toBe(true);
});

test('the authority is the same after a restart; a key that is not its own is refused', async () => {
  const before = rig.authority.certificate;
  await rig.restart();
  expect(rig.authority.certificate.raw.equals(before.raw)).toBe(true);
  expect(readFileSync(inFile('authority.key'), 'utf8')).not.toContain('PRIVATE KEY');
  const other = new Rig();
  await other.register.start();
  writeFileSync(inFile('authority.key'), readFileSync(join(other.folder, 'lanes', 'authority.key')), { mode: 0o600 });
  other.close();
  await expect(rig.restart()).rejects.toMatchObject({ code: 'lanes_unusable' });
});

test('where a chain issues the certificates, a name can be revoked and let in again, and nobody invited', async () => {
  await rig.restart(false);
  await expect(rig.register.invite('lane-1', null)).rejects.toMatchObject({ code: 'usage' });
  await rig.register.revoke('lane-1', null);
  const certificate = await (async () => {
    const chain = new Rig();
    await chain.register.start();
    const made = await chain.enrol('lane-1');
    chain.close();
    return made;
  })();
  expect(rig.register.isRevoked('lane-1', certificate, false)).toBe(true);
  await rig.register.admit('lane-1', null);
  expect(rig.register.isRevoked('lane-1', certificate, false)).toBe(false);
  await expect(rig.register.admit('lane-1', null)).rejects.toMatchObject({ code: 'usage' });
});
