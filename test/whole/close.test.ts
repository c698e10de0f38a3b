/** A store closes: everything is at the PMS, kept outside and readable with the recovery key alone, and the box can do nothing more. */
import { spawnSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type RecoveryKey, recoveryKey } from '../harness/backup.ts';
import { counterfoil } from '../harness/command.ts';
import { COUNTERFOIL, type Gateway, ROOT } from '../harness/gateway.ts';
import { configOf, namedGateway, PASSWORD, passwordFile } from '../harness/named-gateway.ts';
import { Program } from '../harness/program.ts';
import { missing } from '../harness/programs.ts';
import { aRecord } from '../harness/records.ts';
import { PmsProcess } from '../harness/reference-pms.ts';
import { type TestRoster, writeRoster } from '../harness/roster.ts';
import { Scene } from '../harness/scene.ts';
import { enrolled, secureGateway } from '../harness/secure-gateway.ts';
import { Till } from '../harness/till.ts';
import { entriesOf } from '../harness/trail-entries.ts';

let scene: Scene;
let folder: string;
let key: RecoveryKey;
let roster: TestRoster;
beforeEach(() => {
  scene = new Scene();
  folder = scene.folder();
  key = recoveryKey(folder);
  roster = writeRoster(folder);
});
afterEach(() => scene.close());

const SYNCED = 6;

async function selling(gateway: Gateway): Promise<void> {
  const till = new Till(scene, gateway, 'lane-1', join(folder, 'outbox.db'));
  for (let n = 0; n < SYNCED; n += 1) till.sell(aRecord({ schedule: n % 2 === 0 ? 'II' : 'NONE' }));
  await till.receipts.matching(({ status }) => status === 'synced', SYNCED, 'synced receipts');
  await till.stop();
}

/** A gateway with a reviewer and a recovery key that has sold and synced. */
async function soldOut(): Promise<Gateway> {
  const pms = await PmsProcess.start(scene);
  const listen = [{ url: 'mqtt://127.0.0.1:0' }, { url: 'mqtts://127.0.0.1:0' }];
  const recovery = { public_key_file: key.publicFile };
  const config = { mqtt: { listen }, recovery, schedule_two: { roster_file: roster.file } };
  const gateway = await secureGateway(scene, { folder, config, pmsUrl: pms.url });
  await selling(gateway);
  return gateway;
}

const everything = (gateway: Gateway, to: string) => [
  ...configOf(gateway),
  ...['--to', to, '--meaning', 'the store closes', '--recovery-key', key.privateFile, '--yes'],
  ...['--kid', roster.rita.kid, '--key', roster.rita.keyFile],
];

/** `close`, killed with this step done and not noted. */
async function killedAt(step: string, args: readonly string[]): Promise<string> {
  const plant = ['--import', join(import.meta.dirname, '../harness/kill-close.ts')];
  const env = { ...process.env, CLOSE_STEP: step };
  const program = Program.start(process.execPath, [...plant, COUNTERFOIL, 'close', ...args], { cwd: ROOT, env });
  program.closeInput();
  const { signal } = await program.ended();
  return signal ?? program.errorLines.join('\n');
}

/** What was exported is whole, and needs nothing of the box. */
async function isKept(to: string): Promise<void> {
  const scratch = join(scene.folder(), 'rehearsed');
  const backup = join(to, 'final-backup.cfb');
  const restored = await counterfoil(
    ...['backup', 'restore', backup, '--to', scratch, '--key', key.privateFile, '--rehearse', '--json'],
  );
  expect(restored).toMatchObject({ code: 0, errors: '' });
  expect(JSON.parse(restored.output)).toMatchObject({ ok: true, buffer: { records: SYNCED } });
  expect(await counterfoil('trail', 'verify', join(to, 'trail'))).toMatchObject({ code: 0 });
  for (const log of ['audit', 'schedule_two']) {
    const shown = await counterfoil('trail', 'show', join(to, 'trail'), '--log', log, '--json');
    expect(shown.output).toMatch(/"k":"closing"[\s\S]*"k":"closed"|"kind":"closing"[\s\S]*"kind":"closed"/);
  }
}

/** No key is left on the box, and no gateway starts. */
async function isClosed(gateway: Gateway): Promise<void> {
  const left = readdirSync(gateway.dataDir, { recursive: true, encoding: 'utf8' });
  expect(left.filter((name) => /(\.key|key\.pem|\.recovery)$/.test(name))).toEqual([]);
  const { code, errors } = await counterfoil('run', ...configOf(gateway));
  expect(code).toBe(78);
  expect(errors).toMatch(/closed for good on .* by Rita Reviewer; its keys are destroyed\nhint: /);
}

describe.skipIf(missing('openssl'))('close', () => {
  test('drains, exports what can be read without the box, signs, revokes lanes, destroys keys', async () => {
    const gateway = await soldOut();
    await enrolled(scene, gateway, 'lane-9');
    const to = join(scene.folder(), 'export');
    const drained = await counterfoil('close', ...everything(gateway, to));
    expect(drained).toMatchObject({ code: 0, output: expect.stringMatching(/at the PMS\. Stop the gateway now/) });
    expect(existsSync(to)).toBe(false);
    await gateway.stop();
    const closed = await counterfoil('close', ...everything(gateway, to), '--json');
    expect(closed, closed.errors).toMatchObject({ code: 0 });
    expect(JSON.parse(closed.output)).toMatchObject({ to, left: [] });
    await isKept(to);
    await isClosed(gateway);
    const lanes = JSON.parse(readFileSync(join(to, 'lanes-lanes.json'), 'utf8'));
    expect(lanes.lanes).toMatchObject([{ name: 'lane-9', blocked: true }]);
    const list = spawnSync('openssl', ['crl', '-in', join(to, 'lanes-revoked.crl'), '-noout', '-text']);
    expect(list.stdout.toString()).toContain('Revoked Certificates');
    for (const name of ['closing-report.json', 'closing-report.html']) {
      const file = join(to, name);
      const chain = ['-CAfile', join(to, 'certificates.pem'), '-purpose', 'any', '-out', '/dev/null'];
      const how = ['cms', '-verify', '-binary', '-inform', 'DER', '-in', `${file}.p7s`, '-content', file, ...chain];
      expect(spawnSync('openssl', how).status).toBe(0);
    }
    const report = JSON.parse(readFileSync(join(to, 'closing-report.json'), 'utf8'));
    expect(report).toMatchObject({ open: { count: 0, reason: null }, records: { in_buffer: SYNCED, archived: 0 } });
    const [told] = entriesOf(gateway.bufferFile, 'closed');
    expect(told?.report).toBe(Buffer.from(hashOf(join(to, 'closing-report.json')), 'hex').toString('base64'));
    // Once more: it is closed, and says so.
    expect(await counterfoil('close', ...everything(gateway, to))).toMatchObject({ code: 0 });
  });

  test('killed with each step done and not noted, it goes on and ends the same', async () => {
    const gateway = await soldOut();
    await gateway.stop();
    const to = join(scene.folder(), 'export');
    for (const step of ['signed', 'told', 'backed_up', 'verified', 'reported', 'exported', 'destroying', 'key']) {
      expect(await killedAt(step, everything(gateway, to)), step).toBe('SIGKILL');
      if (step === 'signed') continue;
      const refused = await counterfoil('run', ...configOf(gateway));
      expect(refused, step).toMatchObject({ code: 78, errors: expect.stringContaining('is being closed') });
    }
    expect(await counterfoil('close', ...everything(gateway, to))).toMatchObject({ code: 0 });
    await isKept(to);
    await isClosed(gateway);
  });

  test('nothing is destroyed when the backup does not open, and a changed export is noticed', async () => {
    const gateway = await soldOut();
    await gateway.stop();
    const to = join(scene.folder(), 'export');
    const other = recoveryKey(scene.folder());
    const args = everything(gateway, to).map((arg) => (arg === key.privateFile ? other.privateFile : arg));
    expect(await counterfoil('close', ...args)).toMatchObject({ code: 1 });
    expect(existsSync(join(gateway.dataDir, 'box.key'))).toBe(true);
    expect(await killedAt('exported', everything(gateway, to))).toBe('SIGKILL');
    rmSync(join(to, 'final-backup.cfb'));
    const changed = await counterfoil('close', ...everything(gateway, to));
    expect(changed).toMatchObject({ code: 1, errors: expect.stringContaining('is not what was verified') });
    expect(existsSync(join(gateway.dataDir, 'box.key'))).toBe(true);
    // Nothing is lost yet: without the state the gateway is there again.
    rmSync(join(gateway.dataDir, 'closing.json'));
    await gateway.start();
    expect(gateway.storedRecords).toBe(SYNCED);
  });
});

test('over open records only for a named reason, and with named users only by two people', async () => {
  const config = { recovery: { public_key_file: key.publicFile }, schedule_two: { roster_file: roster.file } };
  const users = { carla: ['compliance'], it: ['it'] };
  const gateway = await namedGateway(scene, users, { folder, config });
  const till = new Till(scene, gateway, 'lane-1', join(folder, 'outbox.db'));
  till.sell(aRecord());
  await till.receipts.matching(({ status }) => status === 'accepted', 1, 'accepted receipts');
  await till.stop();
  await gateway.stop();
  const to = join(scene.folder(), 'export');
  const place = [...configOf(gateway), '--to', to, '--meaning', 'the store closes', '--yes'];
  const recovery = ['--recovery-key', key.privateFile];
  const carla = ['--user', 'carla', '--password-file', passwordFile(gateway, PASSWORD)];
  const rita = ['--second-kid', roster.rita.kid, '--second-key', roster.rita.keyFile];
  const close = (...more: string[]) => counterfoil('close', ...place, ...recovery, ...more);
  expect(await close(...carla)).toMatchObject({ code: 2, errors: expect.stringContaining('two people') });
  const twice = await close(...carla, '--second-user', 'carla');
  expect(twice).toMatchObject({ code: 2, errors: expect.stringContaining('cannot sign twice') });
  const open = await close(...carla, ...rita);
  expect(open).toMatchObject({ code: 1, errors: expect.stringContaining('1 records are open') });
  const notIt = await close('--user', 'it', ...carla.slice(2), ...rita, '--unsynced', 'pms_gone');
  expect(notIt).toMatchObject({ code: 1, errors: expect.stringContaining('does not have the role') });
  expect(existsSync(join(gateway.dataDir, 'closing.json'))).toBe(false);
  const closed = await close(...carla, ...rita, '--unsynced', 'pms_gone');
  expect(closed, closed.errors).toMatchObject({ code: 0 });
  const [told] = entriesOf(gateway.bufferFile, 'closing');
  const signers = [{ by: 'Printed carla' }, { by: 'Rita Reviewer' }];
  expect(told).toMatchObject({ open: 1, reason: 'pms_gone', signed: signers });
});

function hashOf(file: string): string {
  return hash('sha256', readFileSync(file), 'hex');
}
