import { expect, test } from 'vitest';
import { SampleStream } from '../../../src/demo/pms/check/sample.ts';
import { openPms, statusesOf } from './office.ts';

const NOW_MS = Date.UTC(2026, 10, 22, 9);

test('is not there unless asked for', async () => {
  const { client, pms } = await openPms();
  expect((await client.control('state')).status).toBe(404);
  expect((await client.control('fault', { set: ['down'] })).status).toBe(404);
  expect(pms.faults.list()).toEqual([]);
});

test('switches faults while running and is itself never faulty', async () => {
  const { client } = await openPms({ control: true });
  expect((await client.control('fault', { set: ['down', 'slow=1'] })).json).toEqual({ faults: ['down', 'slow=1'] });
  expect((await client.ping()).status).toBe(503);
  expect((await client.control('fault', { clear: ['slow'], set: ['captive_portal'] })).status).toBe(200);
  expect((await client.control('fault', { clear: true })).json).toEqual({ faults: [] });
  expect((await client.ping()).status).toBe(200);
});

test.each([
  [{ set: ['dwon'] }],
  [{ set: ['slow=1', 'slow=fast'] }],
  [{ set: 'down' }],
  [{ clear: ['dwon'] }],
  [{ clear: false }],
  [{ on: ['down'] }],
])('an order with a mistake in it changes nothing: %j', async (order) => {
  const { client, pms } = await openPms({ control: true, faults: ['bare_200'] });
  expect((await client.control('fault', order)).status).toBe(400);
  expect(pms.faults.list()).toEqual(['bare_200']);
});

test('tells faults and counts, and ends verifications', async () => {
  const { client } = await openPms({ control: true, token: 'sesame', faults: ['pending_verification=99'] });
  const stream = new SampleStream('gw-test', NOW_MS);
  const [one, two] = [stream.record(1, 'II'), stream.record(2, 'II')];
  await client.sync(stream.batch([one, two], 'II'));
  const order = { gateway_id: 'gw-test', idempotency_key: one.idempotency_key, decision: 'verified' };
  expect((await client.control('verification', order)).status).toBe(200);
  expect((await client.control('verification', order)).status).toBe(404);
  expect((await client.control('verification', { ...order, decision: 'maybe' })).status).toBe(400);
  const state = { faults: ['pending_verification=99'], records: { accepted: 1, pending_verification: 1 } };
  expect((await client.control('state')).json).toEqual(state);
  expect((await client.control('elsewhere')).status).toBe(404);
  const again = await client.sync(stream.batch([one, two], 'II'), { 'x-idempotency-key': 'another' });
  expect(statusesOf(again)).toEqual(['duplicate', 'pending_verification']);
});
