/** Enrolment as people do it: a code on the box, a folder on the till, a certificate until it is revoked. */
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { recoveryKey } from '../harness/backup.ts';
import { counterfoil } from '../harness/command.ts';
import { type Gateway, STORE } from '../harness/gateway.ts';
import { Program } from '../harness/program.ts';
import { missing } from '../harness/programs.ts';
import { aRecord } from '../harness/records.ts';
import { Scene } from '../harness/scene.ts';
import { enrolled, invite, onBox, secureGateway, type Till } from '../harness/secure-gateway.ts';
import { entriesOf } from '../harness/trail-entries.ts';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.close());

const mqttsOf = ({ mqtt }: Gateway) => `mqtts://${mqtt.host}:${mqtt.port}`;

/** What `lane publish` says, and how it ends. */
async function sell(gateway: Gateway, till: Till) {
  const file = join(scene.folder(), 'record.json');
  writeFileSync(file, JSON.stringify(aRecord({ schedule: 'IV' })));
  const who = ['--identity', till.folder, '--url', mqttsOf(gateway)];
  return await counterfoil('lane', 'publish', ...who, '--file', file, '--timeout', '20', '--json');
}

const FILES = ({ folder }: Till) => {
  const pem = join(folder, 'lane.pem');
  return ['--cafile', join(folder, 'authority.pem'), '--cert', pem, '--key', pem];
};

function mosquitto(gateway: Gateway, till: Till, ...args: readonly string[]): Program {
  const address = ['-h', gateway.mqtt.host, '-p', String(gateway.mqtt.port), '-V', 'mqttv311', '-q', '1'];
  // stdbuf (coreutils): to a pipe mosquitto_sub would print whole blocks instead of lines.
  return Program.start('stdbuf', ['-oL', 'mosquitto_sub', ...address, ...FILES(till), '-d', ...args]);
}

test('a till is enrolled, sells, renews, and is cut the moment it is revoked; the trail tells each step', async () => {
  const gateway = await secureGateway(scene);
  const till = await enrolled(scene, gateway, 'lane-1');
  expect((await sell(gateway, till)).code).toBe(0);
  const again = await counterfoil('lane', 'renew', '--identity', till.folder);
  expect(again.output).toMatch(/good for a long time/);
  expect(JSON.parse((await onBox(gateway, 'list', '--json')).output)).toMatchObject({
    lanes: [{ lane: 'lane-1', state: 'enrolled', certificates: 1, grace: false }],
  });
  const open = !missing('mosquitto_sub') ? mosquitto(gateway, till, '-t', `pos/${STORE}/lane-1/receipts`) : null;
  await open?.line((line) => line.startsWith('Subscribed'), 'the subscription');
  await onBox(gateway, 'revoke', 'lane-1');
  if (open !== null) expect((await open.ended()).code).not.toBe(0);
  const refused = await sell(gateway, till);
  expect([refused.code, refused.errors]).toEqual([1, expect.stringMatching(/Not authorized|not authorized/)]);
  const renewal = await counterfoil('lane', 'renew', '--identity', till.folder, '--now');
  expect([renewal.code, renewal.errors]).toEqual([1, expect.stringMatching(/refuses/)]);
  const fresh = await enrolled(scene, gateway, 'lane-1');
  expect((await sell(gateway, fresh)).code).toBe(0);
  expect((await sell(gateway, till)).code).toBe(1);
  await gateway.stop();
  const told = (kind: string) => entriesOf(gateway.bufferFile, kind);
  expect(told('lane').map(({ change, lane }) => [lane, change])).toEqual(
    ['invited', 'revoked', 'invited'].map((change) => ['lane-1', change]),
  );
  expect(told('lane_certificate')).toHaveLength(2);
  expect(told('lane_known').map(({ lane, way, dates }) => [lane, way, dates])).toEqual([
    ['lane-1', 'certificate', 'valid'],
    ['lane-1', 'certificate', 'valid'],
  ]);
  expect(told('lane_refused')[0]).toMatchObject({ lane: 'lane-1', reason: 'revoked', count: 1 });
});

test('a code is good once and for the right gateway; a restart forgets nothing of it', async () => {
  const [gateway, other] = await Promise.all([secureGateway(scene), secureGateway(scene)]);
  const { code } = await invite(gateway, 'lane-1');
  const join1 = async (url: string, text: string) =>
    await counterfoil('lane', 'join', '--url', url, '--code', text, '--identity', join(scene.folder(), 'till'));
  const elsewhere = (await invite(other, 'lane-1')).urls[0] ?? '';
  expect((await join1(elsewhere, code)).errors).toMatch(/not the gateway this code is from/);
  expect(
    (
      await join1(
        elsewhere,
        code.replace(/^./, (digit) => (digit === '0' ? '1' : '0')),
      )
    ).errors,
  ).toMatch(/mistyped/);
  await gateway.restart();
  const { urls } = await invite(gateway, 'lane-2');
  expect((await join1(urls[0] ?? '', code)).code).toBe(0);
  expect((await join1(urls[0] ?? '', code)).errors).toMatch(/wrong, used, or too old/);
});

test('a chain’s tills by CSV; a till with a password; nobody is taken for either without', async () => {
  const gateway = await secureGateway(scene);
  const csv = join(scene.folder(), 'tills.csv');
  writeFileSync(csv, 'lane,where\r\nfront-1,left\r\n"front-2",right\r\n\r\n');
  const lines = (await onBox(gateway, 'enroll', '--csv', csv)).output.split('\n');
  expect(lines.map((line) => line.split(',')[0])).toEqual(['lane', 'front-1', 'front-2']);
  const { password } = JSON.parse((await onBox(gateway, 'enroll', 'front-3', '--password', '--json')).output);
  const file = join(scene.folder(), 'password');
  writeFileSync(file, `${password}\n`, { mode: 0o600 });
  const record = join(scene.folder(), 'record.json');
  writeFileSync(record, JSON.stringify(aRecord({ schedule: 'IV' })));
  const ca = ['--ca-file', join(gateway.dataDir, 'lanes', 'authority.pem')];
  const as = async (lane: string, ...more: readonly string[]) =>
    await counterfoil('lane', 'publish', '--store', STORE, '--lane', lane, '--file', record, '--timeout', '5', ...more);
  const secure = ['--url', mqttsOf(gateway), ...ca];
  expect((await as('front-3', ...secure, '--username', 'front-3', '--password-file', file)).code).toBe(0);
  expect((await as('front-3', ...secure, '--username', 'front-1', '--password-file', file)).errors).toMatch(
    /Bad|user/i,
  );
  expect((await as('front-1', ...secure, '--username', 'front-3', '--password-file', file)).code).toBe(1);
  const plain = gateway.log.find(({ msg }) => msg === 'ready')?.mqtt as string[];
  expect((await as('front-3', '--url', plain[1] ?? '')).code).toBe(1);
  expect((await as('front-9', '--url', plain[1] ?? '')).code).toBe(0);
});

test('a replaced box goes on with the tills it has: rescued by the recovery key alone', async () => {
  const folder = scene.folder();
  const key = recoveryKey(folder);
  const config = { recovery: { public_key_file: key.publicFile } };
  const gateway = await secureGateway(scene, { folder, config });
  const [till, thief] = [await enrolled(scene, gateway, 'lane-1'), await enrolled(scene, gateway, 'lane-2')];
  expect((await sell(gateway, till)).code).toBe(0);
  await onBox(gateway, 'revoke', 'lane-2');
  await gateway.kill();
  const disk = join(scene.folder(), 'disk');
  cpSync(gateway.dataDir, disk, { recursive: true });
  rmSync(join(disk, 'box.key'));
  const replaced = join(scene.folder(), 'replaced');
  const rescued = await counterfoil('rescue', '--disk', disk, '--key', key.privateFile, '--to', join(replaced, 'data'));
  expect([rescued.code, rescued.errors]).toEqual([0, expect.anything()]);
  const next = await secureGateway(scene, { folder: replaced, config });
  const authority = (box: Gateway) => readFileSync(join(box.dataDir, 'lanes', 'authority.pem'), 'utf8');
  expect(authority(next)).toBe(authority(gateway));
  expect((await sell(next, till)).code).toBe(0);
  expect((await sell(next, thief)).code).toBe(1);
});
