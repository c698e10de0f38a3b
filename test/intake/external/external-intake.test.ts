/** The external source on a real broker, with a sink the test decides for. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock, systemTimers } from '../../../src/base/clock.ts';
import { CounterfoilError } from '../../../src/base/errors.ts';
import { type Log, silentLog } from '../../../src/base/log.ts';
import type { IntakeItem, IntakeResult, SettledRecord } from '../../../src/buffer/api.ts';
import { ExternalIntake } from '../../../src/intake/external/external-intake.ts';
import { EXTERNAL_DEFAULTS, type ExternalOptions, standingLimits } from '../../../src/intake/external/options.ts';
import type { Status } from '../../../src/record/lane-wire.ts';
import { ShopBroker } from './shop-broker.ts';

const TRAIL = { log: 'audit' as const, index: 0, leaf: Buffer.alloc(32) };
const TOPIC = 'pos/0042/till/records';
const STATUS: Status = {
  gateway_id: 'gw-0042',
  epoch: '00000001',
  mode: 'NORMAL',
  link: 'ONLINE',
  storage: 'CLOSED',
  checkpoint: null,
  gateway_time_utc: '2026-11-22T09:00:00.000Z',
  clock: 'unknown',
  clock_offset_ms: null,
  clock_uncertainty_ms: null,
  since: '2026-11-22T09:00:00.000Z',
};

const recordOf = (key: string, schedule = 'NONE') =>
  JSON.stringify({
    idempotency_key: key,
    ndc: '0574-4072-05',
    quantity: 30,
    schedule,
    prescription_id: 'RX-1',
    pharmacist_npi: '1234567893',
    dispensed_at_utc: '2026-11-22T09:03:00Z',
  });
const keysOf = (count: number) => Array.from({ length: count }, (_, at) => `key-0000-${at + 1}`);

/** Stores in memory; `decide` may say something else about an item, or throw for its group. */
class Sink {
  readonly stored: string[] = [];
  readonly items: IntakeItem[] = [];
  readonly groups: number[] = [];
  decide: (item: IntakeItem) => IntakeResult | null = () => null;

  async intake(items: readonly IntakeItem[]): Promise<IntakeResult[]> {
    this.groups.push(items.length);
    await new Promise((resolve) => setImmediate(resolve));
    const decided = items.map((item) => this.decide(item));
    return items.map((item, at) => decided[at] ?? this.#store(item));
  }

  #store(item: IntakeItem): IntakeResult {
    this.items.push(item);
    if (item.type === 'refused') return { status: 'refused', state: 'REFUSED', receivedAtMs: 0, trail: TRAIL };
    const { idempotencyKey, laneHash, payloadHash } = item.record;
    const known = this.stored.indexOf(idempotencyKey);
    if (known < 0) this.stored.push(idempotencyKey);
    const status = known < 0 ? 'accepted' : 'duplicate';
    const sequence = known < 0 ? this.stored.length : known + 1;
    const state = item.hold === true ? 'HELD' : 'PENDING';
    return { status, state, sequence, receivedAtMs: 0, flags: [], laneHash, payloadHash, trail: TRAIL };
  }
}

const full = () => new CounterfoilError('storage_full', 'the disk is full', 'make room');
const settled = (sequence: number): SettledRecord => ({
  sequence,
  lane: 'till',
  idempotencyKey: `key-0000-${sequence}`,
  state: 'SYNCED',
  laneHash: Buffer.alloc(32),
  payloadHash: Buffer.alloc(32),
  receivedAtMs: 0,
  flags: [],
  trail: TRAIL,
});

let broker: ShopBroker;
const cleanUp: (() => Promise<void>)[] = [];
beforeEach(async () => {
  broker = new ShopBroker();
  await broker.start();
});
afterEach(async () => {
  for (const undo of cleanUp.splice(0).reverse()) await undo();
  await broker.stop();
});

interface Rig {
  readonly intake: ExternalIntake;
  readonly sink: Sink;
  readonly notes: { kind: string; body: Readonly<Record<string, unknown>> }[];
  readonly logged: string[];
  readonly witnessed: [lane: string, checkpoint: string][];
}

async function started(change: Partial<ExternalOptions> = {}): Promise<Rig> {
  const sink = new Sink();
  const notes: Rig['notes'] = [];
  const logged: string[] = [];
  const witnessed: Rig['witnessed'] = [];
  const tell = (message: string) => {
    logged.push(message);
    broker.look();
  };
  const log: Log = { ...silentLog, info: tell, warn: tell, error: tell };
  const intake: ExternalIntake = new ExternalIntake(
    {
      store: '0042',
      source: { gatewayId: 'gw-0042', epoch: '00000001', checkpoint: () => null },
      products: null,
      clockQuality: () => 'unknown',
      signatures: { judge: () => ({ flags: [], notes: [] }), holds: () => true },
      ...EXTERNAL_DEFAULTS,
      address: { url: broker.url, username: null, password: null, ca: null, cert: null, key: null },
      clientId: 'counterfoil-0042',
      acknowledge: 'after_commit',
      standing: { ...standingLimits('single', 30), beatMs: 1 },
      expectsSession: false,
      queueLimit: 1000,
      maxInFlightBytes: 10_000_000,
      ...change,
    },
    {
      sink,
      clock: systemClock,
      timers: systemTimers,
      random: () => 0,
      log,
      onCommitted() {},
      onWitnessed: (lane, checkpoint) => witnessed.push([lane, checkpoint]),
      note: (kind, body) => notes.push({ kind, body }),
      onConsuming: () => void intake.tellStatus(STATUS),
    },
  );
  cleanUp.push(() => intake.stop());
  await intake.start();
  return { intake, sink, notes, logged, witnessed };
}

async function consuming(change: Partial<ExternalOptions> = {}): Promise<Rig> {
  const rig = await started(change);
  await broker.until(() => rig.intake.isListening);
  return rig;
}

const acknowledged = () => broker.pubacks.get('counterfoil-0042') ?? 0;
const receipts = (lane = 'till') =>
  broker.said
    .filter(({ topic }) => topic === `pos/0042/${lane}/receipts`)
    .map(({ text }) => JSON.parse(text) as { idempotency_key: string; status: string });

describe('records', () => {
  test('many publishes share one commit, are acknowledged, and each has its receipt', async () => {
    const { sink } = await consuming();
    const keys = keysOf(100);
    for (const key of keys) void broker.sell(TOPIC, recordOf(key));
    await broker.until(() => acknowledged() === 100 && receipts().length === 100);
    expect(sink.stored).toEqual(keys);
    expect(sink.groups.length).toBeLessThan(100);
    expect(receipts().map(({ idempotency_key: key }) => key)).toEqual(keys);
  });

  test('receipts carry the newest checkpoint; what a record carries back is handed on once it is stored', async () => {
    const source = { gatewayId: 'gw-0042', epoch: '00000001', checkpoint: (log: string) => `note of ${log}` };
    const { witnessed } = await consuming({ source });
    const sale: object = JSON.parse(recordOf('key-0000-1'));
    await broker.sell(TOPIC, JSON.stringify({ ...sale, witnessed_checkpoint: 'a note' }));
    await broker.until(() => receipts().length === 1);
    expect(receipts()[0]).toMatchObject({ trail: { checkpoint: 'note of audit' } });
    expect(witnessed).toEqual([['till', 'a note']]);
  });

  test('nothing is acknowledged before it is committed', async () => {
    const { sink } = await consuming();
    const release = Promise.withResolvers<void>();
    const intake = sink.intake.bind(sink);
    const entered = Promise.withResolvers<void>();
    sink.intake = async (items) => {
      entered.resolve();
      await release.promise;
      return await intake(items);
    };
    await broker.sell(TOPIC, recordOf('key-0000-1'));
    await entered.promise;
    expect(acknowledged()).toBe(0);
    release.resolve();
    await broker.until(() => acknowledged() === 1);
  });

  test('what is no record, and a topic with a name no lane can have, are kept as evidence and acknowledged', async () => {
    const { sink } = await consuming();
    await broker.sell(TOPIC, 'no record');
    await broker.sell('pos/0042/till one/records', recordOf('key-0000-1'));
    await broker.until(() => acknowledged() === 2 && receipts().length === 1);
    expect(sink.items).toMatchObject([
      { type: 'refused', lane: 'till' },
      { type: 'refused', lane: 'unnamed', reasons: [{ code: 'field_value' }] },
    ]);
    expect(receipts()).toMatchObject([{ status: 'refused' }]);
  });

  test('a publish with QoS 0 is stored too; there is nothing to acknowledge', async () => {
    const { intake, sink } = await consuming();
    await broker.sell(TOPIC, recordOf('key-0000-1'), 0);
    await broker.until(() => receipts().length === 1);
    expect(sink.stored).toEqual(['key-0000-1']);
    expect(intake.external().unacknowledged).toBe(0);
  });

  test('the status is told as soon as this gateway consumes, and retained', async () => {
    await consuming();
    await broker.until(() => broker.said.some(({ topic }) => topic === 'pos/0042/status'));
    expect(broker.said[0]).toMatchObject({ topic: 'pos/0042/status', retain: true });
  });
});

describe('what cannot be stored', () => {
  test('stays with the broker and is delivered again, in order', async () => {
    const { notes, sink } = await consuming();
    let failures = 0;
    sink.decide = () => {
      if (failures < 2) {
        failures += 1;
        throw full();
      }
      return null;
    };
    const keys = keysOf(30);
    for (const key of keys) void broker.sell(TOPIC, recordOf(key));
    await broker.until(() => new Set(sink.stored).size === 30 && acknowledged() >= 30);
    expect(sink.stored).toEqual(keys);
    const sessions = notes.filter(({ kind }) => kind === 'intake_session').map(({ body }) => body.session_present);
    expect(sessions.slice(0, 2)).toEqual([false, true]);
  });

  test('keeps this gateway silent, so that a standby can take over, until it stores again', async () => {
    const { sink } = await consuming();
    const words = () => broker.said.filter(({ topic }) => topic === 'pos/0042/status').length;
    await broker.until(() => words() === 1);
    let isFull = true;
    let failures = 0;
    sink.decide = () => {
      if (!isFull) return null;
      failures += 1;
      // Again and again: each time a session is opened, and none of them may speak.
      if (failures === 3) isFull = false;
      throw full();
    };
    await broker.sell(TOPIC, recordOf('key-0000-1'));
    await broker.until(() => sink.stored.length === 1 && words() === 2);
    expect(failures).toBe(3);
  });

  test('because the lane has used its evidence up is acknowledged, and told by trail, log and health', async () => {
    const { intake, logged, notes, sink } = await consuming();
    sink.decide = (item) => (item.type === 'refused' ? { status: 'evidence_full' } : null);
    for (let at = 0; at < 5; at += 1) await broker.sell(TOPIC, `no record ${at}`);
    await broker.sell('pos/0042/other/records', recordOf('key-0000-1'));
    await broker.until(() => acknowledged() === 6 && receipts('other').length === 1);
    expect(notes.filter(({ kind }) => kind === 'discarded').map(({ body }) => body.count)).toEqual([1, 2, 4]);
    expect(logged.filter((line) => line.includes('evidence'))).toHaveLength(3);
    expect(intake.external().discardedTotal).toBe(5);
    expect(receipts()).toEqual([]);
  });
});

describe('acknowledge: after_sync', () => {
  test('a record is acknowledged when the PMS has answered for it, and not before those in front of it', async () => {
    const { intake } = await consuming({ acknowledge: 'after_sync' });
    for (const key of keysOf(3)) await broker.sell(TOPIC, recordOf(key));
    await broker.until(() => receipts().length === 3);
    expect(intake.external()).toMatchObject({ unacknowledged: 3, waitingForPms: 3 });
    intake.tellSettled([settled(2), settled(3)]);
    await broker.until(() => receipts().length === 5);
    expect(acknowledged()).toBe(0);
    intake.tellSettled([settled(1)]);
    await broker.until(() => acknowledged() === 3);
    expect(intake.external()).toMatchObject({ unacknowledged: 0, waitingForPms: 0 });
  });

  test('a damaged record does not hold the others up for ever', async () => {
    const { intake } = await consuming({ acknowledge: 'after_sync' });
    await broker.sell(TOPIC, recordOf('key-0000-1'));
    await broker.until(() => receipts().length === 1);
    intake.tellQuarantined([1]);
    await broker.until(() => acknowledged() === 1);
  });

  test('a record that waits for a person is acknowledged, and its lane told', async () => {
    await consuming({ acknowledge: 'after_sync' });
    await broker.sell(TOPIC, recordOf('key-0000-1', 'II'));
    await broker.until(() => acknowledged() === 1 && receipts().length === 2);
    expect(receipts().map(({ status }) => status)).toEqual(['accepted', 'held']);
  });

  test('after a lost connection everything unacknowledged comes again and is a duplicate', async () => {
    const { intake, sink } = await consuming({ acknowledge: 'after_sync' });
    for (const key of keysOf(3)) await broker.sell(TOPIC, recordOf(key));
    await broker.until(() => receipts().length === 3);
    broker.hangUp();
    await broker.until(() => receipts().filter(({ status }) => status === 'duplicate').length === 3);
    expect(sink.stored).toHaveLength(3);
    intake.tellSettled([settled(1), settled(2), settled(3)]);
    await broker.until(() => acknowledged() === 3);
  });
});

describe('the session', () => {
  test('is told as lost when the broker has forgotten it', async () => {
    const { intake, notes } = await consuming();
    expect(intake.external()).toMatchObject({ sessionPresent: false, sessionLost: false });
    await broker.stop();
    await broker.start();
    await broker.until(() => intake.isListening && intake.external().sessionsTotal === 2);
    expect(intake.external()).toMatchObject({ sessionPresent: false, sessionLost: true });
    expect(notes.at(-1)).toMatchObject({ kind: 'intake_session', body: { lost: true } });
  });

  test('that is new to the broker, though this buffer has records, is told as lost', async () => {
    const { intake } = await consuming({ expectsSession: true });
    expect(intake.external().sessionLost).toBe(true);
  });

  test('receipts that could not be sent are sent when the broker is back', async () => {
    const { intake, sink } = await consuming();
    await broker.stop();
    intake.tellSettled([settled(7)]);
    await broker.start();
    await broker.until(() => receipts().length === 1);
    expect(receipts()).toMatchObject([{ idempotency_key: 'key-0000-7', status: 'synced' }]);
    expect(sink.stored).toEqual([]);
  });

  test('names where records come from in the trail', async () => {
    const { notes } = await consuming();
    expect(notes[0]).toMatchObject({ kind: 'intake_source', body: { source: 'external', identity: 'broker_acl' } });
  });
});

describe('a broker that does not let us in', () => {
  const problem = async ({ intake }: Rig) => {
    await broker.until(() => intake.external().problem !== null);
    return intake.external().problem?.code;
  };

  test('refuses the credentials', async () => {
    broker.letsIn = () => false;
    const rig = await started();
    expect(await problem(rig)).toBe('credentials');
    expect(rig.intake.isListening).toBe(false);
  });

  test('refuses the records', async () => {
    broker.grants = (topic) => !topic.endsWith('/records');
    expect(await problem(await started())).toBe('subscription');
  });

  test('is no MQTT broker, or not there', async () => {
    const strange = createServer((socket) => socket.resume().end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    strange.listen(0, '127.0.0.1');
    await once(strange, 'listening');
    const url = `mqtt://127.0.0.1:${(strange.address() as AddressInfo).port}`;
    const address = { url, username: null, password: null, ca: null, cert: null, key: null };
    const { intake } = await started({ address });
    const seen = async (code: string) => {
      while (intake.external().problem?.code !== code) await new Promise((resolve) => setImmediate(resolve));
    };
    await seen('not_mqtt');
    await new Promise<void>((resolve) => strange.close(() => resolve()));
    await seen('unreachable');
  });
});
