/**
 * Can the harness fail? It must pass the stand-in that keeps its promise and find every planted fault, else its silence
 * about the gateway would mean nothing.
 */
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Expectation, type FoundRecord, judgeRecords } from '../harness/checker/expectation.ts';
import { describeExamination, type Examination, examine } from '../harness/crash/examine.ts';
import { publishBursts } from '../harness/crash/load.ts';
import { numberFromEnvironment, runSeed, seededRandom } from '../harness/crash/random.ts';
import { RecordedRun } from '../harness/crash/recorded-run.ts';
import { canBuildRecorder, type Recorder } from '../harness/crash/shim.ts';
import type { StandInPlant } from '../harness/crash/stand-in-store.ts';
import { World } from '../harness/crash/world.ts';
import { Scene } from '../harness/scene.ts';

const HARNESS = join(import.meta.dirname, '../harness/crash');
const STATES = numberFromEnvironment('CRASH_STATES', 400);
const seed = runSeed();

if (!canBuildRecorder()) {
  process.stderr.write('SKIPPED: crash tests need Linux and gcc (apt-get install -y gcc libc6-dev)\n');
}

function checkStandIn(folder: string, expected: Expectation): readonly string[] {
  const db = new Database(join(folder, 'data/buffer.db'), { readonly: true });
  try {
    const integrity = db.pragma('integrity_check', { simple: true });
    const found = db
      .prepare<[], FoundRecord>('SELECT sequence, lane_hash AS laneHash, 0 AS synced FROM record ORDER BY sequence')
      .all();
    return [...(integrity === 'ok' ? [] : [`integrity_check: ${String(integrity)}`]), ...judgeRecords(found, expected)];
  } finally {
    db.close();
  }
}

describe.skipIf(!canBuildRecorder())(`crash harness on its stand-in, CRASH_SEED=${seed}`, () => {
  let scene: Scene;
  beforeEach(() => {
    scene = new Scene();
  });
  afterEach(() => scene.close());

  function standIn(plant: StandInPlant, root = scene.folder()): { run: RecordedRun; world: World; root: string } {
    const world = new World();
    const args = [join(HARNESS, 'stand-in.ts'), join(root, 'data'), '--plant', plant];
    const run = new RecordedRun({ root, scratch: scene.folder(), args, world, store: '0042' });
    scene.onClose(() => run.abandon());
    return { run, world, root };
  }

  async function examineStandIn(plant: StandInPlant, trouble?: (recorder: Recorder) => void): Promise<Examination> {
    const { run, world, root } = standIn(plant);
    await run.start();
    const lanes = [await run.lane('lane-1'), await run.lane('lane-2')];
    trouble?.(run.recorder);
    await publishBursts(lanes, 120, 8, seededRandom(seed));
    await run.stop();
    const examined = await examine({
      events: run.events(),
      root,
      world,
      limit: STATES,
      seed,
      recovery: join(HARNESS, 'stand-in-recovery.ts'),
      check: checkStandIn,
    });
    process.stdout.write(`${plant}: ${describeExamination(examined, seed)}\n`);
    expect(examined.acknowledgements).toBeGreaterThanOrEqual(120);
    return examined;
  }

  it('passes a program that keeps its promise', async () => {
    expect((await examineStandIn('none')).violations).toEqual([]);
  });

  it.each([
    ['normal', /acknowledged records are missing/],
    ['early', /acknowledged records are missing/],
    ['loose-key', /box\.key is missing or torn/],
  ] as const)('finds the planted fault "%s"', async (plant, found) => {
    expect(describeExamination(await examineStandIn(plant), seed)).toMatch(found);
  });

  it('finds a disk that ignores syncs', async () => {
    const examined = await examineStandIn('none', (recorder) => recorder.ignoreSyncs('buffer.db-wal'));
    expect(describeExamination(examined, seed)).toMatch(/acknowledged records are missing/);
  });

  it.each(['EIO', 'ENOSPC'] as const)('hands out %s on a write', async (error) => {
    const { run } = standIn('none');
    await run.start();
    const lane = await run.lane('lane-1');
    run.recorder.failWrites({ error }, 'buffer.db');
    await publishBursts([lane], 5, 5, seededRandom(seed));
    expect((await run.program.ended()).code).toBe(74);
    expect(run.recorder.faultsGiven()).toBeGreaterThan(0);
    expect(lane.acknowledged).toBe(0);
    await run.release();
  });

  it('hands out EIO on a sync, and what that sync was to cover stays in doubt', async () => {
    const { run, world, root } = standIn('none');
    await run.start();
    const lane = await run.lane('lane-1');
    await publishBursts([lane], 20, 4, seededRandom(seed));
    run.recorder.failSyncs({ error: 'EIO', times: 1 }, 'buffer.db-wal');
    await publishBursts([lane], 5, 5, seededRandom(seed + 1));
    expect((await run.program.ended()).code).toBe(74);
    await run.release();
    const recovery = join(HARNESS, 'stand-in-recovery.ts');
    const examined = await examine({
      events: run.events(),
      root,
      world,
      limit: 100,
      seed,
      recovery,
      check: checkStandIn,
    });
    expect(examined.violations).toEqual([]);
  });

  it('kills the program at a chosen file call', async () => {
    const { run } = standIn('none');
    await run.start((recorder) => recorder.killAtCall(60));
    const lane = await run.lane('lane-1');
    await publishBursts([lane], 200, 4, seededRandom(seed));
    expect((await run.program.ended()).signal).toBe('SIGKILL');
    await run.release();
  });
});
