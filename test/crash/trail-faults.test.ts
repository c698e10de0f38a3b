/** The disk of the trail fails under the real gateway: a full one costs nothing but its own delay, a broken one is told. */
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkBuffer } from '../harness/checker/check.ts';
import { publishBursts } from '../harness/crash/load.ts';
import { runSeed, seededRandom } from '../harness/crash/random.ts';
import { recordedGateway } from '../harness/crash/recorded-gateway.ts';
import type { RecordedRun } from '../harness/crash/recorded-run.ts';
import { canBuildRecorder } from '../harness/crash/shim.ts';
import { World } from '../harness/crash/world.ts';
import { Scene } from '../harness/scene.ts';

const SHORT_TRAIL = join(import.meta.dirname, '../harness/crash/short-trail.ts');
const SEGMENTS = '/data/trail/';
const EXIT_IO = 74;
const seed = runSeed();

if (!canBuildRecorder()) {
  process.stderr.write('SKIPPED: crash tests need Linux and gcc (apt-get install -y gcc libc6-dev)\n');
}

describe.skipIf(!canBuildRecorder())(`faults of the trail's disk, CRASH_SEED=${seed}`, () => {
  let scene: Scene;
  let root: string;
  let world: World;
  let run: RecordedRun;
  beforeEach(() => {
    scene = new Scene();
    root = scene.folder();
    world = new World();
    run = recordedGateway(scene, { root, world, keepLog: false, preload: [SHORT_TRAIL] });
  });
  afterEach(() => scene.close());

  async function sell(records: number): Promise<void> {
    const lane = await run.lane('lane-1');
    await publishBursts([lane], records, 5, seededRandom(seed));
  }

  /** A start on a disk that is well again, and a clean end: the books are whole. */
  async function endsWell(): Promise<void> {
    await run.start();
    await sell(5);
    expect((await run.stop('SIGTERM')).code, run.said()).toBe(0);
    expect(world.unacknowledged()).toEqual([]);
    expect(checkBuffer(join(root, 'data'), world.expectation())).toEqual([]);
  }

  it('goes on taking records when the trail has no space left, and ends well', async () => {
    await run.start();
    await sell(20);
    run.recorder.failWrites({ error: 'ENOSPC' }, SEGMENTS);
    await sell(40);
    await run.program.line((line) => line.includes('"trail_full"'), 'the log line about the full trail');
    expect(world.unacknowledged()).toEqual([]);
    run.recorder.clearFaults();
    await sell(20);
    expect((await run.stop('SIGTERM')).code, run.said()).toBe(0);
    expect(checkBuffer(join(root, 'data'), world.expectation())).toEqual([]);
    await endsWell();
  });

  it('ends with 74 when segment after segment fails with EIO, and has lost nothing', async () => {
    await run.start();
    await sell(20);
    run.recorder.failSyncs({ error: 'EIO' }, SEGMENTS);
    await sell(5);
    expect((await run.program.ended()).code, run.said()).toBe(EXIT_IO);
    await run.release();
    await endsWell();
  });

  it('serves lanes although the trail fails from the start on, and says so', async () => {
    await run.start((recorder) => recorder.failSyncs({ error: 'EIO' }, SEGMENTS));
    await sell(20);
    await run.program.line((line) => /"segment_(open|sync)"/.test(line), 'the log line about the trail');
    expect(run.program.running).toBe(true);
    expect(world.unacknowledged()).toEqual([]);
    run.recorder.clearFaults();
    expect((await run.stop('SIGTERM')).code, run.said()).toBe(0);
    await endsWell();
  });
});
