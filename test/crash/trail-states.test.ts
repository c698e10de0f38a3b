/**
 * The trail against a power cut: while records are taken, sent and settled, entries leave the buffer for the segments, a
 * group at a time, and their rows go. In every state the disk may be left in, buffer and segments together must hold every
 * entry once, in order, and nothing may look like somebody's hand.
 */
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describeExamination, type Examination, examine } from '../harness/crash/examine.ts';
import { publishBursts } from '../harness/crash/load.ts';
import { numberFromEnvironment, runSeed, seededRandom } from '../harness/crash/random.ts';
import { checkGateway, GATEWAY_RECOVERY, recordedGateway } from '../harness/crash/recorded-gateway.ts';
import type { RecordedRun } from '../harness/crash/recorded-run.ts';
import { canBuildRecorder } from '../harness/crash/shim.ts';
import { World } from '../harness/crash/world.ts';
import { PmsProcess } from '../harness/reference-pms.ts';
import { Scene } from '../harness/scene.ts';
import { checkDirectory, checkEntries } from '../trail/check-segments.ts';

const STATES = Math.ceil(numberFromEnvironment('CRASH_STATES', 2000) / 10);
const PLANTED_STATES = 150;
const RECORDS_PER_LIFE = 150;
const LOGS = ['audit', 'schedule_two'];
const SHORT_TRAIL = join(import.meta.dirname, '../harness/crash/short-trail.ts');
const seed = runSeed();

if (!canBuildRecorder()) {
  process.stderr.write('SKIPPED: crash tests need Linux and gcc (apt-get install -y gcc libc6-dev)\n');
}

describe.skipIf(!canBuildRecorder())(`crash states of the trail, CRASH_SEED=${seed}`, () => {
  const random = seededRandom(seed);
  let scene: Scene;
  let root: string;
  let world: World;
  let pms: PmsProcess;
  beforeEach(async () => {
    scene = new Scene();
    root = scene.folder();
    world = new World();
    pms = await PmsProcess.start(scene);
  });
  afterEach(() => scene.close());

  const gateway = () => recordedGateway(scene, { root, world, pmsUrl: pms.url, preload: [SHORT_TRAIL] });

  /** Records on several lanes, all of them at the PMS before the life ends. */
  async function sell(run: RecordedRun, records: number): Promise<void> {
    const lanes = [await run.lane('lane-1'), await run.lane('lane-2')];
    await publishBursts(lanes, records, 3, random);
    expect(await pms.holds(world.published.size)).toBe(world.published.size);
  }

  function checkBoth(folder: string, expected: Parameters<typeof checkGateway>[1]): readonly string[] {
    const problems = [...checkGateway(folder, expected)];
    for (const log of LOGS) {
      const found = checkDirectory(join(folder, 'data', 'trail', log));
      problems.push(...[...found.problems, ...checkEntries(found)].map((text) => `${log}: ${text}`));
      const alarms = found.entries.filter(({ k }) => ['tail_lost', 'fork'].includes(k));
      problems.push(...alarms.map(({ i, k, r }) => `${log}: entry ${i} is ${k} ${JSON.stringify(r)}`));
    }
    return problems;
  }

  async function examineRun(run: RecordedRun, what: string, limit: number): Promise<Examination> {
    const subject = { recovery: GATEWAY_RECOVERY, check: checkBoth };
    const examined = await examine({ events: run.events(), root, world, seed, limit, ...subject });
    process.stdout.write(`${what}: ${describeExamination(examined, seed)}\n`);
    return examined;
  }

  it('holds every entry once through clean ends, kills and cuts', async () => {
    const run = gateway();
    for (const end of ['SIGTERM', 'SIGKILL', 'SIGKILL'] as const) {
      await run.start();
      await sell(run, RECORDS_PER_LIFE);
      await run.stop(end);
    }
    const segments = checkDirectory(join(root, 'data/trail/audit')).framings.length;
    expect(segments).toBeGreaterThan(5);
    expect((await examineRun(run, 'trail', STATES)).violations).toEqual([]);
  });

  it('finds a trail disk that ignores syncs', async () => {
    const run = gateway();
    await run.start();
    run.recorder.ignoreSyncs('/data/trail/');
    await sell(run, 2 * RECORDS_PER_LIFE);
    await run.stop();
    const examined = await examineRun(run, 'lying trail disk', PLANTED_STATES);
    expect(describeExamination(examined, seed)).toMatch(/trail|segment/);
    expect(examined.violations).not.toEqual([]);
  });
});
