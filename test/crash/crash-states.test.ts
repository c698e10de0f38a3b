/**
 * Promises 1 and 2 against a power cut: the real gateway runs under load with the recorder beneath it; then every kind of
 * state its disk might have been left in is laid out, recovered by the gateway's own code, and checked by a stranger. A
 * gateway with a planted fault must be found out the same way.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
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
const LARGE_RECORDS = 420;
const LARGE_NOTE_DIGITS = 60_000;
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

  async function load(run: RecordedRun, records: number, noteDigits?: number): Promise<void> {
    const lanes = [await run.lane('lane-1'), await run.lane('lane-2'), await run.lane('lane-3')];
    await publishBursts(lanes, records, 12, random, noteDigits);
    expect(lanes.map(({ alive, outstanding }) => ({ alive, outstanding }))).toEqual(
      lanes.map(() => ({ alive: true, outstanding: 0 })),
    );
  }

  async function examineRun(run: RecordedRun, limit: number, what: string): Promise<Examination> {
    const events = run.events();
    const recovery = GATEWAY_RECOVERY;
    const examined = await examine({ events, root, world, limit, seed, recovery, check: checkGateway });
    process.stdout.write(`${what}: ${describeExamination(examined, seed)}\n`);
    expect(examined.acknowledgements).toBeGreaterThanOrEqual(world.published.size);
    return examined;
  }

  it('loses, changes and doubles nothing, from the first start through a clean stop and a kill', async () => {
    const run = recordedGateway(scene, { root, world });
    for (const end of ['SIGTERM', 'SIGKILL', 'SIGKILL'] as const) {
      await run.start();
      await load(run, 130);
      await run.stop(end);
    }
    expect((await examineRun(run, STATES, 'three lives')).violations).toEqual([]);
  });

  it('loses, changes and doubles nothing while the WAL is folded back and begun anew', async () => {
    const run = recordedGateway(scene, { root, world });
    await run.start();
    await load(run, LARGE_RECORDS, LARGE_NOTE_DIGITS);
    await load(run, 40);
    await run.stop();
    expect(foldings(run.events(), world)).toBeGreaterThan(0);
    expect((await examineRun(run, Math.ceil(STATES / 5), 'WAL folded')).violations).toEqual([]);
  });

  it.each(['normal', 'early'] as const)('finds the planted fault "%s"', async (plant: GatewayPlant) => {
    const run = recordedGateway(scene, { root, world, plant });
    await run.start();
    await load(run, PLANTED_RECORDS);
    await run.stop();
    const examined = await examineRun(run, PLANTED_STATES, plant);
    expect(describeExamination(examined, seed)).toMatch(/acknowledged records are missing/);
  });

  it('finds a disk that ignores syncs', async () => {
    const run = recordedGateway(scene, { root, world });
    await run.start();
    run.recorder.ignoreSyncs('buffer.db-wal');
    await load(run, PLANTED_RECORDS);
    await run.stop();
    const examined = await examineRun(run, PLANTED_STATES, 'lying disk');
    expect(describeExamination(examined, seed)).toMatch(/acknowledged records are missing/);
  });
});

/** Syncs of the database file itself after lanes were served: each ends a folding of the WAL. */
function foldings(events: readonly LogEvent[], world: World): number {
  const first = events.findIndex((event) => event.kind === 'send' && world.isLane(event.peerPort));
  return events.slice(first).filter((event) => event.kind === 'sync-end' && event.path.endsWith('/buffer.db')).length;
}
