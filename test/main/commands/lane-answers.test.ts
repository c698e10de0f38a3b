import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LaneClient } from '../../../src/lane/client.ts';
import { AnswerDesk } from '../../../src/main/commands/lane-answers.ts';
import { Broker, LANE, receiptFor, STORE } from '../../lane/broker.ts';
import { ManualTime } from '../../lane/manual-time.ts';

const TIMEOUT_MS = 3_000;
const RECORD = Buffer.from('{"idempotency_key":"sale-00000001"}');

let time: ManualTime;
let broker: Broker;
let client: LaneClient;
let desk: AnswerDesk;

beforeEach(async () => {
  time = new ManualTime();
  broker = new Broker();
  await broker.start();
  await broker.status();
  client = new LaneClient({
    url: broker.url,
    store: STORE,
    lane: LANE,
    outboxPath: ':memory:',
    clock: time,
    timers: time,
    random: () => 0.5,
  });
  desk = new AnswerDesk(client, TIMEOUT_MS, time);
  client.start();
});
afterEach(async () => {
  await client.stop();
  await broker.stop();
});

const ask = () => desk.ask(RECORD, { url: broker.url, number: 2, of: 3 });

/** Starts asking; gives what was complained of once `meanwhile` is over and the time is up. */
async function complaint(meanwhile: () => Promise<unknown>): Promise<string> {
  const asked = ask().then(
    () => 'no complaint',
    (error: Error) => error.message,
  );
  await meanwhile();
  time.advance(TIMEOUT_MS);
  return await asked;
}

describe('an answer', () => {
  test('is the first receipt that decides', async () => {
    const asked = ask();
    const arrival = await broker.arrivals.nth(1);
    await broker.receipt(arrival, { status: 'deferred', state: null, sequence: null, trail: null });
    await broker.receipt(arrival, { status: 'duplicate' });
    expect(await asked).toEqual(receiptFor(RECORD, { status: 'duplicate' }));
    expect(time.waiting).not.toContain(TIMEOUT_MS);
  });

  test('that does not come because there is no gateway', async () => {
    await once(client, 'online');
    const lost = once(client, 'offline');
    await broker.stop();
    await lost;
    expect(await complaint(async () => {})).toMatch(/^record 2 of 3 was not answered: no connection to mqtt:/);
    await broker.start();
  });

  test('that does not come because the gateway is silent', async () => {
    broker.pubacks = 'withheld';
    expect(await complaint(() => broker.arrivals.count(1))).toMatch(/did not acknowledge it$/);
  });

  test('that does not come because the gateway has no room', async () => {
    broker.pubacks = 'withheld';
    const deferred = async () => {
      const arrival = await broker.arrivals.nth(1);
      arrival.defer();
      const heard = once(client, 'receipt');
      await broker.receipt(arrival, { status: 'deferred', state: null, sequence: null, trail: null });
      await heard;
    };
    expect(await complaint(deferred)).toMatch(/deferred it$/);
  });

  test('that does not come although the record is safe', async () => {
    expect(await complaint(() => once(client, 'acknowledged'))).toMatch(/on the gateway’s disk, but no receipt came$/);
  });
});
