/**
 * Promise 2 against sudden death: the gateway is killed again and again under load, at seeded moments, in start-up too.
 * Lanes do what tills do: publish, and publish again what was not acknowledged. In the end nothing acknowledged may be
 * missing, doubled or renumbered, here or at the PMS.
 */
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkBuffer } from '../harness/checker/check.ts';
import { checkPms } from '../harness/checker/pms.ts';
import { scratchFolder } from '../harness/crash/examine.ts';
import { publishBursts } from '../harness/crash/load.ts';
import { below, numberFromEnvironment, pick, runSeed, seededRandom } from '../harness/crash/random.ts';
import { recordedGateway } from '../harness/crash/recorded-gateway.ts';
import type { RecordedRun } from '../harness/crash/recorded-run.ts';
import { canBuildRecorder } from '../harness/crash/shim.ts';
import { World } from '../harness/crash/world.ts';
import { PmsProcess } from '../harness/reference-pms.ts';
import { Scene } from '../harness/scene.ts';

const KILLS = numberFromEnvironment('CRASH_KILLS', 50);
const PLANTED_KILLS = 20;
const RECORDS_PER_LIFE = 400;
/** File calls and PUBACKs within which a life ends. */
const CALLS_OF_A_START = 60;
const CALLS_WITHIN = 700;
const ACKNOWLEDGEMENTS_WITHIN = 200;
/** Only gives up waiting; what counts is what has arrived then. */
const BACKLOG_LIMIT_MS = 120_000;
const POLL_MS = 200;
const seed = runSeed();

if (!canBuildRecorder()) {
  process.stderr.write('SKIPPED: crash tests need Linux and gcc (apt-get install -y gcc libc6-dev)\n');
}

describe.skipIf(!canBuildRecorder())(`kill -9, CRASH_SEED=${seed}`, () => {
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

  /** Till behaviour until the gateway is gone or `records` more are acknowledged. */
  async function serve(run: RecordedRun, records: number): Promise<void> {
    const lanes = [await run.lane('lane-1'), await run.lane('lane-2')];
    lanes[0]?.send(world.unacknowledged());
    await publishBursts(lanes, records, 15, random);
  }

  /** One life. It ends in place of a file call, early (a third, mostly in start-up) or at any time, or at a PUBACK. */
  async function live(run: RecordedRun): Promise<'start' | 'load'> {
    const atCall = pick(random, [0, 1 + below(random, CALLS_OF_A_START), 1 + below(random, CALLS_WITHIN)]);
    let left = 1 + below(random, ACKNOWLEDGEMENTS_WITHIN);
    world.onAcknowledged = () => {
      if (atCall === 0 && --left === 0) process.kill(run.program.pid, 'SIGKILL');
    };
    try {
      await run.start((recorder) => recorder.killAtCall(atCall));
    } catch {
      expect((await run.program.ended()).signal, run.said()).toBe('SIGKILL');
      await run.release();
      return 'start';
    }
    // A lane cannot connect to a gateway that is gone: then waiting for its end is all there is to do.
    await serve(run, RECORDS_PER_LIFE).catch(async () => await run.program.ended());
    const ending = await run.stop();
    expect(ending.signal, run.said()).toBe('SIGKILL');
    return 'load';
  }

  /** The disk as it is now, read by the checker's own SQLite: no gateway has had a chance to tidy up. */
  function problemsNow(): string[] {
    const copy = scratchFolder('kill');
    try {
      cpSync(join(root, 'data'), copy, { recursive: true });
      return world.acknowledged.size === 0 ? [] : checkBuffer(copy, world.expectation());
    } finally {
      rmSync(copy, { recursive: true, force: true });
    }
  }

  async function backlogDone(pms: PmsProcess): Promise<void> {
    const deadline = performance.now() + BACKLOG_LIMIT_MS;
    const arrived = () => pms.query<{ count: number }>('SELECT COUNT(*) AS count FROM records')[0]?.count ?? 0;
    while (arrived() < world.acknowledged.size && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  it(`keeps every promise through ${KILLS} kills`, async () => {
    const pms = await PmsProcess.start(scene);
    const run = recordedGateway(scene, { root, world, pmsUrl: pms.url, keepLog: false });
    const lives = { start: 0, load: 0 };
    for (let kill = 0; kill < KILLS; kill++) {
      lives[await live(run)] += 1;
      expect(problemsNow(), `after kill ${kill + 1}, seed ${seed}`).toEqual([]);
    }
    world.onAcknowledged = null;
    await run.start();
    await serve(run, 20);
    await backlogDone(pms);
    expect((await run.stop('SIGTERM')).code, run.said()).toBe(0);

    const { published, acknowledged } = world;
    process.stdout.write(`${KILLS} kills (${lives.start} in start-up), ${acknowledged.size} records, seed ${seed}\n`);
    expect(acknowledged.size).toBe(published.size);
    expect(checkBuffer(join(root, 'data'), world.expectation())).toEqual([]);
    expect(checkPms(pms.db, join(root, 'data'), world.expectation(), true)).toEqual([]);
  });

  it('finds a gateway that acknowledges before the commit', async () => {
    const run = recordedGateway(scene, { root, world, plant: 'early', keepLog: false });
    let problems: string[] = [];
    for (let kill = 0; kill < PLANTED_KILLS && problems.length === 0; kill++) {
      await live(run);
      problems = problemsNow();
    }
    expect(problems.join('\n')).toMatch(/acknowledged records are missing/);
  });
});
