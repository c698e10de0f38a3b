/**
 * Mutated HTTP requests by the ten thousand against the real gateway with a named user, beside a till that behaves. The
 * gateway may refuse and hang up; it must not fall over, grow without bound, let anybody in, or keep the till waiting.
 *
 * FUZZ_SEED replays a run, FUZZ_REQUESTS sets how many requests are sent (default 20,000).
 */
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { residentMib } from '../harness/besieged.ts';
import type { Gateway } from '../harness/gateway.ts';
import { Browser, namedGateway } from '../harness/named-gateway.ts';
import { missing } from '../harness/programs.ts';
import { Scene } from '../harness/scene.ts';
import { entriesOf } from '../harness/trail-entries.ts';
import { type Mutated, mutateRequest } from './http-mutate.ts';
import { Chance } from './random.ts';
import { SteadyLane } from './steady-lane.ts';

const SEED = Number(process.env.FUZZ_SEED ?? 20_261_125);
const REQUESTS = Number(process.env.FUZZ_REQUESTS ?? 20_000);
const ATTACKERS = 12;
const MAX_GROWTH_MIB = 96;
const MAX_MIB = 448;

interface Tally {
  requests: number;
  answered: number;
  /** Answers by their status. */
  readonly statuses: Map<number, number>;
}

/** One request on a connection of its own. A broken one is ended by us once all is sent, so that nothing waits for a time-out. */
function send(port: number, from: string, { bytes, whole }: Mutated): Promise<string> {
  return new Promise((resolve) => {
    let received = '';
    const socket = connect({ host: '127.0.0.1', port, localAddress: from }, () => {
      if (whole) socket.write(bytes);
      else socket.end(bytes);
    });
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1');
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(received));
  });
}

async function attack(gateway: Gateway, number: number, wanted: number, tally: Tally, seed: number): Promise<void> {
  const port = Number(new URL(gateway.http).port);
  const chance = new Chance(seed * 1000 + number);
  for (let sent = 0; sent < wanted; sent++) {
    const answer = await send(port, `127.0.1.${number + 2}`, mutateRequest(chance));
    tally.requests += 1;
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);
    if (status !== 0) tally.answered += 1;
    tally.statuses.set(status, (tally.statuses.get(status) ?? 0) + 1);
    if (/^set-cookie: counterfoil=[^;]/im.test(answer)) throw new Error(`request ${sent} of ${number} got a session`);
  }
}

describe.skipIf(missing('python3 with paho'))('under fire over HTTP', () => {
  const scene = new Scene();
  const tally: Tally = { requests: 0, answered: 0, statuses: new Map() };
  let gateway: Gateway;
  let steady: SteadyLane;
  let halfMib = 0;
  let endMib = 0;

  beforeAll(
    async () => {
      gateway = await namedGateway(scene, { rita: ['compliance'] });
      steady = await SteadyLane.start(scene, gateway);
      const selling = steady.run();
      const started = performance.now();
      const wave = async (seed: number) => {
        const each = Math.ceil(REQUESTS / 2 / ATTACKERS);
        const attackers = Array.from({ length: ATTACKERS }, (_, number) => attack(gateway, number, each, tally, seed));
        await Promise.race([Promise.all(attackers), selling]);
      };
      await wave(SEED);
      halfMib = residentMib(gateway.pid);
      await wave(SEED + 1);
      endMib = residentMib(gateway.pid);
      steady.stop();
      await selling;
      const sorted = [...steady.latenciesMs].sort((a, b) => a - b);
      const statuses = [...tally.statuses].sort(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`);
      process.stdout.write(
        `http fuzz: seed ${SEED}, ${tally.requests} mutated requests in ${((performance.now() - started) / 1000).toFixed(1)} s; ` +
          `answers ${statuses.join(', ')}; memory ${halfMib.toFixed(0)} to ${endMib.toFixed(0)} MiB; ` +
          `good lane ${sorted.length} records, p99 ${(sorted[Math.floor(sorted.length * 0.99)] ?? 0).toFixed(1)} ms\n`,
      );
    },
    300_000 + REQUESTS * 30,
  );
  afterAll(() => scene.close());

  test('as many were sent as asked for, most were answered, and none by an error of ours', () => {
    expect(tally.requests).toBeGreaterThanOrEqual(REQUESTS);
    expect(tally.answered).toBeGreaterThan(tally.requests / 10);
    expect(tally.statuses.get(500)).toBeUndefined();
    expect(gateway.log.filter(({ level }) => level === 'error')).toEqual([]);
  });

  test('the gateway is up, takes records and log-ins, and memory has a bound', async () => {
    expect(gateway.running).toBe(true);
    expect((await fetch(`${gateway.http}/readyz`)).status).toBe(200);
    await Browser.loggedIn(gateway, 'rita');
    expect(steady.acknowledged.length).toBeGreaterThan(0);
    expect(gateway.storedRecords).toBe(steady.acknowledged.length);
    expect(endMib).toBeLessThan(MAX_MIB);
    expect(endMib - halfMib).toBeLessThan(MAX_GROWTH_MIB);
  });

  test('nothing that was typed is in the log or the trail', () => {
    expect(gateway.output).not.toMatch(/marked/i);
    expect(JSON.stringify(entriesOf(gateway.bufferFile, 'login_refused'))).not.toMatch(/marked/i);
  });

  test('after all that it ends cleanly', async () => {
    expect(await gateway.stop()).toEqual({ code: 0, signal: null });
  });
});
