/** The copy of the buffer on a second medium: a box that burns under load, and a medium that is pulled, full, or somebody else's. */
import { cpSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { recoveryKey } from '../harness/backup.ts';
import { counterfoil } from '../harness/command.ts';
import { Gateway } from '../harness/gateway.ts';
import { aRecord } from '../harness/records.ts';
import { Scene } from '../harness/scene.ts';
import { SmallDisk } from '../harness/small-disk.ts';
import { Till } from '../harness/till.ts';

const SHORT_MIRROR = join(import.meta.dirname, '../harness/short-mirror.ts');

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.close());

interface MirrorStatus {
  readonly lag_seconds: number;
  readonly lag_records: number | null;
  readonly fault: string | null;
}

const mirrorIn = (body: Record<string, unknown>) => body.mirror as MirrorStatus;

/** A gateway with a mirror on `disk`, and a till that sells again at every receipt until it is told not to. */
async function sellingBox(disk: SmallDisk) {
  const folder = scene.folder();
  const key = recoveryKey(folder);
  const config = { recovery: { public_key_file: key.publicFile }, storage: { mirror_dir: disk.path } };
  const gateway = await Gateway.start(scene, { folder, config, preload: [SHORT_MIRROR] });
  const till = new Till(scene, gateway, 'lane-1', join(folder, 'lane.db'));
  const acknowledged = new Map<string, number>();
  let sold = 0;
  const sell = () => {
    sold += 1;
    till.sell(aRecord({ schedule: sold % 3 === 0 ? 'II' : 'IV' }));
  };
  till.onReceipt = () => {
    const newest = till.receipts.all.at(-1);
    if (newest?.status !== 'accepted') return;
    acknowledged.set(newest.lane_hash ?? '', performance.now());
    sell();
  };
  for (let n = 0; n < 4; n += 1) sell();
  const moreSold = async (count: number) => {
    const until = till.receipts.all.filter(({ status }) => status === 'accepted').length + count;
    await till.receipts.matching(({ status }) => status === 'accepted', until, 'accepted receipts');
  };
  return { acknowledged, config, folder, gateway, key, moreSold, till };
}

/** The processes a gateway has started. */
function childrenOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return children.trim().split(' ').filter(Boolean).map(Number);
}

function hashesIn(path: string): Set<string> {
  const db = new Database(path, { readonly: true });
  try {
    return new Set(db.prepare<[], string>('SELECT lower(hex(lane_hash)) FROM record').pluck().all());
  } finally {
    db.close();
  }
}

const healthOf = async (gateway: Gateway) => JSON.stringify((await gateway.get('/health')).body);

test('the box burns under load: what the mirror said it had is rescued from it, sealed, with the recovery key alone', async () => {
  const disk = SmallDisk.mount(scene, 64);
  const { acknowledged, config, gateway, key, moreSold, till } = await sellingBox(disk);
  await moreSold(40);
  // Under load, the newest word of how far the mirror is: asked at `askedAt`, it lacks nothing older than `lag_seconds`.
  // On a busy machine that may be seconds, so it is asked until it promises enough to look for.
  let promised: string[] = [];
  while (promised.length <= 20) {
    const askedAt = performance.now();
    const { fault, lag_records, lag_seconds } = mirrorIn((await gateway.get('/api/v1/status')).body);
    if (fault !== null || lag_records === null) continue;
    promised = [...acknowledged].filter(([, at]) => at <= askedAt - lag_seconds * 1000).map(([hash]) => hash);
  }
  const [child, ...others] = childrenOf(gateway.pid);
  expect(others).toEqual([]);
  process.kill(child ?? 0, 'SIGKILL');
  await gateway.kill();
  till.onReceipt = () => {};
  await till.stop();

  const files = readdirSync(disk.path, { recursive: true, encoding: 'utf8' });
  expect(files).toContain('box.key.recovery');
  expect(files).not.toContain('box.key');
  const boxKey = readFileSync(join(gateway.dataDir, 'box.key'));
  for (const name of files.filter((each) => statSync(join(disk.path, each)).isFile())) {
    const bytes = readFileSync(join(disk.path, name));
    expect(bytes.includes('RX-'), name).toBe(false);
    expect(bytes.includes(boxKey), name).toBe(false);
  }

  const folder = scene.folder();
  const to = join(folder, 'data');
  const rescued = await counterfoil('rescue', '--disk', disk.path, '--key', key.privateFile, '--to', to);
  expect(rescued).toMatchObject({ code: 0, errors: '', output: expect.stringContaining('Rescued to') });
  const found = hashesIn(join(to, 'buffer.db'));
  expect(promised.filter((hash) => !found.has(hash))).toEqual([]);
  expect(await counterfoil('trail', 'verify', join(to, 'trail'))).toMatchObject({ code: 0 });

  // What the mirror lacked is still at the till, and comes again.
  const next = await Gateway.start(scene, { folder, config: { recovery: config.recovery } });
  const again = new Till(scene, next, 'lane-1', join(gateway.folder, 'lane.db'));
  const kept = new Set(acknowledged.keys());
  await again.receipts.matching(
    ({ lane_hash, status: said }) => {
      if (said === 'accepted' || said === 'duplicate') kept.delete(lane_hash ?? '');
      return kept.size === 0;
    },
    1,
    'every acknowledged record',
  );
  const all = hashesIn(next.bufferFile);
  expect([...acknowledged.keys()].filter((hash) => !all.has(hash))).toEqual([]);
});

test('a medium that is pulled, fills up, breaks or is somebody else’s is only a warning, and the copy is caught up by itself', async () => {
  const disk = SmallDisk.mount(scene, 64);
  const { gateway, moreSold, till } = await sellingBox(disk);
  const follows = async (what: string) =>
    await gateway.getOnce(
      '/api/v1/status',
      (body) => mirrorIn(body).fault === null && mirrorIn(body).lag_records !== null,
      what,
    );
  const ails = async (code: string) => {
    await gateway.getOnce('/api/v1/status', (body) => mirrorIn(body).fault === code, `mirror fault ${code}`);
    // Tills do not feel it.
    await moreSold(20);
    expect((await gateway.get('/readyz')).status).toBe(200);
    const { status } = (await gateway.get('/health')).body;
    expect(status).toBe('warn');
  };
  await follows('a mirror');
  await moreSold(50);

  disk.pull();
  await ails('mirror_missing');
  expect(await healthOf(gateway)).toContain('Plug in and mount');
  const metrics = await (await fetch(`${gateway.http}/metrics`)).text();
  expect(metrics).toMatch(/^counterfoil_mirror_fault(\{.*\})? 1$/m);
  disk.plug();
  await follows('the mirror again');

  disk.fillTo(1);
  await moreSold(50);
  await ails('storage_full');
  disk.empty();
  await follows('the mirror with room');

  // Somebody else's copy, by mistake at this place.
  disk.pull();
  const theirs = SmallDisk.mount(scene, 16);
  const other = await Gateway.start(scene);
  await other.stop();
  cpSync(other.bufferFile, join(theirs.path, 'buffer.db'));
  const before = readFileSync(join(theirs.path, 'buffer.db'));
  theirs.pull();
  theirs.plug(disk.path);
  await ails('mirror_foreign');
  expect(readFileSync(join(disk.path, 'buffer.db')).equals(before)).toBe(true);
  theirs.pull(disk.path);
  disk.plug();
  await follows('our own again');

  // The device dies; another one is put in its place.
  disk.breakDown();
  await ails('storage_io');
  disk.pull();
  const fresh = SmallDisk.mount(scene, 64);
  fresh.pull();
  fresh.plug(disk.path);
  scene.onClose(() => fresh.pull(disk.path));
  await follows('a new medium');

  till.onReceipt = () => {};
  await gateway.stop();
  // A clean end leaves the copy complete: the same records, and it opens.
  expect(existsSync(join(disk.path, 'buffer.db'))).toBe(true);
  const copied = join(scene.folder(), 'copy');
  cpSync(disk.path, copied, { recursive: true, filter: (name) => !name.endsWith('lost+found') });
  expect(hashesIn(join(copied, 'buffer.db'))).toEqual(hashesIn(gateway.bufferFile));
});
