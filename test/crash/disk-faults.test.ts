/**
 * Promises 1 and 2 on a failing disk: after EIO nothing more is acknowledged, the process ends with 74, and no state the
 * disk may be left in lacks what was acknowledged; on a full disk publishes are deferred and the gateway lives on.
 */
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkBuffer } from '../harness/checker/check.ts';
import { describeExamination, examine } from '../harness/crash/examine.ts';
import { publishBursts } from '../harness/crash/load.ts';
import type { Publisher } from '../harness/crash/publisher.ts';
import { below, numberFromEnvironment, runSeed, seededRandom } from '../harness/crash/random.ts';
import { checkGateway, GATEWAY_RECOVERY, recordedGateway } from '../harness/crash/recorded-gateway.ts';
import type { RecordedRun } from '../harness/crash/recorded-run.ts';
import { makeRecord } from '../harness/crash/records.ts';
import { canBuildRecorder, type Recorder } from '../harness/crash/shim.ts';
import { canMount, SmallDisk } from '../harness/crash/small-disk.ts';
import { World } from '../harness/crash/world.ts';
import { Scene } from '../harness/scene.ts';

const STATES = Math.ceil(numberFromEnvironment('CRASH_STATES', 2000) / 20);
const DISK_BYTES = 6 * 1024 * 1024;
/** Enough to make SQLite fold its WAL back into the database. */
const MOST_TRIES = 2000;
const LARGE_RECORDS = 200;
const LARGE_NOTE_CHARACTERS = 60_000;
const EXIT_IO = 74;
const seed = runSeed();
const mountable = canBuildRecorder() && canMount(join('/tmp', `counterfoil-mount-${process.pid}`));

if (!mountable) {
  process.stderr.write('SKIPPED: crash tests need Linux, gcc (apt-get install -y gcc libc6-dev) and root to mount\n');
}

describe.skipIf(!canBuildRecorder())(`disk faults, CRASH_SEED=${seed}`, () => {
  const random = seededRandom(seed);
  let scene: Scene;
  let root: string;
  let world: World;
  beforeEach(() => {
    scene = new Scene();
    root = scene.folder();
    world = new World();
  });
  afterEach(() => scene.close());

  const open = async (run: RecordedRun) => [await run.lane('lane-1'), await run.lane('lane-2')];
  const publish = async (lanes: readonly Publisher[], records: number, noteCharacters?: number) =>
    await publishBursts(lanes, records, 8, random, noteCharacters);

  /** A start on a disk that is well again: everything is taken in the end, and the books are whole. */
  async function recoversFully(run: RecordedRun): Promise<void> {
    await run.start();
    const lane = await run.lane('lane-1');
    lane.send(world.unacknowledged());
    await lane.settled();
    expect((await run.stop('SIGTERM')).code, run.said()).toBe(0);
    expect(world.unacknowledged()).toEqual([]);
    expect(checkBuffer(join(root, 'data'), world.expectation())).toEqual([]);
  }

  /** A start on a disk in trouble ends with 74 and says why; a full one (`mayServe`) may serve and defer instead. */
  async function startInTrouble(
    run: RecordedRun,
    trouble: (recorder: Recorder) => void,
    mayServe: boolean,
  ): Promise<void> {
    const started = await run.start(trouble).then(
      () => true,
      () => false,
    );
    if (started) {
      expect(mayServe, run.said()).toBe(true);
      await run.stop();
      return;
    }
    expect((await run.program.ended()).code, run.said()).toBe(EXIT_IO);
    expect(run.program.errorLines.join('\n')).toMatch(/hint:/);
    await run.release();
  }

  const FATAL: readonly (readonly [string, (recorder: Recorder) => void])[] = [
    ['EIO on one fsync of the WAL', (disk) => disk.failSyncs({ error: 'EIO', times: 1 }, 'buffer.db-wal')],
    ['EIO on every fsync', (disk) => disk.failSyncs({ error: 'EIO' })],
    ['EIO on one write to the WAL', (disk) => disk.failWrites({ error: 'EIO', times: 1 }, 'buffer.db-wal')],
    [
      'EIO in the middle of a commit',
      (disk) => disk.failWrites({ error: 'EIO', skip: 1 + below(random, 6) }, 'buffer.db-wal'),
    ],
  ];

  it.each(FATAL)('%s: ends with 74, acknowledges nothing more, loses nothing', async (_name, trouble) => {
    const run = recordedGateway(scene, { root, world });
    await run.start();
    const lanes = await open(run);
    await publish(lanes, 80);
    const promised = world.acknowledged.size;
    trouble(run.recorder);
    await publish(lanes, 40);
    expect((await run.program.ended()).code, run.said()).toBe(EXIT_IO);
    expect(run.program.errorLines.join('\n')).toMatch(/disk.*\n.*hint:/s);
    expect(run.recorder.faultsGiven()).toBeGreaterThan(0);
    await run.release();
    process.stdout.write(`${promised} acknowledged before the fault, ${world.acknowledged.size - promised} after\n`);

    const subject = { recovery: GATEWAY_RECOVERY, check: checkGateway };
    const examined = await examine({ events: run.events(), root, world, limit: STATES, seed, ...subject });
    process.stdout.write(`${describeExamination(examined, seed)}\n`);
    expect(examined.violations).toEqual([]);
    await recoversFully(run);
  });

  const AT_START: readonly (readonly [string, boolean, (recorder: Recorder) => void])[] = [
    ['EIO on fsync', false, (disk) => disk.failSyncs({ error: 'EIO' })],
    ['EIO on write', false, (disk) => disk.failWrites({ error: 'EIO' })],
    ['ENOSPC on write', true, (disk) => disk.failWrites({ error: 'ENOSPC' })],
  ];

  it.each(AT_START)(
    '%s at the first start: 74 and a hint, and the next start is the first',
    async (_name, full, trouble) => {
      const run = recordedGateway(scene, { root, world });
      await startInTrouble(run, trouble, full);
      await recoversFully(run);
    },
  );

  it.each(AT_START)('%s at a later start: 74 and a hint, nothing is lost', async (_name, full, trouble) => {
    const run = recordedGateway(scene, { root, world });
    await run.start();
    await publish(await open(run), 40);
    await run.stop();
    await startInTrouble(run, trouble, full);
    await recoversFully(run);
  });

  /** SQLite folds the WAL back on its own and keeps what went wrong there to itself: it must be harmless. */
  const WHILE_FOLDING: readonly (readonly [string, (recorder: Recorder) => void])[] = [
    ['EIO on one fsync', (disk) => disk.failSyncs({ error: 'EIO', times: 1 }, '/buffer.db$')],
    [
      'EIO on some writes',
      (disk) => disk.failWrites({ error: 'EIO', skip: below(random, 900), times: 3 }, '/buffer.db$'),
    ],
    [
      'ENOSPC on a write',
      (disk) => disk.failWrites({ error: 'ENOSPC', skip: below(random, 900), times: 1 }, '/buffer.db$'),
    ],
  ];

  it.each(WHILE_FOLDING)('%s while the WAL is folded back: loses nothing', async (_name, trouble) => {
    const run = recordedGateway(scene, { root, world });
    await run.start();
    const lanes = await open(run);
    trouble(run.recorder);
    await publish(lanes, LARGE_RECORDS, LARGE_NOTE_CHARACTERS);
    await publish(lanes, 40);
    expect(run.recorder.faultsGiven()).toBeGreaterThan(0);
    if (run.program.running) await run.stop();
    else expect((await run.program.ended()).code, run.said()).toBe(EXIT_IO);
    await run.release();
    const events = run.events();
    const from = events.findIndex((event) => event.kind === 'fault' || (event.kind === 'sync-end' && !event.ok)) - 20;
    const subject = { recovery: GATEWAY_RECOVERY, check: checkGateway };
    const examined = await examine({ events, root, world, limit: Math.ceil(STATES / 4), from, seed, ...subject });
    process.stdout.write(`${describeExamination(examined, seed)}\n`);
    expect(examined.violations).toEqual([]);
    await recoversFully(run);
  });

  it('ENOSPC: defers, acknowledges nothing, and goes on when there is room again', async () => {
    const run = recordedGateway(scene, { root, world });
    await run.start();
    const lanes = await open(run);
    await publish(lanes, 60);
    const promised = world.acknowledged.size;
    run.recorder.failWrites({ error: 'ENOSPC' }, 'buffer.db');
    await publish(lanes, 30);
    expect(run.program.running, run.said()).toBe(true);
    expect(world.acknowledged.size).toBe(promised);
    expect(world.deferred.size).toBeGreaterThan(0);
    run.recorder.clearFaults();
    const lane = await run.lane('lane-1');
    // The door stays closed for as long again as the trouble has lasted at most.
    for (let tries = 0; tries < MOST_TRIES && world.unacknowledged().length > 0; tries += 1) {
      lane.send(world.unacknowledged());
      await lane.settled();
    }
    expect(world.unacknowledged()).toEqual([]);
    expect((await run.stop('SIGTERM')).code, run.said()).toBe(0);
    expect(checkBuffer(join(root, 'data'), world.expectation())).toEqual([]);
  });

  it('ENOSPC: ends when it is told to, though it cannot even write that down', async () => {
    const run = recordedGateway(scene, { root, world });
    await run.start();
    const lanes = await open(run);
    await publish(lanes, 30);
    run.recorder.failWrites({ error: 'ENOSPC' }, 'buffer.db');
    await publish(lanes, 10);
    expect([0, EXIT_IO], run.said()).toContain((await run.stop('SIGTERM')).code);
    await recoversFully(run);
  });

  it.skipIf(!mountable)('a full disk: defers, acknowledges nothing that is not stored, recovers', async () => {
    const disk = new SmallDisk(join(root, 'disk'));
    scene.onClose(() => disk.unmount());
    disk.mount(DISK_BYTES);
    root = disk.folder;
    const run = recordedGateway(scene, { root, world, keepLog: false });
    await run.start();
    const lanes = await open(run);
    await publish(lanes, 60);
    disk.fill(below(random, 64 * 1024));
    for (let burst = 0; burst < 40 && world.deferred.size === 0; burst++) await publish(lanes, 20);
    expect(run.program.running, run.said()).toBe(true);
    expect(world.deferred.size).toBeGreaterThan(0);

    await run.stop(); // killed while the disk is full: whatever was acknowledged must be on it
    await startInTrouble(run, () => undefined, true);
    disk.free();
    await run.start();
    const lane = await run.lane('lane-1');
    lane.send([...world.unacknowledged(), makeRecord(random)]);
    await lane.settled();
    expect(world.unacknowledged()).toEqual([]);
    expect((await run.stop('SIGTERM')).code, run.said()).toBe(0);
    expect(checkBuffer(join(root, 'data'), world.expectation())).toEqual([]);
  });
});
