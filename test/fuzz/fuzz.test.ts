/**
 * Mutated packets and records by the hundred thousand against the real gateway, half of them over TLS with a client
 * certificate, beside a till that behaves. The gateway may refuse, hang up and log; it must not fall over, grow without bound,
 * forget, or keep the good till waiting.
 *
 * FUZZ_SEED replays a run, FUZZ_PACKETS sets how many mutated packets are sent (default 100,000).
 */
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { handlesOf, residentMib } from '../harness/besieged.ts';
import type { Gateway } from '../harness/gateway.ts';
import { type LaneShop, laneShop } from '../harness/lane-authority.ts';
import { missing } from '../harness/programs.ts';
import { Scene } from '../harness/scene.ts';
import { Attacker, NOTHING_SENT, type Promised, type Tally } from './attacker.ts';
import { type Door, plainDoor, secureDoor } from './doors.ts';
import { Chance } from './random.ts';
import { answersToRepublishing, SteadyLane } from './steady-lane.ts';

const SEED = Number(process.env.FUZZ_SEED ?? 20_261_122);
const PACKETS = Number(process.env.FUZZ_PACKETS ?? 100_000);
const ATTACKERS = 12;
/** Resident memory: a heap that has grown to its working size by half-time may breathe afterwards, but not climb. */
const MAX_GROWTH_MIB = 96;
const MAX_MIB = 448;

/** A lane leaves at most 16 MiB of evidence; then it is closed at once, and nothing is tried with it any more. */
const LANES_EACH = Math.ceil(PACKETS / ATTACKERS / 9000);

/** The ways in of each attacker: every second one has certificates, and each has a loopback address of its own. */
async function doorsOf({ gateway, secure, identity }: LaneShop): Promise<Door[][]> {
  const all = Array.from({ length: ATTACKERS }, (_, attacker) => {
    const from = `127.0.0.${attacker + 2}`;
    const lanes = Array.from({ length: LANES_EACH }, (_, number) => `fuzz-${attacker}-${number}`);
    return Promise.all(
      lanes.map((lane) =>
        attacker % 2 === 0 ? plainDoor(lane, gateway.mqtt, from) : secureDoor(lane, secure, from, identity(lane)),
      ),
    );
  });
  return await Promise.all(all);
}

/** One wave: each attacker has its own share and its own chance, so that timing does not change what it does. */
async function attack(
  doors: readonly (readonly Door[])[],
  seed: number,
  packets: number,
  promised: Promised,
): Promise<Tally> {
  const attackers = doors.map((own, n) => new Attacker(own, new Chance(seed * 1000 + n), promised));
  await Promise.all(attackers.map((attacker) => attacker.run(Math.ceil(packets / ATTACKERS))));
  return attackers.reduce((total, { tally }) => sumOf(total, tally), NOTHING_SENT);
}

function sumOf(a: Tally, b: Tally): Tally {
  return {
    packets: a.packets + b.packets,
    secured: a.secured + b.secured,
    records: a.records + b.records,
    connections: a.connections + b.connections,
    acknowledged: a.acknowledged + b.acknowledged,
  };
}

/** Hashes (hex) by which the buffer knows what it took in, read beside the gateway. */
function hashesIn(bufferFile: string): Set<string> {
  const db = new Database(bufferFile, { readonly: true });
  try {
    const sql = 'SELECT lower(hex(lane_hash)) FROM record UNION SELECT lower(hex(hash)) FROM evidence';
    return new Set(db.prepare<[], string>(sql).pluck().all());
  } finally {
    db.close();
  }
}

describe.skipIf(missing('python3 with paho'))('under fire', () => {
  const scene = new Scene();
  const promised: Promised = new Map();
  let tally: Tally = NOTHING_SENT;
  let gateway: Gateway;
  let steady: SteadyLane;
  let halfMib = 0;
  let endMib = 0;
  let halfHandles = 0;
  let endHandles = 0;

  beforeAll(
    async () => {
      const shop = await laneShop(scene);
      gateway = shop.gateway;
      const { pid } = gateway;
      const doors = await doorsOf(shop);
      steady = await SteadyLane.start(scene, gateway);
      const selling = steady.run();
      const started = performance.now();
      const wave = async (seed: number, packets: number) => {
        // The good lane fails first when it is disturbed; then there is no point in going on.
        tally = sumOf(
          tally,
          await Promise.race([attack(doors, seed, packets, promised), selling.then(() => NOTHING_SENT)]),
        );
      };
      await wave(SEED, Math.ceil(PACKETS / 2));
      halfMib = residentMib(pid);
      halfHandles = handlesOf(pid);
      await wave(SEED + 1, PACKETS - tally.packets);
      endMib = residentMib(pid);
      endHandles = handlesOf(pid);
      steady.stop();
      await selling;
      report(performance.now() - started);
      // A million takes its time, on a busy machine hours.
    },
    300_000 + PACKETS * 30,
  );
  afterAll(() => scene.close());

  function report(durationMs: number): void {
    const sorted = [...steady.latenciesMs].sort((a, b) => a - b);
    const p99 = sorted[Math.floor(sorted.length * 0.99)] ?? 0;
    process.stdout.write(
      `fuzz: seed ${SEED}, ${tally.packets} mutated packets (${tally.secured} over TLS) and ${tally.records} mutated ` +
        `TLS records on ${tally.connections} connections in ${(durationMs / 1000).toFixed(1)} s; ${tally.acknowledged} ` +
        `answered; memory ${halfMib.toFixed(0)} to ${endMib.toFixed(0)} MiB, handles ${halfHandles} to ${endHandles}; good lane ${sorted.length} records, p99 ${p99.toFixed(1)} ms\n`,
    );
  }

  test('as many mutated packets were sent as asked for', () => {
    expect(tally.packets).toBeGreaterThanOrEqual(PACKETS);
    expect(tally.acknowledged).toBeGreaterThan(0);
    expect(tally.secured).toBeGreaterThan(PACKETS / 3);
    expect(tally.records).toBeGreaterThan(PACKETS / 1000);
  });

  test('the gateway is up, ready and takes a record', async () => {
    expect(gateway.running).toBe(true);
    expect((await gateway.get('/readyz')).status).toBe(200);
  });

  test('memory and open handles have a bound', () => {
    expect(endMib).toBeLessThan(MAX_MIB);
    expect(endMib - halfMib).toBeLessThan(MAX_GROWTH_MIB);
    expect(endHandles).toBeLessThanOrEqual(halfHandles + ATTACKERS);
  });

  test('whatever was acknowledged to a hostile till is in the buffer, as a record or as evidence', () => {
    const kept = hashesIn(gateway.bufferFile);
    const lost = [...promised].filter(([bytes, lane]) => !kept.has(bytes) && !kept.has(lane));
    expect(promised.size).toBeGreaterThan(PACKETS / 2);
    expect(lost).toEqual([]);
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
