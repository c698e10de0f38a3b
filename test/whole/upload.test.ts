/** Closed segments and archive files in an object store that keeps them locked: Ceph's, which checks every signature. */
import { createHash } from 'node:crypto';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { archivedAtLeast, archiveFiles, SHORT_ARCHIVE } from '../harness/archived.ts';
import { counterfoil } from '../harness/command.ts';
import { Gateway, type GatewayOptions } from '../harness/gateway.ts';
import { publish } from '../harness/mosquitto.ts';
import { CephStore, STORE_KEYS } from '../harness/object-store/ceph.ts';
import { FAKETIME, missing } from '../harness/programs.ts';
import { aRecord, wire } from '../harness/records.ts';
import { PmsProcess } from '../harness/reference-pms.ts';
import { Scene } from '../harness/scene.ts';
import { entriesOf } from '../harness/trail-entries.ts';

const QUICK = join(import.meta.dirname, '../harness/object-store/quick-uploads.ts');
const DAY_MS = 24 * 3600 * 1000;

const standing = new Scene();
let store: CephStore;
let template: string;
beforeAll(async () => {
  if (missing('ceph', 'python3 with boto3', 'faketime', 'mosquitto_pub')) return;
  store = await CephStore.start(standing);
  await store.makeBucket('locked', { locked: true });
  await store.makeBucket('open', { locked: false });
  template = await sold();
});
afterAll(() => standing.close());

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.close());

/** Settings of a gateway that uploads into that bucket, with the right keys or with others. */
function uploading(folder: string, bucket: string, secretKey: string = STORE_KEYS.secretKey): GatewayOptions {
  const files = { access_key_file: join(folder, 'access'), secret_key_file: join(folder, 'secret') };
  writeFileSync(files.access_key_file, `${STORE_KEYS.accessKey}\n`, { mode: 0o600 });
  writeFileSync(files.secret_key_file, `${secretKey}\n`, { mode: 0o600 });
  return {
    folder,
    preload: [QUICK, SHORT_ARCHIVE],
    config: { upload: { url: store.url, bucket, prefix: 'stores/', ...files } },
  };
}

/** A copy of a gateway's folder with an archive of last month and a few closed segments. */
function soldBefore(): string {
  const folder = scene.folder();
  cpSync(template, folder, { recursive: true });
  return folder;
}

async function sold(): Promise<string> {
  const pms = await PmsProcess.start(standing);
  const ago = { LD_PRELOAD: FAKETIME, FAKETIME: '-40d', FAKETIME_DONT_FAKE_MONOTONIC: '1' };
  const gateway = await Gateway.start(standing, { pmsUrl: pms.url, preload: [SHORT_ARCHIVE], env: ago });
  for (let n = 0; n < 6; n += 1) await publish(gateway, 'till', wire(aRecord({ schedule: n % 2 === 0 ? 'II' : 'IV' })));
  await archivedAtLeast(gateway, 4);
  await gateway.restart('SIGKILL');
  await gateway.stop();
  await pms.stop();
  return gateway.folder;
}

type Told = Readonly<Record<string, unknown>>;
const toldOf = (gateway: Gateway): Told[] => entriesOf(gateway.bufferFile, 'upload');

async function trouble(gateway: Gateway): Promise<string> {
  let found = 'ok';
  await gateway.getOnce(
    '/health',
    ({ checks }) => {
      const upload = (checks as Record<string, { observedValue: string }[]>)['archive:upload']?.[0];
      found = upload?.observedValue ?? 'ok';
      return found !== 'ok';
    },
    'a word about uploads',
  );
  return found;
}

async function allUploaded(gateway: Gateway, names: readonly string[]): Promise<void> {
  await gateway.getOnce(
    '/api/v1/status',
    () => {
      const stored = new Set(toldOf(gateway).flatMap(({ step, file }) => (step === 'stored' ? [file] : [])));
      return names.every((name) => stored.has(name));
    },
    'everything that is closed',
  );
}

describe.skipIf(missing('ceph', 'python3 with boto3', 'faketime', 'mosquitto_pub'))('uploads', () => {
  test('reach a bucket with object lock, each as it is here, and nobody can take them back', async () => {
    const folder = soldBefore();
    const gateway = await Gateway.start(scene, uploading(folder, 'locked'));
    const archive = [...archiveFiles(gateway).keys()].map((name) => `archive/${name}`);
    expect(archive).toHaveLength(2);
    const closed = ['audit/s00000000.log', 'schedule_two/s00000000.log', ...archive];
    await allUploaded(gateway, closed);

    const ledger = JSON.parse(readFileSync(join(gateway.dataDir, 'uploads.json'), 'utf8')) as { folder: string };
    const before = `stores/gw-0042/${ledger.folder}/`;
    const versions = await store.versions('locked');
    for (const name of closed) {
      const here = readFileSync(join(gateway.dataDir, 'trail', name));
      const sha256 = createHash('sha256').update(here).digest('hex');
      const [there, ...more] = versions.filter(({ key }) => key === before + name);
      if (there === undefined) throw new Error(`${name} is not there`);
      expect(more).toEqual([]);
      expect(there).toMatchObject({ bytes: here.length, sha256, mode: 'COMPLIANCE' });
      expect(Date.parse(there.until ?? '')).toBeGreaterThan(Date.now() + 6 * 365 * DAY_MS);
      expect(await store.destroy('locked', there)).toBe('AccessDenied');
      const about = toldOf(gateway).filter(({ file }) => file === name);
      const hash = Buffer.from(sha256, 'hex').toString('base64');
      expect(about).toMatchObject([
        { step: 'begin', hash, bytes: here.length },
        { step: 'stored', hash, already: false, version: there.version },
      ]);
    }
    const metrics = await (await fetch(`${gateway.http}/metrics`)).text();
    expect(metrics).toMatch(/^counterfoil_upload_trouble 0$/m);
    expect(Number(/^counterfoil_uploaded_files_total (\d+)$/m.exec(metrics)?.[1])).toBeGreaterThanOrEqual(
      closed.length,
    );
    expect(metrics).toMatch(/^counterfoil_upload_waiting_files 0$/m);

    // What lies there is a trail and an archive that anybody can check.
    const copy = scene.folder();
    await store.download('locked', before, copy);
    expect(await counterfoil('trail', 'verify', copy)).toMatchObject({ code: 0 });

    // Who has lost the notes asks the store, and sends nothing twice.
    await gateway.stop();
    rmSync(join(gateway.dataDir, 'uploads.json'));
    const told = toldOf(gateway).length;
    await gateway.start();
    await gateway.getOnce('/api/v1/status', () => toldOf(gateway).length >= told + closed.length, 'the same answers');
    expect(
      toldOf(gateway)
        .slice(told, told + closed.length)
        .map(({ step, already }) => [step, already]),
    ).toEqual(closed.map(() => ['stored', true]));
    const again = (await store.versions('locked')).filter(({ key }) => closed.some((name) => key === before + name));
    expect(again).toHaveLength(closed.length);
  });

  test('are refused by what is wrong, told once, and go on when it is mended', async () => {
    const folder = soldBefore();
    const wrong: [GatewayOptions, string][] = [
      [uploading(folder, 'open'), 'no_object_lock'],
      [uploading(folder, 'nowhere'), 'no_bucket'],
      [{ ...uploading(folder, 'locked'), env: { LD_PRELOAD: FAKETIME, FAKETIME: '+2h' } }, 'clock_wrong'],
    ];
    for (const [options, code] of wrong) {
      const gateway = await Gateway.start(scene, options);
      expect(await trouble(gateway)).toBe(code);
      await gateway.stop();
      expect(toldOf(gateway).filter((told) => told.code === code)).toHaveLength(1);
    }
    expect(await store.versions('open')).toEqual([]);

    const gateway = await Gateway.start(scene, uploading(folder, 'locked', 'another secret'));
    expect(await trouble(gateway)).toBe('credentials');
    // The right secret is read at the next attempt.
    writeFileSync(join(folder, 'secret'), STORE_KEYS.secretKey, { mode: 0o600 });
    await allUploaded(gateway, ['audit/s00000000.log']);
  });
});
