/** A till that enrols and renews, against the real listener. */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { certificateHash, enrol, renew } from '../../src/lane/enrol.ts';
import { isEnrolled, readEnrolled } from '../../src/lane/enrolled.ts';
import { formatCode, parseCode } from '../../src/pki/enrolment-code.ts';
import { DAY_MS, Rig } from '../enrolment/rig.ts';
import { type Serving, serve } from '../enrolment/serving.ts';
import { hasOpenssl, selfSigned } from '../harness/self-signed.ts';

let rig: Rig;
let serving: Serving;
let folder: string;
beforeEach(async () => {
  rig = new Rig();
  await rig.register.start();
  serving = await serve(rig);
  folder = join(rig.folder, 'till');
});
afterEach(async () => {
  await serving.stop();
  rig.close();
});

async function invitation(lane = 'lane-1') {
  const { code } = await rig.register.invite(lane, null);
  return { url: serving.url, code, authority: parseCode(code)?.authority ?? Buffer.alloc(0) };
}

describe('a till', () => {
  test('makes its own key and keeps what it got for itself', async () => {
    const { about } = await enrol(folder, await invitation());
    expect(about).toEqual({
      ...{ lane: 'lane-1', store: '0042', gateway_id: 'gw-0042' },
      mqtt_url: 'mqtts://127.0.0.1:8883',
      enroll_url: serving.url,
    });
    expect(readEnrolled(folder).about).toEqual(about);
    for (const name of ['lane.pem', 'authority.pem', 'lane.json']) {
      expect(statSync(join(folder, name)).mode & 0o777, name).toBe(0o600);
    }
    expect(isEnrolled(folder)).toBe(true);
  });

  test('sends nothing to a gateway that is not the one in the code', async () => {
    const { code } = await invitation();
    const other = Buffer.from(parseCode(code)?.authority ?? []).fill(0, 0, 1);
    const wrong = {
      url: serving.url,
      code: formatCode({ secret: Buffer.alloc(10), authority: other }),
      authority: other,
    };
    await expect(enrol(folder, wrong)).rejects.toMatchObject({ code: 'enrolment_refused' });
    expect(serving.refused).toEqual([]);
    expect(isEnrolled(folder)).toBe(false);
  });

  test.skipIf(!hasOpenssl())(
    'is not fooled by somebody who shows the right authority beside a certificate of their own',
    async () => {
      let requests = 0;
      const { cert, key } = selfSigned(rig.folder, 'stranger');
      const chain = cert + rig.authority.certificate.toString();
      const thief = createServer({ cert: chain, key }, () => {
        requests += 1;
      });
      await new Promise<void>((resolve) => thief.listen(0, '127.0.0.1', resolve));
      const url = `https://127.0.0.1:${(thief.address() as AddressInfo).port}`;
      await expect(enrol(folder, { ...(await invitation()), url })).rejects.toThrow();
      expect(requests).toBe(0);
      await new Promise((resolve) => thief.close(resolve));
    },
  );

  test('whose answer was lost asks again with the same key and gets the same certificate', async () => {
    const asked = await invitation();
    const first = await enrol(folder, asked);
    // As if the power had gone after the answer left the gateway: the key that was asked with is there, nothing else.
    writeFileSync(join(folder, 'pending.pem'), first.key, { mode: 0o600 });
    const second = await enrol(folder, asked);
    expect(second.certificate).toBe(first.certificate);
  });

  test('renews with a new key; a gateway that refuses leaves it what it has', async () => {
    const old = await enrol(folder, await invitation());
    await rig.time.pass(2 * DAY_MS);
    const fresh = await renew(folder);
    expect(fresh.about).toEqual(old.about);
    expect(fresh.key).not.toBe(old.key);
    expect(certificateHash(fresh.certificate)).not.toBe(certificateHash(old.certificate));
    const before = readFileSync(join(folder, 'lane.pem'), 'utf8');
    await expect(renew(folder)).rejects.toMatchObject({ code: 'enrolment_refused' });
    await rig.register.revoke('lane-1', null);
    await rig.time.pass(2 * DAY_MS);
    await expect(renew(folder)).rejects.toMatchObject({ code: 'enrolment_refused' });
    expect(readFileSync(join(folder, 'lane.pem'), 'utf8')).toBe(before);
  });

  test('says what is wrong with an address', async () => {
    await expect(enrol(folder, { ...(await invitation()), url: 'http://127.0.0.1' })).rejects.toMatchObject({
      code: 'usage',
    });
    const nobody = { ...(await invitation()), url: 'https://127.0.0.1:9' };
    await expect(enrol(folder, nobody)).rejects.toMatchObject({ code: 'gateway_unreachable' });
  });
});
