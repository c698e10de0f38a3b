/** A backup of a gateway at work, the box lost, and another one made of the backup: nothing missing, nothing twice. */
import { randomBytes } from 'node:crypto';
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Receipt } from '../../src/record/lane-wire.ts';
import { recoveryKey } from '../harness/backup.ts';
import { checkBuffer } from '../harness/checker/check.ts';
import { counterfoil } from '../harness/command.ts';
import { canMount, SmallDisk } from '../harness/crash/small-disk.ts';
import { COUNTERFOIL, Gateway, ROOT, writeConfig } from '../harness/gateway.ts';
import { Program } from '../harness/program.ts';
import { aRecord, type SentRecord } from '../harness/records.ts';
import { PmsProcess } from '../harness/reference-pms.ts';
import { writeRoster } from '../harness/roster.ts';
import { Scene } from '../harness/scene.ts';
import { Till } from '../harness/till.ts';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.close());

const mountable = canMount(join(tmpdir(), `counterfoil-mount-${process.pid}`));
if (!mountable) process.stderr.write('\nSKIPPED: backup to a full disk needs root to mount one.\n');

const hashes = (receipts: readonly Receipt[]) => new Set(receipts.map(({ lane_hash }) => lane_hash ?? ''));
const jsonOf = (output: string) => JSON.parse(output) as Record<string, unknown>;

async function create(folder: string, file: string, ...more: string[]) {
  return await counterfoil(
    'backup',
    'create',
    '--config',
    join(folder, 'gateway.yaml'),
    '--to',
    file,
    '--json',
    ...more,
  );
}

async function healthWarnings(gateway: Gateway): Promise<string> {
  return JSON.stringify((await gateway.get('/health')).body);
}

test('made while tills sell, put back after kill -9: every record once, here and at the PMS', async () => {
  const folder = scene.folder();
  const key = recoveryKey(folder);
  const config = { recovery: { public_key_file: key.publicFile } };
  const pms = await PmsProcess.start(scene);
  const gateway = await Gateway.start(scene, { folder, config, pmsUrl: pms.url });
  const outboxes = ['a', 'b'].map((lane) => join(folder, `${lane}.db`));
  const tills = outboxes.map((path, index) => new Till(scene, gateway, `lane-${index}`, path));
  const sold: SentRecord[] = [];
  const sell = (till: Till) => {
    const record = aRecord({ schedule: sold.length % 3 === 0 ? 'II' : 'IV' });
    sold.push(record);
    till.sell(record);
  };
  for (const till of tills) for (let n = 0; n < 20; n += 1) sell(till);
  for (const till of tills) await till.receipts.matching(({ status }) => status === 'synced', 20, 'synced receipts');

  // From here on the PMS is away, and each receipt makes its till sell once more.
  await pms.stop();
  for (const till of tills) {
    till.onReceipt = () => sell(till);
    for (let n = 0; n < 4; n += 1) sell(till);
  }
  for (const till of tills)
    await till.receipts.matching(({ status }) => status === 'accepted', 50, 'accepted receipts');
  const before = hashes(tills.flatMap(({ receipts }) => receipts.all));
  const backup = join(folder, 'one.cfb');
  const made = await create(folder, backup);
  expect(made).toMatchObject({ code: 0, errors: '' });
  const told = jsonOf(made.output);
  expect(Number((told.buffer as { records: number }).records)).toBeGreaterThanOrEqual(before.size);
  expect(readdirSync(gateway.dataDir).filter((name) => name.includes('copy'))).toEqual([]);

  // What comes now is not in the backup. Some of it reaches the PMS, and its till lets go of it.
  const seen = tills.map((till) => till.receipts.all.length);
  const later = ({ receipts }: Till, index: number) => receipts.all.slice(seen[index]);
  const isNew = (status: Receipt['status']) => (till: Till, index: number) =>
    till.receipts.matching((receipt) => receipt.status === status && later(till, index).includes(receipt), 5, status);
  await Promise.all(tills.map(isNew('accepted')));
  await PmsProcess.start(scene, { url: pms.url, db: pms.db });
  await Promise.all(tills.map(isNew('synced')));
  await gateway.kill();
  for (const till of tills) till.onReceipt = () => {};
  await Promise.all(tills.map((till) => till.stop()));

  const elsewhere = scene.folder();
  const to = join(elsewhere, 'data');
  const rehearsed = await counterfoil(
    'backup',
    'restore',
    backup,
    '--to',
    to,
    '--key',
    key.privateFile,
    '--rehearse',
    '--json',
  );
  expect(rehearsed).toMatchObject({ code: 0, errors: '' });
  expect(jsonOf(rehearsed.output)).toMatchObject({ ok: true, buffer: told.buffer });
  expect(existsSync(to)).toBe(false);
  const restored = await counterfoil('backup', 'restore', backup, '--to', to, '--key', key.privateFile, '--json');
  expect(restored).toMatchObject({ code: 0, errors: '' });
  const { opened } = jsonOf(restored.output) as { opened: { epoch: string; predecessor: string } };

  const next = await Gateway.start(scene, { folder: elsewhere, config, pmsUrl: pms.url });
  expect(await healthWarnings(next)).toContain('restored from a backup');
  const kept = new Set(sold.map(({ idempotency_key }) => idempotency_key));
  for (const { receipts } of tills) {
    for (const { idempotency_key, status } of receipts.all) if (status === 'synced') kept.delete(idempotency_key ?? '');
  }
  const again = outboxes.map((path, index) => new Till(scene, next, `lane-${index}`, path));
  const isSynced = ({ status }: Receipt) => status === 'synced';
  const finals = () =>
    again.flatMap(({ receipts }) => receipts.all.filter((one) => isSynced(one) || one.state === 'SYNCED'));
  for (const key of kept) {
    await Promise.race(
      again.map(({ receipts }) =>
        receipts.matching(
          (one) => one.idempotency_key === key && (isSynced(one) || one.state === 'SYNCED'),
          1,
          'synced',
        ),
      ),
    );
  }
  for (const till of again) expect(till.epochs).toEqual([{ from: opened.predecessor, to: opened.epoch }]);
  await next.getOnce('/api/v1/status', (body) => !/"PENDING":[1-9]/.test(JSON.stringify(body)), 'nothing pending');
  await Promise.all(again.map((till) => till.stop()));
  await next.stop();

  const held = pms.query<{ key: string }>('SELECT idempotency_key AS key FROM records').map((row) => row.key);
  expect(held.sort()).toEqual(sold.map(({ idempotency_key }) => idempotency_key).sort());
  const db = new Database(next.bufferFile, { readonly: true });
  scene.onClose(() => db.close());
  const found = db.prepare<[], string>('SELECT lower(hex(lane_hash)) FROM record').pluck().all();
  expect(new Set(found).size).toBe(found.length);
  expect([...before].filter((hash) => !found.includes(hash))).toEqual([]);
  const receipts = again.flatMap((till) => till.receipts.all);
  const problems = checkBuffer(next.dataDir, {
    published: hashes([...tills, ...again].flatMap((till) => till.receipts.all)),
    acknowledged: hashes(receipts),
    sequences: new Map(receipts.map((receipt) => [receipt.lane_hash ?? '', receipt.sequence ?? 0])),
    synced: hashes(finals()),
  });
  expect(problems).toEqual([]);
  const verdict = await counterfoil('trail', 'verify', join(to, 'trail'), '--json');
  expect([verdict.code, jsonOf(verdict.output).ok]).toEqual([0, true]);
});

/** A stopped gateway with a few records, and a backup of it. */
async function smallBackup(...more: string[]) {
  const folder = scene.folder();
  const key = recoveryKey(folder);
  const roster = writeRoster(folder);
  const config = {
    recovery: { public_key_file: key.publicFile },
    schedule_two: { roster_file: roster.file },
    pms: { token_file: join(folder, 'token') },
  };
  writeFileSync(join(folder, 'token'), 'a-token-of-the-pms', { mode: 0o600 });
  const gateway = await Gateway.start(scene, { folder, config });
  const till = new Till(scene, gateway, 'lane-1', ':memory:');
  till.sell(aRecord(), aRecord({ schedule: 'II' }), aRecord());
  await till.receipts.matching(({ status }) => status === 'accepted', 3, 'accepted receipts');
  await till.stop();
  await gateway.stop();
  mkdirSync(join(gateway.dataDir, 'trail', 'archive', 'standard'), { recursive: true });
  writeFileSync(join(gateway.dataDir, 'trail', 'archive', 'standard', '2026-01.0.cfa'), 'a file of the archive');
  const file = join(folder, 'small.cfb');
  const made = await create(folder, file, ...more);
  expect(made).toMatchObject({ code: 0, errors: '' });
  return { folder, key, roster, config, gateway, file, made: jsonOf(made.output) };
}

const restore = (file: string, to: string, ...more: string[]) =>
  counterfoil('backup', 'restore', file, '--to', to, ...more);

test('a person signs the restore: both trails tell, and health has nothing to say about it', async () => {
  const { file, key, roster, config } = await smallBackup();
  const folder = scene.folder();
  const to = join(folder, 'data');
  const sign = ['--roster', roster.file, '--kid', roster.rita.kid, '--sign-key', roster.rita.keyFile];
  const open = ['--key', key.privateFile];
  expect(await restore(file, to, ...open, ...sign)).toMatchObject({
    code: 2,
    errors: expect.stringContaining('needs all of it'),
  });
  const restored = await restore(file, to, ...open, ...sign, '--meaning', 'the box burned', '--json');
  expect(restored.code).toBe(0);
  const { opened } = jsonOf(restored.output) as { opened: { epoch: string; predecessor: string } };
  const gateway = await Gateway.start(scene, { folder, config });
  expect(await healthWarnings(gateway)).not.toContain('restored from a backup');
  await gateway.stop();
  const shown = await counterfoil('trail', 'show', join(to, 'trail'), '--kind', 'epoch', '--json');
  const lines = shown.output.split('\n').filter((line) => line.includes('"k":"epoch"') || line.includes('"epoch"'));
  expect(lines).toHaveLength(2);
  for (const line of lines) {
    for (const word of ['Rita Reviewer', 'the box burned', opened.epoch, opened.predecessor, 'restored']) {
      expect(line).toContain(word);
    }
  }
});

test('an unsigned restore is signed later by opening an epoch', async () => {
  const { file, key, roster, config } = await smallBackup();
  const folder = scene.folder();
  expect(await restore(file, join(folder, 'data'), '--key', key.privateFile)).toMatchObject({ code: 0 });
  const yaml = writeConfig(folder, { config });
  const signed = await counterfoil(
    'epoch',
    'open',
    ...['--config', yaml, '--reason', 'restore_confirmed', '--meaning', 'looked at', '--yes'],
    ...['--kid', roster.rita.kid, '--key', roster.rita.keyFile],
  );
  expect(signed).toMatchObject({ code: 0 });
  const gateway = await Gateway.start(scene, { folder, config });
  expect(await healthWarnings(gateway)).not.toContain('restored from a backup');
});

test('private keys are in it only when asked for, and box.key never as it is', async () => {
  const without = await smallBackup();
  const withKeys = await smallBackup('--with-keys');
  for (const [{ file, key }, has] of [
    [without, false],
    [withKeys, true],
  ] as const) {
    const to = join(scene.folder(), 'data');
    expect(await restore(file, to, '--key', key.privateFile)).toMatchObject({ code: 0 });
    expect(existsSync(join(to, 'restored', 'keys', 'pms.token_file'))).toBe(has);
    expect(existsSync(join(to, 'restored', 'keys', 'trail-signer.key'))).toBe(has);
    expect(readFileSync(join(to, 'trail', 'archive', 'standard', '2026-01.0.cfa'), 'utf8')).toBe(
      'a file of the archive',
    );
    expect(readdirSync(join(to, 'restored', 'config')).sort()).toEqual([
      'gateway.yaml',
      'recovery.public_key_file',
      'schedule_two.roster_file',
    ]);
  }
});

test('a passphrase opens everything but the box key; with a copy of that the gateway can go on', async () => {
  const folder = scene.folder();
  const passphrase = join(folder, 'passphrase');
  writeFileSync(passphrase, 'correct horse battery staple\n', { mode: 0o600 });
  const { file, gateway } = await smallBackup('--passphrase-file', passphrase);
  const verified = await counterfoil('backup', 'verify', file, '--passphrase-file', passphrase);
  expect(verified).toMatchObject({ code: 0, output: expect.stringContaining('sealed records were not opened') });
  const to = join(folder, 'data');
  expect(await restore(file, to, '--passphrase-file', passphrase)).toMatchObject({
    code: 78,
    errors: expect.stringContaining('--box-key'),
  });
  expect(readdirSync(to)).toEqual(['trail']);
  const boxKey = join(folder, 'box.key');
  copyFileSync(join(gateway.dataDir, 'box.key'), boxKey);
  const foreign = join(folder, 'foreign.key');
  writeFileSync(foreign, randomBytes(32));
  expect(await restore(file, to, '--passphrase-file', passphrase, '--box-key', foreign)).toMatchObject({ code: 78 });
  expect(await restore(file, to, '--passphrase-file', passphrase, '--box-key', boxKey)).toMatchObject({ code: 0 });
});

test('refused: nobody to encrypt for, a name that is taken, a buffer or a trail in the way, a wrong key, damage', async () => {
  const { file, folder, key, gateway } = await smallBackup();
  const nobody = scene.folder();
  cpSync(gateway.dataDir, join(nobody, 'data'), { recursive: true });
  writeConfig(nobody, {});
  expect(await create(nobody, join(nobody, 'b'))).toMatchObject({
    code: 78,
    errors: expect.stringContaining('recovery.public_key_file'),
  });
  expect(await create(folder, file)).toMatchObject({ code: 2, errors: expect.stringContaining('is there already') });
  const open = ['--key', key.privateFile];
  expect(await restore(file, gateway.dataDir, ...open)).toMatchObject({
    code: 2,
    errors: expect.stringContaining('holds a buffer'),
  });
  const trail = ['--trail', join(gateway.dataDir, 'trail')];
  expect(await restore(file, join(nobody, 'new'), ...open, ...trail)).toMatchObject({
    code: 2,
    errors: expect.stringContaining('holds a trail'),
  });
  const other = recoveryKey(scene.folder());
  expect(await counterfoil('backup', 'verify', file, '--key', other.privateFile)).toMatchObject({
    code: 1,
    errors: expect.stringContaining('this key does not open the backup'),
  });
  const bytes = readFileSync(file);
  const middle = bytes.length >> 1;
  bytes[middle] = (bytes[middle] ?? 0) ^ 4;
  writeFileSync(join(nobody, 'flipped'), bytes);
  const to = join(nobody, 'new');
  for (const command of [
    ['verify', join(nobody, 'flipped')],
    ['restore', join(nobody, 'flipped'), '--to', to],
  ]) {
    expect(await counterfoil('backup', ...command, ...open)).toMatchObject({
      code: 1,
      errors: expect.stringContaining('the backup is damaged'),
    });
  }
  expect(readdirSync(to)).toEqual(['trail']);
});

test('a gateway tells in its trail that a backup was made, running or not', async () => {
  const { folder, config, made } = await smallBackup();
  const gateway = await Gateway.start(scene, { folder, config });
  const second = jsonOf((await create(folder, join(folder, 'second.cfb'))).output);
  await gateway.stop();
  const shown = await counterfoil('trail', 'show', join(gateway.dataDir, 'trail'), '--kind', 'backup', '--json');
  for (const { sha256, trail_index } of [made, second]) {
    expect(trail_index).toEqual(expect.any(Number));
    expect(shown.output).toContain(Buffer.from(String(sha256), 'hex').toString('base64'));
  }
});

test('killed before any of its steps, a restore is begun again until it is whole', async () => {
  const { file, key, config } = await smallBackup();
  const folder = scene.folder();
  const to = join(folder, 'data');
  mkdirSync(to, { mode: 0o700 });
  const args = ['--import', join(ROOT, 'test/harness/sealer/kill-at.ts'), COUNTERFOIL];
  let kills = 0;
  for (let step = 1; !existsSync(join(to, 'buffer.db')); step += 9) {
    const command = [...args, 'backup', 'restore', file, '--to', to, '--key', key.privateFile];
    const env = { ...process.env, KILL_AT: String(step) };
    const program = Program.start(process.execPath, command, { cwd: ROOT, env });
    const { signal } = await program.ended();
    if (signal !== 'SIGKILL') break;
    kills += 1;
    const names = readdirSync(to);
    if (names.includes('box.key') && !names.includes('buffer.db')) expect(names).toContain('restoring');
  }
  expect(kills).toBeGreaterThan(2);
  const gateway = await Gateway.start(scene, { folder, config });
  expect(gateway.storedRecords).toBe(3);
  await gateway.stop();
  expect(await counterfoil('trail', 'verify', join(to, 'trail'))).toMatchObject({ code: 0 });
});

test('a gateway does not start on half a restore', async () => {
  const folder = scene.folder();
  mkdirSync(join(folder, 'data', 'restoring'), { recursive: true, mode: 0o700 });
  const { ending, said } = await Gateway.refusal(scene, { folder });
  expect([ending.code, said]).toEqual([78, expect.stringContaining('was not finished')]);
});

test.skipIf(!mountable)(
  'a disk that fills up on the way: nothing half is left, and the words say what to do',
  async () => {
    const { file, folder, key } = await smallBackup();
    const disk = new SmallDisk(join(scene.folder(), 'usb'));
    scene.onClose(() => disk.unmount());
    disk.mount(48 * 1024);
    const target = join(disk.folder, 'b.cfb');
    const full = { code: 74, errors: expect.stringContaining('is full; no backup was made') };
    expect(await create(folder, target)).toMatchObject(full);
    expect(readdirSync(disk.folder)).toEqual([]);
    const restored = await restore(file, join(disk.folder, 'data'), '--key', key.privateFile);
    expect(restored).toMatchObject({ code: 74, errors: expect.stringContaining('is full; nothing was restored') });
    expect(readdirSync(join(disk.folder, 'data'))).toEqual(['trail']);
    const scratch = await create(folder, join(folder, 'x.cfb'), '--scratch', disk.folder);
    expect(scratch).toMatchObject({ code: 74, errors: expect.stringContaining('--scratch') });
    expect([existsSync(join(folder, 'x.cfb')), readdirSync(disk.folder)]).toEqual([false, ['data']]);
  },
);
