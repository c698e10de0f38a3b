/** A store gets another PMS: the gateway is stopped, a person opens a new epoch, and the tills do the rest. */
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Receipt } from '../../src/record/lane-wire.ts';
import { checkBuffer } from '../harness/checker/check.ts';
import { counterfoil } from '../harness/command.ts';
import { Gateway, STORE, writeConfig } from '../harness/gateway.ts';
import { aRecord, type SentRecord } from '../harness/records.ts';
import { PmsProcess } from '../harness/reference-pms.ts';
import { type TestRoster, writeRoster } from '../harness/roster.ts';
import { Scene } from '../harness/scene.ts';
import { Till } from '../harness/till.ts';
import { entriesOf } from '../harness/trail-entries.ts';

let scene: Scene;
let roster: TestRoster;
beforeEach(() => {
  scene = new Scene();
  roster = writeRoster(scene.folder());
});
afterEach(() => scene.close());

const keysOf = (records: readonly SentRecord[]) => records.map((record) => record.idempotency_key).sort();
const openEpoch = (config: string, ...more: string[]) =>
  counterfoil(
    'epoch',
    'open',
    '--config',
    config,
    '--reason',
    'new_pms',
    '--meaning',
    'the chain has a new PMS',
    '--yes',
    ...more,
  );
const signedBy = ({ kid, keyFile }: { kid: string; keyFile: string }) => ['--kid', kid, '--key', keyFile];

test('what the old PMS had stays there, everything else reaches the new one once', async () => {
  const folder = scene.folder();
  const config = { schedule_two: { roster_file: roster.file } };
  const before = await PmsProcess.start(scene);
  const gateway = await Gateway.start(scene, { folder, config, pmsUrl: before.url });
  const outboxes = ['a', 'b'].map((lane) => join(folder, `${lane}.db`));
  const tills = outboxes.map((path, index) => new Till(scene, gateway, `lane-${index}`, path));
  const sales = () => [aRecord(), aRecord({ schedule: 'II' }), aRecord(), aRecord({ schedule: 'II' })];

  const settled = tills.map(sales);
  for (const [index, till] of tills.entries()) {
    till.sell(...(settled[index] ?? []));
    await till.receipts.matching(({ status }) => status === 'synced', 4, 'synced receipts');
  }
  await before.stop();
  const waiting = tills.map(sales);
  for (const [index, till] of tills.entries()) {
    till.sell(...(waiting[index] ?? []));
    await till.receipts.matching(({ status }) => status === 'accepted', 8, 'accepted receipts');
  }

  const file = writeConfig(folder, { config, pmsUrl: before.url });
  expect(await openEpoch(file, ...signedBy(roster.rita))).toMatchObject({
    code: 78,
    errors: expect.stringContaining('another gateway is running'),
  });
  await Promise.all(tills.map((till) => till.stop()));
  await gateway.stop();
  expect(await openEpoch(file, ...signedBy(roster.paul))).toMatchObject({
    code: 1,
    errors: expect.stringContaining('does not have the role'),
  });
  const opened = await openEpoch(file, '--json', ...signedBy(roster.rita));
  expect(opened.code).toBe(0);
  const { epoch, predecessor, carried } = JSON.parse(opened.output) as Record<string, unknown>;
  expect(carried).toBe(8);

  // The new PMS is not there yet: what the tills send again meets records that wait.
  const announced = await PmsProcess.start(scene);
  await announced.stop();
  const next = await Gateway.start(scene, { folder, config, pmsUrl: announced.url });
  const again = outboxes.map((path, index) => new Till(scene, next, `lane-${index}`, path));
  for (const [index, till] of again.entries()) {
    for (const key of keysOf(waiting[index] ?? [])) {
      expect(await till.receipts.withStatus(key, 'duplicate')).toMatchObject({ epoch, state: 'PENDING' });
    }
    expect(till.epochs).toEqual([{ from: predecessor, to: epoch }]);
  }
  const later = aRecord();
  again[0]?.sell(later);
  await again[0]?.receipts.withStatus(later.idempotency_key, 'accepted');
  const after = await PmsProcess.start(scene, { url: announced.url, db: announced.db });
  for (const [index, till] of again.entries()) {
    for (const key of keysOf(waiting[index] ?? [])) await till.receipts.withStatus(key, 'synced');
  }
  await again[0]?.receipts.withStatus(later.idempotency_key, 'synced');

  const atPms = (pms: PmsProcess) =>
    pms
      .query<{ key: string }>('SELECT idempotency_key AS key FROM records')
      .map(({ key }) => key)
      .sort();
  expect(atPms(before)).toEqual(keysOf(settled.flat()));
  expect(atPms(after)).toEqual(keysOf([...waiting.flat(), later]));
  const places = after.query<{ epoch: string; stream: string; number: number }>(
    'SELECT epoch, stream, stream_sequence AS number FROM places ORDER BY stream, stream_sequence',
  );
  expect(places.map((place) => `${place.stream} ${place.number}`)).toEqual([
    ...[1, 2, 3, 4].map((number) => `schedule_two ${number}`),
    ...[1, 2, 3, 4, 5].map((number) => `standard ${number}`),
  ]);
  expect(new Set(places.map((place) => place.epoch))).toEqual(new Set([epoch]));

  await Promise.all(again.map((till) => till.stop()));
  await next.stop();
  const seen = again.flatMap((till) => till.receipts.all);
  const hashes = (receipts: readonly Receipt[]) => new Set(receipts.map((receipt) => receipt.lane_hash ?? ''));
  const problems = checkBuffer(next.dataDir, {
    published: hashes(seen),
    acknowledged: hashes(seen),
    sequences: new Map(seen.map((receipt) => [receipt.lane_hash ?? '', receipt.sequence ?? 0])),
    synced: hashes(seen.filter(({ status }) => status === 'synced')),
  });
  expect(problems).toEqual([]);
});

test('the act is in both trails, with its signer and the epoch it ends', async () => {
  const config = { schedule_two: { roster_file: roster.file } };
  const gateway = await Gateway.start(scene, { config });
  await gateway.stop();
  const file = writeConfig(gateway.folder, { config });
  const { rosa } = roster;
  const opened = await openEpoch(file, '--json', ...signedBy(rosa), '--passphrase-file', rosa.passphraseFile);
  const { epoch, predecessor } = JSON.parse(opened.output) as Record<string, unknown>;
  const database = new Database(gateway.bufferFile, { readonly: true });
  scene.onClose(() => database.close());
  const told = (['audit', 'schedule_two'] as const).flatMap((log) => entriesOf(gateway.bufferFile, 'epoch', log));
  const body = { by: 'Rosa Reviewer', key_id: 'rosa', epoch, predecessor, reason: 'new_pms', carried: 0 };
  expect(told).toMatchObject([body, body]);
  const statement = database.prepare('SELECT statement FROM act').pluck().get() as string;
  expect(JSON.parse(statement)).toMatchObject({ step: 'open_epoch', epoch: predecessor, gateway_id: `gw-${STORE}` });
});

test('without a roster, or without a buffer, nothing is opened', async () => {
  const folder = scene.folder();
  const args = [...signedBy(roster.rita)];
  expect(await openEpoch(writeConfig(folder, {}), ...args)).toMatchObject({
    code: 1,
    errors: expect.stringContaining('roster keygen'),
  });
  const config = { schedule_two: { roster_file: roster.file } };
  expect(await openEpoch(writeConfig(folder, { config }), ...args)).toMatchObject({
    code: 78,
    errors: expect.stringContaining('there is no buffer'),
  });
});
