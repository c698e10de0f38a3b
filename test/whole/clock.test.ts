/** The box's clock, measured by the real gateway against a real time server over UDP and against the PMS. */
import { utimesSync } from 'node:fs';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { gatewayStatusSchema } from '../../src/health/status-schema.ts';
import { parseStatus } from '../../src/record/lane-wire.ts';
import { PMS_PATHS } from '../../src/record/wire.ts';
import { Gateway, STORE } from '../harness/gateway.ts';
import { subscribe } from '../harness/mosquitto.ts';
import { publish } from '../harness/mqtt-wire.ts';
import { missing } from '../harness/programs.ts';
import { RawLane } from '../harness/raw-lane.ts';
import { aRecord, wire } from '../harness/records.ts';
import { Scene } from '../harness/scene.ts';
import { ScriptedPms, StrictLedger } from '../harness/scripted-pms.ts';
import { timeServer } from '../harness/time-server.ts';
import { entriesOf } from '../harness/trail-entries.ts';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.close());

const HOUR_MS = 3_600_000;

/** A PMS whose clock is off by this much, in its ping and its Date header. */
async function pmsOff(offMs: number): Promise<ScriptedPms> {
  const ledger = new StrictLedger();
  const pms = await ScriptedPms.start((seen) => {
    if (seen.path !== PMS_PATHS.ping) return ledger.script(seen);
    const time = new Date(Date.now() + offMs);
    return { status: 200, headers: { date: time.toUTCString() }, body: { status: 'ok', time_utc: time.toISOString() } };
  });
  scene.onClose(() => pms.close());
  return pms;
}

const became = (gateway: Gateway, quality: string) =>
  gateway.logged(({ msg, to }) => msg === 'the quality of the clock has changed' && to === quality, quality);

async function look(gateway: Gateway) {
  const { clock, health } = gatewayStatusSchema.parse((await gateway.get('/api/v1/status')).body);
  return { clock, problems: health.problems.filter(({ check }) => check.startsWith('clock:')) };
}

async function oneRecord(gateway: Gateway): Promise<number | undefined> {
  const lane = await RawLane.ready(scene, gateway, 'till');
  lane.send(publish({ topic: `pos/${STORE}/till/records`, payload: wire(aRecord()), id: 1 }));
  expect(await lane.acknowledged(1)).toBe(true);
  const database = new Database(gateway.bufferFile, { readonly: true });
  try {
    return database.prepare<[], number>('SELECT clock FROM record').pluck().get();
  } finally {
    database.close();
  }
}

describe('with a time server', () => {
  test('that agrees: synchronised in status, trail and in each record, also when the PMS is hours off', async () => {
    const server = await timeServer(scene, { utcMs: Date.now, rootDispersionMs: 10 });
    const pms = await pmsOff(3 * HOUR_MS);
    const gateway = await Gateway.start(scene, { pmsUrl: pms.url, config: { clock: { ntp_servers: [server.name] } } });
    await became(gateway, 'synchronised');
    await gateway.logged(({ layer, to }) => layer === 'heartbeat' && to === 'ok', 'a heartbeat');
    const { clock, problems } = await look(gateway);
    expect(clock).toMatchObject({
      quality: 'synchronised',
      source: 'ntp',
      servers: [{ server: server.name, state: 'ok' }],
    });
    expect(problems).toEqual([
      expect.objectContaining({
        check: 'clock:pms',
        output: expect.stringMatching(/^The PMS's clock is ahead of the time servers by \d/),
      }),
    ]);
    expect(await oneRecord(gateway)).toBe(1);
    expect(entriesOf(gateway.bufferFile, 'clock')).toContainEqual(
      expect.objectContaining({ to: 'synchronised', source: 'ntp' }),
    );
  });

  test.skipIf(missing('mosquitto_sub'))('that says we are an hour behind: lanes are told by how much', async () => {
    const server = await timeServer(scene, { utcMs: () => Date.now() + HOUR_MS, rootDispersionMs: 10 });
    const gateway = await Gateway.start(scene, { config: { clock: { ntp_servers: [server.name] } } });
    const lane = await subscribe(scene, gateway, 'lane', `pos/${STORE}/status`);
    const line = await lane.line((text) => text.includes('"clock":"unsynchronised"'), 'the status');
    const status = parseStatus(Buffer.from(/^MESSAGE \d \S+ (.*)$/.exec(line)?.[1] ?? ''));
    expect(Math.abs((status?.clock_offset_ms ?? 0) - HOUR_MS)).toBeLessThan(60_000);
    expect(status?.clock_uncertainty_ms).toBeGreaterThanOrEqual(10);
    expect(await oneRecord(gateway)).toBe(2);
    const { problems } = await look(gateway);
    expect(problems.map(({ check }) => check)).toEqual(['clock:quality', 'clock:offset']);
    expect(problems[1]?.output).toMatch(/behind by (59 min|60 min|1 h)/);
  });
});

describe('without a time server', () => {
  test('a clock that stands before what the box has written is known to be wrong from the first record on', async () => {
    const gateway = await Gateway.start(scene);
    await gateway.stop();
    const tomorrow = (Date.now() + 24 * HOUR_MS) / 1000;
    utimesSync(gateway.bufferFile, tomorrow, tomorrow);
    await gateway.start();
    expect(await oneRecord(gateway)).toBe(2);
    const { clock, problems } = await look(gateway);
    expect(clock).toMatchObject({ quality: 'unsynchronised', doubt: 'behind_own_files' });
    expect(problems[0]?.output).toMatch(/before what this box itself has written.*never sets the clock/);
  });

  test('a PMS that agrees is enough', async () => {
    const gateway = await Gateway.start(scene, { pmsUrl: (await pmsOff(0)).url });
    await became(gateway, 'synchronised');
    expect(await look(gateway)).toMatchObject({ clock: { source: 'pms', doubt: null }, problems: [] });
  });

  test('a PMS that disagrees is a warning with both readings, and nobody knows', async () => {
    const gateway = await Gateway.start(scene, { pmsUrl: (await pmsOff(-2 * HOUR_MS)).url });
    await gateway.logged(({ layer, to }) => layer === 'heartbeat' && to === 'ok', 'a heartbeat');
    const { clock, problems } = await look(gateway);
    expect(clock).toMatchObject({ quality: 'unknown', source: 'pms', doubt: 'pms_disagrees' });
    expect(problems[0]?.output).toMatch(/This box says \d{4}-.*, the PMS \d{4}-.*clock\.ntp_servers/);
    expect(await oneRecord(gateway)).toBe(0);
  });
});
