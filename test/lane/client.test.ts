import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LaneClient } from '../../src/lane/client.ts';
import type { LaneClientOptions, LaneEvents, LaneReceipt } from '../../src/lane/client-api.ts';
import type { LaneRecord } from '../../src/lane/form.ts';
import type { SeenStatus } from '../../src/record/lane-wire.ts';
import { type Arrival, Broker, EPOCH, LANE, STORE } from './broker.ts';
import { Journal } from './journal.ts';
import { ManualTime } from './manual-time.ts';

const MINUTE_MS = 60_000;

let folder: string;
let time: ManualTime;
let broker: Broker;
let clients: LaneClient[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'counterfoil-lane-'));
  time = new ManualTime();
  clients = [];
  broker = new Broker();
  await broker.start();
  await broker.status();
});
afterEach(async () => {
  await Promise.all(clients.map((client) => client.stop()));
  await broker.stop();
  rmSync(folder, { recursive: true });
});

/** A client with everything it says, in order. */
class Till {
  readonly client: LaneClient;
  readonly online = new Journal<null>('online');
  readonly offline = new Journal<string>('offline');
  readonly acknowledged = new Journal<number>('PUBACKs');
  readonly receipts = new Journal<LaneReceipt>('receipts');
  readonly doubleSales = new Journal<LaneReceipt>('double sales');
  readonly epochs = new Journal<LaneEvents['epochChanged'][0]>('epoch changes');
  readonly status = new Journal<SeenStatus>('statuses');

  constructor(more: Partial<LaneClientOptions> = {}) {
    this.client = new LaneClient({
      url: broker.url,
      store: STORE,
      lane: LANE,
      outboxPath: join(folder, 'outbox.db'),
      clock: time,
      timers: time,
      random: () => 0,
      ...more,
    });
    this.client.on('online', () => this.online.add(null));
    this.client.on('offline', this.offline.add);
    this.client.on('acknowledged', ({ position }) => this.acknowledged.add(position));
    this.client.on('receipt', this.receipts.add);
    this.client.on('doubleSale', this.doubleSales.add);
    this.client.on('epochChanged', this.epochs.add);
    this.client.on('status', this.status.add);
    clients.push(this.client);
  }

  /** Starts and waits until the retained status is here. */
  async start(): Promise<this> {
    this.client.start();
    await this.status.count(1);
    return this;
  }

  sell(number: number, more: object = {}) {
    return this.client.publish(sale(number, more));
  }
}

const sale = (number: number, more: object = {}): LaneRecord => ({
  idempotency_key: `sale-${String(number).padStart(8, '0')}`,
  schedule: 'IV',
  quantity: number,
  ...more,
});

const numbers = (arrivals: readonly Arrival[]) => arrivals.map(({ record }) => record.lane_sequence);

describe('a sale', () => {
  test('is published as kept, acknowledged, answered, and let go when synced', async () => {
    const till = await new Till().start();
    const sold = till.sell(1);
    expect(sold).toMatchObject({ position: 1, laneSequence: 1, isRepeat: false });
    const arrival = await broker.arrivals.nth(1);
    expect(arrival).toMatchObject({ topic: `pos/${STORE}/${LANE}/records`, dup: false });
    expect(arrival.record).toEqual({ ...sale(1), lane_instance: till.client.laneInstance, lane_sequence: 1 });
    expect(await sold.answer).toBe('acknowledged');

    await broker.receipt(arrival);
    expect(await till.receipts.nth(1)).toMatchObject({ row: { position: 1, state: 'acknowledged' } });
    await broker.receipt(arrival, { status: 'synced', state: 'SYNCED' });
    expect(await till.receipts.nth(2)).toMatchObject({ row: { position: 1, state: 'synced' } });
    expect(till.client.counts()).toMatchObject({ kept: 0, acknowledged: 0, synced: 1 });
  });

  test('shows "kept" after five seconds without PUBACK, and is acknowledged when it comes', async () => {
    broker.pubacks = 'withheld';
    const till = await new Till({ random: () => 1 }).start();
    const sold = till.sell(1);
    const arrival = await broker.arrivals.nth(1);
    time.advance(5_000);
    expect(await sold.answer).toBe('kept');
    expect(till.client.counts().kept).toBe(1);
    arrival.puback();
    expect(await till.acknowledged.count(1)).toEqual([1]);
    expect(till.client.counts()).toMatchObject({ kept: 0, acknowledged: 1 });
  });

  test('needs no gateway: it is kept, also over a restart of the till, and goes out first', async () => {
    await broker.stop();
    const before = new Till();
    before.client.start();
    await before.offline.count(1);
    const sold = [before.sell(1), before.sell(2)];
    await before.client.stop();
    expect(await Promise.all(sold.map(({ answer }) => answer))).toEqual(['kept', 'kept']);

    await broker.start();
    await broker.status();
    const after = new Till();
    after.client.start();
    after.sell(3);
    expect(numbers(await broker.arrivals.count(3))).toEqual([1, 2, 3]);
    await after.acknowledged.count(3);
  });

  test('sold before to somebody is an event at once', async () => {
    const till = await new Till().start();
    till.sell(1);
    await broker.receipt(await broker.arrivals.nth(1), { flags: ['possible_double_sale'] });
    expect(await till.doubleSales.nth(1)).toMatchObject({ row: { position: 1 } });
  });

  test('that is no record is answered with every reason', async () => {
    const till = await new Till().start();
    const sold = till.client.publishRaw(Buffer.from('not json'));
    expect(sold.laneSequence).toBeNull();
    const reasons = [{ code: 'not_json', field: null, message: 'send JSON' }];
    const refusal = { status: 'refused', state: 'REFUSED', lane_hash: null, reasons } as const;
    await broker.receipt(await broker.arrivals.nth(1), refusal);
    expect(await till.receipts.nth(1)).toMatchObject({ row: { position: 1, state: 'refused' }, receipt: { reasons } });
  });
});

describe('what is on the wire', () => {
  test('is at most the window, oldest first', async () => {
    broker.pubacks = 'withheld';
    const till = await new Till({ windowSize: 2 }).start();
    for (let number = 1; number <= 5; number++) till.sell(number);
    expect(numbers(await broker.arrivals.count(2))).toEqual([1, 2]);
    broker.pubacks = 'at once';
    for (const arrival of broker.arrivals.all) arrival.puback();
    expect(numbers(await broker.arrivals.count(5))).toEqual([1, 2, 3, 4, 5]);
    await till.acknowledged.count(5);
  });

  test('is published again in order, before newer records, on a new connection', async () => {
    broker.pubacks = 'withheld';
    const till = await new Till().start();
    for (let number = 1; number <= 3; number++) till.sell(number);
    (await broker.arrivals.nth(1)).puback();
    await till.acknowledged.count(1);
    await broker.arrivals.count(3);
    broker.dropConnections();
    await till.offline.count(1);
    till.sell(4);
    broker.pubacks = 'at once';
    time.advance(500);
    const arrivals = await broker.arrivals.count(6);
    expect(numbers(arrivals)).toEqual([1, 2, 3, 2, 3, 4]);
    expect(arrivals.slice(3).map(({ connection, dup }) => ({ connection, dup }))).toEqual(
      Array(3).fill({ connection: 2, dup: false }),
    );
    expect(arrivals[3]?.bytes).toEqual(arrivals[1]?.bytes);
    expect(await till.acknowledged.count(4)).toEqual([1, 2, 3, 4]);
  });

  test('keeps the order of sale between the streams while both have room', async () => {
    await broker.stop();
    const till = new Till();
    till.client.start();
    await till.offline.count(1);
    for (const [index, schedule] of ['IV', 'II', 'NONE', 'C2', 'II', 'V'].entries()) till.sell(index, { schedule });
    await broker.start();
    await broker.status();
    time.advance(500);
    expect(numbers(await broker.arrivals.count(6))).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('is published again when no PUBACK comes; a PUBACK for the first publish still counts', async () => {
    broker.pubacks = 'withheld';
    const till = await new Till().start();
    till.sell(1);
    const first = await broker.arrivals.nth(1);
    time.advance(5_000);
    first.puback();
    expect(await till.acknowledged.count(1)).toEqual([1]);
    expect(numbers(await broker.arrivals.count(2))).toEqual([1, 1]);
  });

  test('gets a new connection when the old one stays silent', async () => {
    broker.pubacks = 'withheld';
    const till = await new Till().start();
    till.sell(1);
    await broker.arrivals.count(1);
    time.advance(5_000);
    time.advance(5_000);
    expect(await till.offline.nth(1)).toMatch(/no PUBACK/);
    broker.pubacks = 'at once';
    time.advance(500);
    await till.acknowledged.count(1);
    expect(broker.arrivals.all.at(-1)?.connection).toBe(2);
  });

  test('never makes Schedule II wait for standard records', async () => {
    broker.pubacks = 'withheld';
    const till = await new Till({ windowSize: 1 }).start();
    till.sell(1);
    const standard = await broker.arrivals.nth(1);
    standard.defer();
    await broker.receipt(standard, { status: 'deferred', state: null, sequence: null, trail: null });
    await till.receipts.count(1);
    broker.pubacks = 'at once';
    till.sell(2);
    till.sell(3, { schedule: 'C-II' });
    expect(await till.acknowledged.count(1)).toEqual([3]);
    time.advance(5_000);
    expect(await till.acknowledged.count(3)).toEqual([3, 1, 2]);
    expect(numbers(broker.arrivals.all)).toEqual([1, 3, 1, 2]);
  });
});

describe('what the gateway says', () => {
  test('of a practice record are none of this till’s, whatever key they name', async () => {
    const till = await new Till().start();
    till.sell(1);
    const arrival = await broker.arrivals.nth(1);
    await broker.receipt(arrival, { status: 'synced', state: 'SYNCED', training: true });
    await broker.receipt(arrival);
    expect(await till.receipts.nth(1)).toMatchObject({
      row: { state: 'acknowledged' },
      receipt: { status: 'accepted' },
    });
  });

  test('may come in any order: synced before accepted, a receipt before its PUBACK', async () => {
    broker.pubacks = 'withheld';
    const till = await new Till().start();
    const sold = till.sell(1);
    const arrival = await broker.arrivals.nth(1);
    await broker.receipt(arrival, { status: 'synced', state: 'SYNCED' });
    await broker.receipt(arrival);
    await till.receipts.count(2);
    expect(await sold.answer).toBe('acknowledged');
    arrival.puback();
    await till.acknowledged.count(1);
    expect(till.client.counts()).toMatchObject({ synced: 1, acknowledged: 0 });
  });

  test('nonsense, other lanes and unknown records are passed over', async () => {
    const till = await new Till().start();
    await broker.say(`pos/${STORE}/${LANE}/receipts`, 'nonsense', false);
    await broker.say(`pos/${STORE}/status`, '{"epoch":"zzz"}', false);
    till.sell(1);
    const arrival = await broker.arrivals.nth(1);
    await broker.receipt(arrival, { lane_hash: 'f'.repeat(64) });
    expect(await till.receipts.nth(1)).toMatchObject({ row: null });
    expect(till.epochs.all).toEqual([{ from: null, to: EPOCH }]);
  });

  test('a new epoch gets everything that is not settled, once, in order, with the same bytes', async () => {
    const till = await new Till().start();
    for (let number = 1; number <= 4; number++) till.sell(number);
    const first = await broker.arrivals.count(4);
    await till.acknowledged.count(4);
    const second = first[1];
    if (second !== undefined) await broker.receipt(second, { status: 'synced', state: 'SYNCED' });
    await till.receipts.count(1);

    await broker.status({ epoch: 'bbbbbbbb' });
    expect(await till.epochs.nth(2)).toEqual({ from: EPOCH, to: 'bbbbbbbb' });
    const resent = (await broker.arrivals.count(7)).slice(4);
    expect(numbers(resent)).toEqual([1, 3, 4]);
    expect(resent[0]?.bytes).toEqual(first[0]?.bytes);
    await till.acknowledged.count(7);
    await broker.status({ epoch: 'bbbbbbbb', mode: 'FALLBACK' });
    await till.status.count(3);
    expect(broker.arrivals.all).toHaveLength(7);
  });

  test('an accepted receipt announces a new epoch too; a duplicate of an earlier life does not', async () => {
    const till = await new Till().start();
    till.sell(1);
    const arrival = await broker.arrivals.nth(1);
    await till.acknowledged.count(1);
    await broker.receipt(arrival, { status: 'duplicate', epoch: '11111111' });
    await till.receipts.count(1);
    expect(till.epochs.all).toHaveLength(1);
    await broker.receipt(arrival, { epoch: 'bbbbbbbb' });
    expect(await till.epochs.nth(2)).toEqual({ from: EPOCH, to: 'bbbbbbbb' });
  });

  test('a PUBACK for a publish to the earlier epoch does not count for the new one', async () => {
    broker.pubacks = 'withheld';
    const till = await new Till().start();
    till.sell(1);
    const first = await broker.arrivals.nth(1);
    await broker.status({ epoch: 'bbbbbbbb' });
    await till.epochs.count(2);
    first.puback();
    const second = await broker.arrivals.nth(2);
    // What the broker says after that PUBACK comes after it, so the PUBACK has been heard by then.
    await broker.status({ epoch: 'bbbbbbbb' });
    await till.status.count(3);
    expect(till.client.counts()).toMatchObject({ kept: 1, acknowledged: 0 });
    second.puback();
    expect(await till.acknowledged.count(1)).toEqual([1]);
  });

  test('tells a new epoch before anything new is published, so what was kept goes first', async () => {
    const till = await new Till().start();
    till.sell(1);
    till.sell(2);
    await till.acknowledged.count(2);
    await broker.stop();
    await till.offline.count(1);
    till.sell(3);
    await broker.start();
    await broker.status({ epoch: 'bbbbbbbb' });
    time.advance(500);
    expect(numbers((await broker.arrivals.count(5)).slice(2))).toEqual([1, 2, 3]);
  });

  test('is not waited for longer than a second when there is no status', async () => {
    await broker.stop();
    await broker.start();
    const till = new Till();
    till.client.start();
    till.sell(1);
    await till.online.count(1);
    time.advance(999);
    expect(broker.arrivals.all).toEqual([]);
    time.advance(1);
    await till.acknowledged.count(1);
  });

  test('is asked for again when it may have been missed, but not while the PMS is out of reach', async () => {
    const till = await new Till().start();
    till.sell(1);
    await till.acknowledged.count(1);
    await broker.status({ link: 'OFFLINE' });
    await till.status.count(2);
    time.advance(20 * MINUTE_MS);
    await broker.status({ link: 'ONLINE' });
    await till.status.count(3);
    expect(broker.arrivals.all).toHaveLength(1);
    time.advance(MINUTE_MS);
    await broker.receipt(await broker.arrivals.nth(2), { status: 'duplicate', state: 'SYNCED' });
    await till.receipts.count(1);
    expect(till.client.counts()).toMatchObject({ acknowledged: 0, synced: 1 });
  });

  test('the newest checkpoint goes back in the next record', async () => {
    const till = await new Till().start();
    const checkpoint = `gw-0042/${EPOCH}/audit\n9\nroot\n`;
    await broker.status({ checkpoint });
    await till.status.count(2);
    till.sell(1);
    expect((await broker.arrivals.nth(1)).record.witnessed_checkpoint).toBe(checkpoint);
  });
});

describe('starting and stopping', () => {
  test('listens for receipts and status before it publishes', async () => {
    const till = new Till();
    till.client.start();
    till.sell(1);
    await broker.arrivals.count(1);
    expect(broker.subscriptions.all).toEqual([[`pos/${STORE}/${LANE}/receipts`, `pos/${STORE}/status`]]);
    await till.acknowledged.count(1);
  });

  test('stop leaves no timer and no connection, also in the middle of a sale', async () => {
    broker.pubacks = 'withheld';
    const till = await new Till().start();
    const sold = till.sell(1);
    await broker.arrivals.count(1);
    await till.client.stop();
    expect(await sold.answer).toBe('kept');
    expect(time.waiting).toEqual([]);
    await broker.closings.count(1);
  });

  test('a gateway that is not there is tried again, later and later', async () => {
    await broker.stop();
    const till = new Till({ random: () => 0.999 });
    till.client.start();
    for (let attempt = 1; attempt <= 3; attempt++) {
      await till.offline.count(attempt);
      const delayMs = time.waiting[0] ?? 0;
      expect(Math.round(delayMs / 100)).toBe(5 * 2 ** (attempt - 1));
      time.advance(delayMs);
    }
    await till.offline.count(4);
    await broker.start();
    time.advance(30_000);
    await till.online.count(1);
  });

  test('a bad URL, key or name is told at once and leaves no lock', () => {
    expect(() => new Till({ url: 'http://127.0.0.1' }).client.start()).toThrow(
      expect.objectContaining({ code: 'usage' }),
    );
    const noKey = { cert: Buffer.from('no certificate'), key: Buffer.from('no key') };
    const secure = () => new Till({ url: 'mqtts://127.0.0.1', credentials: noKey }).client.start();
    expect(secure).toThrow(/certificate or key cannot be used/);
    expect(() => new Till({ lane: 'lane/1' }).client.start()).toThrow(RangeError);
    const till = new Till();
    till.client.start();
    expect(till.client.isOnline).toBe(false);
  });
});

test("a till whose clock is off hears of it from the gateway's live status, not from a retained one", async () => {
  await broker.status({ gateway_time_utc: '2026-11-22T08:00:00.000Z' });
  const till = new Till();
  const words = new Journal<LaneEvents['tillClock'][0]>('words about the clock');
  till.client.on('tillClock', words.add);
  await till.start();
  await broker.status({ gateway_time_utc: '2026-11-22T09:02:00.000Z', clock_offset_ms: null });
  expect(await words.nth(1)).toEqual({ offMs: -120_000, isOff: true });
});
