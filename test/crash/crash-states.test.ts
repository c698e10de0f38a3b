/**
 * Promise 1 and 2 against a power cut: the real gateway runs under load with the recorder beneath it; then every kind of
 * state its disk might have been left in is laid out, recovered by the gateway's own code, and checked by a stranger. A
 * gateway with a planted fault must be found out the same way.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describeExamination, type Examination, examine } from '../harness/crash/examine.ts';
import { publishBursts } from '../harness/crash/load.ts';
import { numberFromEnvironment, runSeed, seededRandom } from '../harness/crash/random.ts';
import {
  checkGateway,
  GATEWAY_RECOVERY,
  type GatewayPlant,
  recordedGateway,
} from '../harness/crash/recorded-gateway.ts';
import { canBuildRecorder } from '../harness/crash/shim.ts';
import { World } from '../harness/crash/world.ts';
import { Scene } from '../harness/scene.ts';

const STATES = numberFromEnvironment('CRASH_STATES', 2000);
const PLANTED_STATES = 300;
const PLANTED_RECORDS = 100;
const RECORDS = numberFromEnvironment('CRASH_RECORDS', 400);
const seed = runSeed();

if (!canBuildRecorder()) {
  process.stderr.write('SKIPPED: crash tests need Linux and gcc (apt-get install -y gcc libc6-dev)\n');
}

describe.skipIf(!canBuildRecorder())(`crash states of the gateway, CRASH_SEED=${seed}`, () => {
  let scene: Scene;
  beforeEach(() => {
    scene = new Scene();
  });
  afterEach(() => scene.close());

  interface Trouble {
    readonly plant?: GatewayPlant;
    readonly lyingDisk?: true;
  }

  async function examineGateway(limit: number, trouble: Trouble = {}): Promise<Examination> {
    const root = scene.folder();
    const world = new World();
    const { plant, lyingDisk } = trouble;
    const run = recordedGateway(scene, { root, world, ...(plant === undefined ? {} : { plant }) });
    await run.start();
    const lanes = [await run.lane('lane-1'), await run.lane('lane-2'), await run.lane('lane-3')];
    if (lyingDisk) run.recorder.ignoreSyncs('buffer.db-wal');
    const records = plant === undefined && !lyingDisk ? RECORDS : PLANTED_RECORDS;
    await publishBursts(lanes, records, 12, seededRandom(seed));
    await run.stop();
    const events = run.events();
    const examined = await examine({
      events,
      root,
      world,
      limit,
      seed,
      recovery: GATEWAY_RECOVERY,
      check: checkGateway,
    });
    process.stdout.write(`${JSON.stringify(trouble)}: ${describeExamination(examined, seed)}\n`);
    expect(examined.acknowledgements).toBeGreaterThanOrEqual(records);
    return examined;
  }

  it('loses, changes and doubles nothing in any state', async () => {
    expect((await examineGateway(STATES)).violations).toEqual([]);
  });

  it.each(['normal', 'early'] as const)('finds the planted fault "%s"', async (plant) => {
    const examined = await examineGateway(PLANTED_STATES, { plant });
    expect(describeExamination(examined, seed)).toMatch(/acknowledged records are missing/);
  });

  it('finds a disk that ignores syncs', async () => {
    const examined = await examineGateway(PLANTED_STATES, { lyingDisk: true });
    expect(describeExamination(examined, seed)).toMatch(/acknowledged records are missing/);
  });
});
