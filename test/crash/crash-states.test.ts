/**
 * Promises 1 and 2 against a power cut: the real gateway runs under load with the recorder beneath it; then every kind of
 * state its disk might have been left in is laid out, recovered by the gateway's own code, and checked by a stranger. A
 * gateway with a planted fault must be found out the same way.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NameRule } from '../harness/crash/disk-model.ts';
import { describeExamination, type Examination, examine } from '../harness/crash/examine.ts';
import { publishBursts } from '../harness/crash/load.ts';
import type { LogEvent } from '../harness/crash/log.ts';
import { numberFromEnvironment, runSeed, seededRandom } from '../harness/crash/random.ts';
import {
  checkGateway,
  GATEWAY_RECOVERY,
  type GatewayPlant,
  recordedGateway,
} from '../harness/crash/recorded-gateway.ts';
import type { RecordedRun } from '../harness/crash/recorded-run.ts';
import { canBuildRecorder } from '../harness/crash/shim.ts';
import { World } from '../harness/crash/world.ts';
import { Scene } from '../harness/scene.ts';

const STATES = numberFromEnvironment('CRASH_STATES', 2000);
const PLANTED_STATES = 300;
const PLANTED_RECORDS = 100;
/** Enough bytes of records, poorly compressible, to make SQLite fold its WAL back into the database (8 MiB of it). */
const LARGE_RECORDS = 200;
const LARGE_NOTE_CHARACTERS = 60_000;
const EVENTS_BEFORE_FOLDING = 40;
const SERVED = { alive: true, outstanding: 0 };
const seed = runSeed();

if (!canBuildRecorder()) {
  process.stderr.write('SKIPPED: crash tests need Linux and gcc (apt-get install -y gcc libc6-dev)\n');
}

describe.skipIf(!canBuildRecorder())(`crash states of the gateway, CRASH_SEED=${seed}`, () => {
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

  async function load(run: RecordedRun, records: number, noteCharacters?: number): Promise<void> {
    const lanes = [await run.lane('lane-1'), await run.lane('lane-2'), await run.lane('lane-3')];
    await publishBursts(lanes, records, 12, random, noteCharacters);
    for (const { alive, outstanding } of lanes) expect({ alive, outstanding }, run.said()).toEqual(SERVED);
  }

  interface Exam {
    readonly limit: number;
    readonly from?: number;
    readonly rule?: NameRule;
    readonly initial?: ReadonlyMap<string, Buffer>;
  }

  async function examineRun(run: RecordedRun, what: string, exam: Exam): Promise<Examination> {
    const { initial, ...rest } = exam;
    const before = initial === undefined ? {} : { before: { expectation: new World().expectation(), files: initial } };
    const subject = { recovery: GATEWAY_RECOVERY, check: checkGateway };
    const examined = await examine({ events: run.events(), root, world, seed, ...subject, ...before, ...rest });
    process.stdout.write(`${what}: ${describeExamination(examined, seed)}\n`);
    expect(examined.acknowledgements).toBeGreaterThanOrEqual(world.published.size);
    return examined;
  }

  async function threeLives(): Promise<RecordedRun> {
    const run = recordedGateway(scene, { root, world });
    for (const end of ['SIGTERM', 'SIGKILL', 'SIGKILL'] as const) {
      await run.start();
      await load(run, 130);
      await run.stop(end);
    }
    return run;
  }

  it('loses, changes and doubles nothing, from the first start through a clean stop and a kill', async () => {
    const run = await threeLives();
    expect((await examineRun(run, 'three lives', { limit: STATES })).violations).toEqual([]);
  });

  it('relies on no more than POSIX promises about names, in a data_dir that was there before', async () => {
    mkdirSync(join(root, 'data'), { mode: 0o700 });
    const run = await threeLives();
    const initial = new Map([['data/', Buffer.alloc(0)]]);
    const examined = await examineRun(run, 'strict names', { limit: Math.ceil(STATES / 4), rule: 'strict', initial });
    expect(examined.violations).toEqual([]);
  });

  it('makes even the name of a new data_dir durable before it acknowledges', async () => {
    const run = await threeLives();
    const examined = await examineRun(run, 'strict names, new data_dir', {
      limit: Math.ceil(STATES / 8),
      rule: 'strict',
    });
    expect(examined.violations).toEqual([]);
  });

  it('loses, changes and doubles nothing while the WAL is folded back and begun anew', async () => {
    const run = recordedGateway(scene, { root, world });
    await run.start();
    await load(run, LARGE_RECORDS, LARGE_NOTE_CHARACTERS);
    await load(run, 40);
    await run.stop();
    const from = firstFolding(run.events(), world);
    const examined = await examineRun(run, 'WAL folded', { limit: Math.ceil(STATES / 8), from });
    expect(examined.violations).toEqual([]);
  });

  it.each(['normal', 'early'] as const)('finds the planted fault "%s"', async (plant: GatewayPlant) => {
    const run = recordedGateway(scene, { root, world, plant });
    await run.start();
    await load(run, PLANTED_RECORDS);
    await run.stop();
    const examined = await examineRun(run, plant, { limit: PLANTED_STATES });
    expect(describeExamination(examined, seed)).toMatch(
      /acknowledged records are missing|entries that were seen by the segments are not here/,
    );
  });

  it('finds a disk that ignores syncs', async () => {
    const run = recordedGateway(scene, { root, world });
    await run.start();
    run.recorder.ignoreSyncs('buffer.db-wal');
    await load(run, PLANTED_RECORDS);
    await run.stop();
    const examined = await examineRun(run, 'lying disk', { limit: PLANTED_STATES });
    expect(describeExamination(examined, seed)).toMatch(
      /acknowledged records are missing|entries that were seen by the segments are not here/,
    );
  });
});

/** The moment the WAL first began to be folded back after lanes were served. */
function firstFolding(events: readonly LogEvent[], world: World): number {
  const served = events.findIndex((event) => event.kind === 'send' && world.isLane(event.peerPort));
  const folding = events.slice(served).find((event) => event.kind === 'write' && event.path.endsWith('/buffer.db'));
  if (served < 0 || folding === undefined) throw new Error('the WAL was never folded back: publish more');
  return folding.index - EVENTS_BEFORE_FOLDING;
}
