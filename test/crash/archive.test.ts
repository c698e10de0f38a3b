/**
 * The archive against sudden death: the real gateway is killed between any two of its durable steps. Afterwards every record
 * is in the buffer or in the archive, is shown once, and no file was cut.
 */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { archivedAtLeast, archiveFiles, SHORT_ARCHIVE } from '../harness/archived.ts';
import { counterfoil } from '../harness/command.ts';
import { Gateway, type GatewayOptions } from '../harness/gateway.ts';
import { publish } from '../harness/mosquitto.ts';
import { missing } from '../harness/programs.ts';
import { aRecord, wire } from '../harness/records.ts';
import { PmsProcess } from '../harness/reference-pms.ts';
import { Scene } from '../harness/scene.ts';

const settled = new Scene();
let template: string;
let sent: readonly string[];
/** A gateway's folder with settled records, once for all steps. */
beforeAll(async () => {
  if (missing('mosquitto_pub')) return;
  const pms = await PmsProcess.start(settled);
  const gateway = await Gateway.start(settled, { pmsUrl: pms.url });
  const records = Array.from({ length: 6 }, () => aRecord());
  for (const record of records) await publish(gateway, 'till', wire(record));
  await gateway.getOnce('/api/v1/status', (body) => JSON.stringify(body).includes('"SYNCED":6'), '6 settled records');
  await gateway.stop();
  await pms.stop();
  template = gateway.folder;
  sent = records.map((record) => record.idempotency_key).sort();
});
afterAll(() => settled.close());

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.close());

const PLANT = join(import.meta.dirname, '../harness/plant-archive.ts');

describe.skipIf(missing('mosquitto_pub'))('killed', () => {
  test.each([
    ['in the middle of a frame', 'torn', 2],
    ['with a frame in its file that nobody knows of', 'appended', 2],
    ['with a frame noted and all its rows still there', 'noted', 1],
    ['with some of its rows gone', 'leaving', 1],
  ])('%s', async (_, step, parts) => {
    const folder = scene.folder();
    cpSync(template, folder, { recursive: true });
    const env = { ARCHIVE_STEP: step, ARCHIVE_DIR: join(folder, 'data/trail/archive') };
    const options: GatewayOptions = { folder, preload: [SHORT_ARCHIVE, PLANT], env };
    const doomed = new Gateway(folder, options);
    scene.onClose(() => doomed.kill());
    await doomed.start().catch(() => {});
    expect((await doomed.ended()).signal).toBe('SIGKILL');
    const before = archiveFiles(doomed);

    const gateway = await Gateway.start(scene, { folder, preload: [SHORT_ARCHIVE] });
    await archivedAtLeast(gateway, sent.length - 1);
    const after = archiveFiles(gateway);
    expect([...after.keys()]).toHaveLength(parts);
    // What was there stays at its place, whatever it was.
    for (const [name, bytes] of before) expect(after.get(name)?.subarray(0, bytes.length).equals(bytes)).toBe(true);
    const all = await counterfoil('records', 'export', '--format', 'json', '--data-dir', gateway.dataDir);
    const shown = (JSON.parse(all.output) as { record: { idempotency_key: string } }[]).map(({ record }) => record);
    expect(shown.map((record) => record.idempotency_key).sort()).toEqual(sent);
    const verified = await counterfoil('trail', 'verify', join(folder, 'data/trail'));
    expect(verified.code, verified.output).toBe(0);
  });
});
