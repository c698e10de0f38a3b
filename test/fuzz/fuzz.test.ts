/**
 * Mutated packets and records by the hundred thousand against the real gateway, beside a till that behaves. The gateway
 * may refuse, hang up and log; it must not fall over, grow without bound, forget, or keep the good till waiting.
 *
 * FUZZ_SEED replays a run, FUZZ_PACKETS sets how many mutated packets are sent (default 100,000).
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Gateway } from '../harness/gateway.ts';
import { missing } from '../harness/programs.ts';
import { Scene } from '../harness/scene.ts';
import { Attacker, type Tally } from './attacker.ts';
import { Chance } from './random.ts';
import { answersToRepublishing, SteadyLane } from './steady-lane.ts';

const SEED = Number(process.env.FUZZ_SEED ?? 20_261_122);
const PACKETS = Number(process.env.FUZZ_PACKETS ?? 100_000);
const ATTACKERS = 12;
/** Resident memory: a heap that has grown to its working size by half-time may breathe afterwards, but not climb. */
const MAX_GROWTH_MIB = 96;
const MAX_MIB = 448;

/** Resident memory of a process in MiB. */
function residentMib(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
}

/** One wave: each attacker has its own share and its own chance, so that timing does not change what it does. */
async function attack(gateway: Gateway, seed: number, packets: number): Promise<Tally> {
  const attackers = Array.from({ length: ATTACKERS }, (_, n) => new Attacker(gateway, n, new Chance(seed * 1000 + n)));
  await Promise.all(attackers.map((attacker) => attacker.run(Math.ceil(packets / ATTACKERS))));
  const sum = (count: (tally: Tally) => number) => attackers.reduce((total, { tally }) => total + count(tally), 0);
  return {
    packets: sum(({ packets: sent }) => sent),
    connections: sum(({ connections }) => connections),
    acknowledged: sum(({ acknowledged }) => acknowledged),
  };
}

describe.skipIf(missing('python3 with paho'))('under fire', () => {
  const scene = new Scene();
  const tally: Tally = { packets: 0, connections: 0, acknowledged: 0 };
  let gateway: Gateway;
  let steady: SteadyLane;
  let halfMib = 0;
  let endMib = 0;

  beforeAll(async () => {
    gateway = await Gateway.start(scene);
    const { pid } = gateway;
    steady = await SteadyLane.start(scene, gateway);
    const selling = steady.run();
    const started = performance.now();
    const wave = async (seed: number, packets: number) => {
      // The good lane fails first when it is disturbed; then there is no point in going on.
      const sent = await Promise.race([attack(gateway, seed, packets), selling.then(() => tally)]);
      tally.packets += sent.packets;
      tally.connections += sent.connections;
      tally.acknowledged += sent.acknowledged;
    };
    await wave(SEED, Math.ceil(PACKETS / 2));
    halfMib = residentMib(pid);
    await wave(SEED + 1, PACKETS - tally.packets);
    endMib = residentMib(pid);
    steady.stop();
    await selling;
    report(performance.now() - started);
  });
  afterAll(() => scene.close());

  function report(durationMs: number): void {
    const sorted = [...steady.latenciesMs].sort((a, b) => a - b);
    const p99 = sorted[Math.floor(sorted.length * 0.99)] ?? 0;
    process.stdout.write(
      `fuzz: seed ${SEED}, ${tally.packets} mutated packets on ${tally.connections} connections in ` +
        `${(durationMs / 1000).toFixed(1)} s; ${tally.acknowledged} answered; memory ${halfMib.toFixed(0)} to ` +
        `${endMib.toFixed(0)} MiB; good lane ${sorted.length} records, p99 ${p99.toFixed(1)} ms\n`,
    );
  }

  test('as many mutated packets were sent as asked for', () => {
    expect(tally.packets).toBeGreaterThanOrEqual(PACKETS);
    expect(tally.acknowledged).toBeGreaterThan(0);
  });

  test('the gateway is up, ready and takes a record', async () => {
    expect(gateway.running).toBe(true);
    expect((await gateway.get('/readyz')).status).toBe(200);
  });

  test('memory has a bound', () => {
    expect(endMib).toBeLessThan(MAX_MIB);
    expect(endMib - halfMib).toBeLessThan(MAX_GROWTH_MIB);
  });

  test('all publishes of the good lane were acknowledged, and all are there', async () => {
    expect(steady.acknowledged.length).toBeGreaterThan(0);
    const answers = await answersToRepublishing(scene, gateway, steady.acknowledged);
    expect(Object.fromEntries(answers)).toEqual({ duplicate: steady.acknowledged.length });
  });

  test('no record data in the log, and no error', () => {
    expect(gateway.output).not.toMatch(/FUZZ|0574-4072|idempotency_key/);
    expect(gateway.log.filter(({ level }) => level === 'error')).toEqual([]);
  });

  test('after all that it ends cleanly', async () => {
    expect(await gateway.stop()).toEqual({ code: 0, signal: null });
  });
});
