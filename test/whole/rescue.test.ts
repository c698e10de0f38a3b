/** A box that died under load: its disk read elsewhere with the recovery key alone, and a gateway made of it. */
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Receipt } from '../../src/record/lane-wire.ts';
import { recoveryKey } from '../harness/backup.ts';
import { checkBuffer } from '../harness/checker/check.ts';
import { counterfoil } from '../harness/command.ts';
import { COUNTERFOIL, Gateway, ROOT } from '../harness/gateway.ts';
import { Program } from '../harness/program.ts';
import { aRecord, type SentRecord } from '../harness/records.ts';
import { PmsProcess } from '../harness/reference-pms.ts';
import { Scene } from '../harness/scene.ts';
import { Till } from '../harness/till.ts';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.close());

const hashes = (receipts: readonly Receipt[]) => new Set(receipts.map(({ lane_hash }) => lane_hash ?? ''));
const jsonOf = (output: string) => JSON.parse(output) as Record<string, unknown>;

/** A gateway with a recovery key that sells while the PMS is away, and dies. */
async function deadBox() {
  const folder = scene.folder();
  const key = recoveryKey(folder);
  const config = { recovery: { public_key_file: key.publicFile } };
  const pms = await PmsProcess.start(scene);
  const gateway = await Gateway.start(scene, { folder, config, pmsUrl: pms.url });
  const outbox = join(folder, 'lane.db');
  const till = new Till(scene, gateway, 'lane-1', outbox);
  const sold: SentRecord[] = [];
  const sell = () => {
    const record = aRecord({ schedule: sold.length % 3 === 0 ? 'II' : 'IV' });
    sold.push(record);
    till.sell(record);
  };
  for (let n = 0; n < 20; n += 1) sell();
  await till.receipts.matching(({ status }) => status === 'synced', 20, 'synced receipts');
  await pms.stop();
  till.onReceipt = () => sell();
  for (let n = 0; n < 4; n += 1) sell();
  await till.receipts.matching(({ status }) => status === 'accepted', 60, 'accepted receipts');
  const hasTrail = ({ trail }: Record<string, unknown>) =>
    (trail as { logs: { stored_entries: number }[] }).logs.every(({ stored_entries }) => stored_entries > 0);
  await gateway.getOnce('/api/v1/status', hasTrail, 'entries in segments');
  await gateway.kill();
  till.onReceipt = () => {};
  await till.stop();
  // The disk as somebody finds it: the key medium is gone, only what is on the data partition is there.
  const disk = join(scene.folder(), 'disk');
  cpSync(gateway.dataDir, disk, { recursive: true });
  rmSync(join(disk, 'box.key'));
  return { config, disk, gateway, key, outbox, pms, sold, till };
}

test('kill -9 under load, the key lost: rescued by the recovery key, each record once, here and at the PMS', async () => {
  const { config, disk, key, outbox, pms, sold, till } = await deadBox();
  const before = hashes(till.receipts.all);
  const untouched = readFileSync(join(disk, 'buffer.db-wal'));

  const blind = await counterfoil('rescue', '--disk', disk);
  expect(blind).toMatchObject({ code: 78, errors: expect.stringMatching(/no box\.key[\s\S]*--key/) });
  const looked = await counterfoil('rescue', '--disk', disk, '--key', key.privateFile);
  expect(looked).toMatchObject({ code: 0, errors: '' });
  expect(looked.output).toMatch(/of schedule II, PENDING[\s\S]*Nothing was made/);

  const elsewhere = scene.folder();
  const to = join(elsewhere, 'data');
  const rescued = await counterfoil('rescue', '--disk', disk, '--key', key.privateFile, '--to', to, '--json');
  expect(rescued).toMatchObject({ code: 0, errors: '' });
  const { opened } = jsonOf(rescued.output) as { opened: { epoch: string; predecessor: string } };
  expect(readFileSync(join(disk, 'buffer.db-wal')).equals(untouched)).toBe(true);

  const next = await Gateway.start(scene, { folder: elsewhere, config, pmsUrl: pms.url });
  expect(JSON.stringify((await next.get('/health')).body)).toContain('rescued disk');
  await PmsProcess.start(scene, { url: pms.url, db: pms.db });
  const again = new Till(scene, next, 'lane-1', outbox);
  const isEnd = ({ state, status }: Receipt) => status === 'synced' || state === 'SYNCED';
  const kept = new Set(sold.map(({ idempotency_key }) => idempotency_key));
  for (const { idempotency_key, status } of till.receipts.all)
    if (status === 'synced') kept.delete(idempotency_key ?? '');
  for (const each of kept) {
    await again.receipts.matching((one) => one.idempotency_key === each && isEnd(one), 1, 'synced');
  }
  expect(again.epochs).toEqual([{ from: opened.predecessor, to: opened.epoch }]);
  await next.getOnce('/api/v1/status', (body) => !/"PENDING":[1-9]/.test(JSON.stringify(body)), 'nothing pending');
  await again.stop();
  await next.stop();

  const held = pms.query<{ key: string }>('SELECT idempotency_key AS key FROM records').map((row) => row.key);
  expect(held.sort()).toEqual(sold.map(({ idempotency_key }) => idempotency_key).sort());
  const db = new Database(next.bufferFile, { readonly: true });
  scene.onClose(() => db.close());
  const found = db.prepare<[], string>('SELECT lower(hex(lane_hash)) FROM record').pluck().all();
  expect(new Set(found).size).toBe(found.length);
  expect([...before].filter((hash) => !found.includes(hash))).toEqual([]);
  const { receipts } = again;
  const problems = checkBuffer(next.dataDir, {
    published: hashes([...till.receipts.all, ...receipts.all]),
    acknowledged: hashes(receipts.all),
    sequences: new Map(receipts.all.map(({ lane_hash, sequence }) => [lane_hash ?? '', sequence ?? 0])),
    synced: hashes(receipts.all.filter(isEnd)),
  });
  expect(problems).toEqual([]);
  expect(await counterfoil('trail', 'verify', join(to, 'trail'))).toMatchObject({ code: 0 });
});

test('a rescue that was killed is run again, and no gateway starts on half of it', async () => {
  const { config, disk, key } = await deadBox();
  const folder = scene.folder();
  const to = join(folder, 'data');
  // What a kill between copying and naming leaves.
  mkdirSync(join(to, 'restoring'), { recursive: true, mode: 0o700 });
  mkdirSync(join(to, 'trail', 'restoring'), { recursive: true, mode: 0o700 });
  writeFileSync(join(to, 'restoring', 'buffer.db'), 'half');
  const { said } = await Gateway.refusal(scene, { folder, config });
  expect(said).toContain('was not finished');

  const args = ['rescue', '--disk', disk, '--key', key.privateFile, '--to', to];
  // Killed at whatever it is doing; each run clears away what the one before has left, and begins again.
  for (const step of ['restoring/buffer.db', 'restoring/buffer.db-wal']) {
    const run = Program.start(process.execPath, [COUNTERFOIL, ...args], { cwd: ROOT });
    const isOver = run.ended().then(() => true);
    while (
      !existsSync(join(to, step)) &&
      !(await Promise.race([isOver, new Promise((go) => setImmediate(go, false))]))
    ) {}
    await run.stop('SIGKILL');
  }
  const done = existsSync(join(to, 'buffer.db'));
  if (!done)
    expect(await counterfoil(...args)).toMatchObject({ code: 0, output: expect.stringContaining('Rescued to') });
  expect(await counterfoil(...args)).toMatchObject({ code: 2, errors: expect.stringContaining('holds a buffer') });
  await Gateway.start(scene, { folder, config });
});

test('a damaged disk: said, nothing made; with --even-so what can be read is brought over', async () => {
  const { disk, key } = await deadBox();
  const segment = join(disk, 'trail', 'audit', 's00000000.log');
  const bytes = readFileSync(segment);
  bytes.writeUInt8((bytes[300] ?? 0) ^ 1, 300);
  writeFileSync(segment, bytes);
  const to = join(scene.folder(), 'data');
  const args = ['rescue', '--disk', disk, '--key', key.privateFile, '--to', to];
  const refused = await counterfoil(...args);
  expect(refused).toMatchObject({ code: 1, output: expect.stringMatching(/WRONG {2}trail audit[\s\S]*--even-so/) });
  expect(existsSync(join(to, 'buffer.db'))).toBe(false);
  expect((await counterfoil(...args, '--even-so')).output).toContain('Rescued to');
  expect(existsSync(join(to, 'buffer.db'))).toBe(true);

  rmSync(join(disk, 'trail'), { recursive: true });
  expect((await counterfoil(...args.slice(0, 5))).output).toContain('NO TRAIL was found');
});

test('another chain’s key, and a disk without a buffer, are said in plain words', async () => {
  const { disk } = await deadBox();
  const other = recoveryKey(scene.folder());
  expect(await counterfoil('rescue', '--disk', disk, '--key', other.privateFile)).toMatchObject({
    errors: expect.stringContaining('does not open'),
  });
  expect(await counterfoil('rescue', '--disk', scene.folder())).toMatchObject({
    code: 2,
    errors: expect.stringContaining('there is no buffer.db'),
  });
});
