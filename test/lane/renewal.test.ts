/** A till's certificate is renewed by itself, by its timer, against the real listener; time is put forward by hand. */
import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { enrol } from '../../src/lane/enrol.ts';
import { readEnrolled } from '../../src/lane/enrolled.ts';
import { keepRenewed } from '../../src/lane/renewal.ts';
import { parseCode } from '../../src/pki/enrolment-code.ts';
import { DAY_MS, Rig } from '../enrolment/rig.ts';
import { type Serving, serve } from '../enrolment/serving.ts';

let rig: Rig;
let serving: Serving;
let folder: string;
let stop = () => {};
beforeEach(async () => {
  rig = new Rig();
  await rig.register.start();
  serving = await serve(rig);
  folder = join(rig.folder, 'till');
  const { code } = await rig.register.invite('lane-1', null);
  await enrol(folder, { url: serving.url, code, authority: parseCode(code)?.authority ?? Buffer.alloc(0) });
});
afterEach(async () => {
  stop();
  await serving.stop();
  rig.close();
});

/** Watches the folder; what comes of a look that is due, in the order it comes. */
function watch() {
  const seen: string[] = [];
  let told = Promise.withResolvers<void>();
  const tell = (what: string) => {
    seen.push(what);
    told.resolve();
  };
  stop = keepRenewed(folder, {
    ...{ clock: rig.time, timers: rig.time, random: () => 0.5 },
    onRenewed: () => tell('renewed'),
    onFailed: () => tell('failed'),
  });
  const next = async () => {
    await told.promise;
    told = Promise.withResolvers<void>();
  };
  return { seen, next };
}

test('not before two thirds of its life; then by itself, with a new key, and not again the next day', async () => {
  const { next, seen } = watch();
  const old = readEnrolled(folder);
  await rig.time.pass(243 * DAY_MS);
  expect(seen).toEqual([]);
  await rig.time.pass(2 * DAY_MS);
  await next();
  const fresh = readEnrolled(folder);
  expect(fresh.key).not.toBe(old.key);
  const end = ({ certificate }: typeof old) => new X509Certificate(certificate).validToDate.getTime();
  expect(end(fresh) - end(old)).toBeGreaterThan(240 * DAY_MS);
  await rig.time.pass(30 * DAY_MS);
  expect(seen).toEqual(['renewed']);
});

test('a gateway that is away is asked again the next day', async () => {
  const { next, seen } = watch();
  await serving.stop();
  await rig.time.pass(245 * DAY_MS);
  await next();
  expect(seen[0]).toBe('failed');
  expect(readEnrolled(folder).certificate).not.toBe('');
  await rig.time.pass(2 * DAY_MS);
  await next();
  expect(seen.every((what) => what === 'failed')).toBe(true);
});
