/** A disk that fills up: who is still taken in, what lanes see, and that it all comes back by itself. */
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SHORT_ARCHIVE } from '../harness/archived.ts';
import { counterfoil } from '../harness/command.ts';
import { Gateway, ROOT, STORE } from '../harness/gateway.ts';
import { readReceipts } from '../harness/mosquitto.ts';
import { publish, type SeenPacket, TYPE } from '../harness/mqtt-wire.ts';
import { missing } from '../harness/programs.ts';
import { RawLane } from '../harness/raw-lane.ts';
import { aRecord, type SentRecord, wire } from '../harness/records.ts';
import { Scene } from '../harness/scene.ts';
import { ScriptedPms, StrictLedger } from '../harness/scripted-pms.ts';
import { SmallDisk } from '../harness/small-disk.ts';
import { entriesOf } from '../harness/trail-entries.ts';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.close());

const MIB = 1024 * 1024;
const SHORT = join(ROOT, 'test/harness/short-storage.ts');

/** The gateway at a breaker's level. */
async function atLevel(gateway: Gateway, level: string): Promise<void> {
  const isThere = ({ storage }: Record<string, unknown>) => (storage as { level: string } | null)?.level === level;
  await gateway.getOnce('/api/v1/status', isThere, `level ${level}`);
}

/** One record of a schedule from a lane of its own; whether it was acknowledged. The receipt says so too. */
async function publishOne(gateway: Gateway, lane: string, schedule: string): Promise<'acknowledged' | 'deferred'> {
  const raw = await RawLane.ready(scene, gateway, lane);
  const receipts = await readReceipts(scene, gateway, lane);
  const record = aRecord({ schedule });
  raw.send(publish({ topic: `pos/${STORE}/${lane}/records`, payload: wire(record), id: 7 }));
  const { status } = await receipts.last(record.idempotency_key);
  if (status === 'deferred') {
    expect(raw.received.some(({ type }) => type === 4)).toBe(false);
    return 'deferred';
  }
  expect(await raw.acknowledged(7)).toBe(true);
  expect(status).toBe('accepted');
  return 'acknowledged';
}

describe.skipIf(missing('mosquitto_sub', 'root with loop devices'))('on a disk of 96 MiB', () => {
  test('another program’s file fills it: the rest waits, then all but Schedule II, and it closes by itself', async () => {
    const disk = SmallDisk.mount(scene, 96);
    const gateway = await Gateway.start(scene, {
      folder: join(disk.path, 'gateway'),
      config: { storage: { ballast_bytes: 2 * MIB } },
      preload: [SHORT],
    });
    const hasBallast = ({ storage }: Record<string, unknown>) =>
      (storage as { ballast_bytes: number } | null)?.ballast_bytes === 2 * MIB;
    await gateway.getOnce('/api/v1/status', hasBallast, 'the ballast');
    const taken = async (name: string) => ({
      other: await publishOne(gateway, `${name}-a`, 'NONE'),
      controlled: await publishOne(gateway, `${name}-b`, 'IV'),
      two: await publishOne(gateway, `${name}-c`, 'II'),
    });
    disk.fillTo(0.75);
    expect(await taken('low')).toEqual({ other: 'acknowledged', controlled: 'acknowledged', two: 'acknowledged' });
    disk.fillTo(0.83);
    await atLevel(gateway, 'OPEN');
    expect(await taken('open')).toEqual({ other: 'deferred', controlled: 'acknowledged', two: 'acknowledged' });
    disk.fillTo(0.96);
    await atLevel(gateway, 'RESERVE');
    expect(await taken('reserve')).toEqual({ other: 'deferred', controlled: 'deferred', two: 'acknowledged' });
    expect((await gateway.get('/health')).body.status).toBe('fail');
    // Not a byte left: the ballast is given up when the next Schedule II record comes.
    disk.fillTo(1);
    const stored = gateway.storedRecords;
    const lane = await RawLane.ready(scene, gateway, 'full');
    const record = aRecord({ schedule: 'II' });
    lane.send(publish({ topic: `pos/${STORE}/full/records`, payload: wire(record), id: 9 }));
    expect(await lane.acknowledged(9)).toBe(true);
    expect(gateway.storedRecords).toBe(stored + 1);
    disk.empty();
    await atLevel(gateway, 'CLOSED');
    expect(await taken('again')).toEqual({ other: 'acknowledged', controlled: 'acknowledged', two: 'acknowledged' });
    await gateway.stop();
    const steps = entriesOf(gateway.bufferFile, 'breaker').map(({ from, to }) => `${from}→${to}`);
    expect(steps.slice(0, 2)).toEqual(['CLOSED→OPEN', 'OPEN→RESERVE']);
    expect(steps.slice(-2)).toEqual(['RESERVE→HALF_OPEN', 'HALF_OPEN→CLOSED']);
    expect(entriesOf(gateway.bufferFile, 'deferred').length).toBeGreaterThan(0);
  });
});

describe.skipIf(missing('root with loop devices'))('a trail on a partition of its own that is full', () => {
  test('Schedule II is captured, mode CAPTURE says what is missing, and with room again the trail is whole', async () => {
    const disk = SmallDisk.mount(scene, 16);
    const pms = await ScriptedPms.start(new StrictLedger().script);
    scene.onClose(() => pms.close());
    const trail = join(disk.path, 'trail');
    const env = { COUNTERFOIL_TRAIL_DIR: trail };
    const gateway = await Gateway.start(scene, { env, preload: [SHORT], pmsUrl: pms.url });
    const sold = await publishOne(gateway, 'before', 'II');
    disk.fillTo(1);
    expect(sold).toBe('acknowledged');
    // More entries than the last blocks of the partition take.
    const full = await FillingLane.open(gateway, 'full', 'II');
    expect(await full.sell(400)).toBe(0);
    expect(await publishOne(gateway, 'rest', 'NONE')).toBe('deferred');
    const inMode = (mode: string) => (status: Record<string, unknown>) =>
      (status.mode as { mode: string } | null)?.mode === mode;
    const captures = await gateway.getOnce('/api/v1/status', inMode('CAPTURE'), 'CAPTURE');
    expect(captures).toMatchObject({ mode: { reasons: expect.arrayContaining(['trail_lost']) } });
    const { body } = await gateway.get('/health');
    expect(body.status).toBe('fail');
    expect(JSON.stringify(body)).toContain("The trail's partition takes nothing");
    disk.empty();
    await gateway.getOnce('/api/v1/status', inMode('NORMAL'), 'NORMAL again');
    expect(await publishOne(gateway, 'again', 'NONE')).toBe('acknowledged');
    await gateway.stop();
    expect(await counterfoil('trail', 'verify', trail)).toMatchObject({ code: 0 });
    const { output } = await counterfoil('trail', 'show', trail, '--kind', 'mode', '--json');
    expect(output).toMatch(/"to":"CAPTURE"[\s\S]*"to":"NORMAL"/);
  });
});

test('run --capture-only takes records and sends none; without it they leave', async () => {
  const ledger = new StrictLedger();
  const pms = await ScriptedPms.start(ledger.script);
  scene.onClose(() => pms.close());
  const folder = scene.folder();
  const first = await Gateway.start(scene, { folder, runOptions: ['--capture-only'], pmsUrl: pms.url });
  expect(await publishOne(first, 'a', 'II')).toBe('acknowledged');
  const health = await first.get('/health');
  expect(JSON.stringify(health.body)).toContain('Start it without --capture-only');
  expect(await first.get('/api/v1/status')).toMatchObject({
    body: { mode: { mode: 'CAPTURE', reasons: ['capture'] } },
  });
  await first.stop();
  expect(ledger.held.size).toBe(0);

  const second = await Gateway.start(scene, { folder, pmsUrl: pms.url });
  const isSent = ({ mode }: Record<string, unknown>) =>
    (mode as { mode: string }).mode !== 'CAPTURE' && ledger.held.size > 0;
  await second.getOnce('/api/v1/status', isSent, 'the record at the PMS');
  expect(ledger.held.size).toBe(1);
});

/** A lane that sells one schedule; it knows which of its records were acknowledged and keeps the others. */
class FillingLane {
  readonly kept: SentRecord[] = [];
  readonly acknowledged: SentRecord[] = [];
  readonly #raw: RawLane;
  readonly #name: string;
  readonly #schedule: string;
  #id = 0;

  constructor(raw: RawLane, name: string, schedule: string) {
    this.#raw = raw;
    this.#name = name;
    this.#schedule = schedule;
  }

  static async open(gateway: Gateway, name: string, schedule: string): Promise<FillingLane> {
    return new FillingLane(await RawLane.ready(scene, gateway, name), name, schedule);
  }

  /** Sells `count`, all in flight at once; how many were deferred. */
  async sell(count: number): Promise<number> {
    return await this.#send(Array.from({ length: count }, () => aRecord({ schedule: this.#schedule })));
  }

  /** Sends what it keeps again, oldest first. */
  async sendAgain(): Promise<number> {
    return await this.#send(this.kept.splice(0));
  }

  async #send(records: readonly SentRecord[]): Promise<number> {
    const topic = `pos/${STORE}/${this.#name}/records`;
    const sent = records.map((record) => {
      this.#id += 1;
      return { record, id: this.#id };
    });
    const from = this.#raw.received.length;
    this.#raw.send(...sent.map(({ record, id }) => publish({ topic, payload: wire(record), id })));
    let deferred = 0;
    for (const { record, id } of sent) {
      const isIts = ({ body }: SeenPacket) => body.includes(record.idempotency_key);
      const fresh = (packet: SeenPacket) => this.#raw.received.indexOf(packet, from) >= 0 && isIts(packet);
      const receipt = await this.#raw.next(TYPE.publish, fresh);
      if (receipt === null) throw new Error('the lane was thrown out');
      if (receipt.body.includes('"status":"deferred"')) {
        deferred += 1;
        this.kept.push(record);
      } else {
        expect(await this.#raw.acknowledged(id)).toBe(true);
        this.acknowledged.push(record);
      }
    }
    return deferred;
  }
}

/** The figures the breaker goes by are those of now. */
async function countsAre(gateway: Gateway, count: number): Promise<void> {
  const isNow = ({ records }: Record<string, unknown>) =>
    (records as { last_sequence: number }).last_sequence === count;
  await gateway.getOnce('/api/v1/status', isNow, `sequence ${count}`);
}

test('records fill it to the last: who waits is who should, nothing is lost, and the PMS empties it again', async () => {
  const LIMIT = 1000;
  const ledger = new StrictLedger();
  const pms = await ScriptedPms.start(() => 'cut');
  scene.onClose(() => pms.close());
  const gateway = await Gateway.start(scene, {
    pmsUrl: pms.url,
    config: { storage: { max_records: LIMIT } },
    preload: [SHORT, SHORT_ARCHIVE],
  });
  const other = await FillingLane.open(gateway, 'other', 'NONE');
  const controlled = await FillingLane.open(gateway, 'controlled', 'IV');
  const two = await FillingLane.open(gateway, 'two', 'II');
  const firstDeferral: Record<string, number> = {};
  for (let round = 0; firstDeferral.two === undefined && round < 200; round += 1) {
    for (const [name, lane] of Object.entries({ other, controlled, two })) {
      const deferred = await lane.sell(10);
      if (deferred > 0) firstDeferral[name] ??= gateway.storedRecords;
    }
    // Counts are told ten times a second; a level is not to be passed over in between.
    await countsAre(gateway, gateway.storedRecords);
  }
  expect(firstDeferral.other).toBeGreaterThanOrEqual(0.8 * LIMIT);
  expect(firstDeferral.controlled).toBeGreaterThanOrEqual(0.95 * LIMIT);
  expect(firstDeferral.two).toBeGreaterThanOrEqual(LIMIT);
  expect((await gateway.get('/health')).body.status).toBe('fail');
  const acknowledged = [other, controlled, two].flatMap((lane) => lane.acknowledged);
  expect(gateway.storedRecords).toBe(acknowledged.length);

  pms.script = ledger.script;
  await atLevel(gateway, 'CLOSED');
  const isMissing = ({ idempotency_key }: SentRecord) => !ledger.held.has(idempotency_key);
  expect(acknowledged.filter(isMissing)).toEqual([]);
  // The breaker lets the rest in; a lane that keeps sending what it keeps is rid of it.
  for (const lane of [two, controlled, other]) {
    for (let again = 0; lane.kept.length > 0 && again < 100; again += 1) await lane.sendAgain();
    expect(lane.kept).toEqual([]);
  }
  const all = [other, controlled, two].flatMap((lane) => lane.acknowledged);
  await gateway.getOnce('/api/v1/status', () => !all.some(isMissing), 'every record at the PMS');
  expect(ledger.held.size).toBe(all.length);
  await atLevel(gateway, 'CLOSED');
  await gateway.stop();
  const steps = entriesOf(gateway.bufferFile, 'breaker').map(({ to }) => to);
  expect(steps).toEqual(expect.arrayContaining(['OPEN', 'FULL', 'HALF_OPEN']));
  expect(steps[0]).toBe('OPEN');
  expect(steps.at(-1)).toBe('CLOSED');
});
