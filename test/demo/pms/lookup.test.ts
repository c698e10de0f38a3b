import { describe, expect, test } from 'vitest';
import { SampleStream } from '../../../src/demo/pms/check/sample.ts';
import { LookupResponse } from '../../../src/record/wire.ts';
import { openPms, type Reply, rows, statusesOf } from './office.ts';

const NOW_MS = Date.UTC(2026, 10, 22, 9);
const found = (reply: Reply) => LookupResponse.parse(reply.json).results;

describe('a look-up', () => {
  test('tells place, hash and verdict of each key in the order asked', async () => {
    const { client } = await openPms();
    const stream = new SampleStream('gw-test', NOW_MS);
    const good = stream.record(1, 'IV');
    const misplaced = stream.record(2, 'II');
    await client.sync(stream.batch([good, misplaced]));
    const keys = [misplaced.idempotency_key, 'never-sent-1', good.idempotency_key];
    const place = { gateway_id: 'gw-test', epoch: stream.epoch, stream: 'standard' };
    const [refused, unknown, held] = found(await client.lookup({ keys }));
    expect(refused).toEqual({
      ...{ ...place, stream_sequence: 2, idempotency_key: keys[0], payload_hash: misplaced.payload_hash },
      ...{ status: 'rejected', reason: 'wrong_stream' },
    });
    expect(unknown).toEqual({ idempotency_key: 'never-sent-1', status: 'unknown' });
    expect(held).toEqual({
      ...{ ...place, stream_sequence: 1, idempotency_key: keys[2], payload_hash: good.payload_hash },
      ...{ status: 'accepted', pms_id: 'pms-000000000001' },
    });
  });

  test('carries the verification of a Schedule II record', async () => {
    const { client } = await openPms();
    const stream = new SampleStream('gw-test', NOW_MS);
    const record = stream.record(1, 'II');
    await client.sync(stream.batch([record], 'II'));
    const [held] = found(await client.lookup({ keys: [record.idempotency_key] }));
    expect(held?.verification).toMatchObject({ status: 'verified', payload_hash: record.payload_hash });
  });

  test('of a key that two gateways used answers for the one named, or for both', async () => {
    const { client } = await openPms();
    const streams = ['gw-a', 'gw-b'].map((gateway) => new SampleStream(gateway, NOW_MS));
    for (const stream of streams) await client.sync(stream.batch([stream.record(1, 'NONE', 'till-1-000001')]));
    const keys = ['till-1-000001'];
    expect(found(await client.lookup({ keys })).map((each) => each.gateway_id)).toEqual(['gw-a', 'gw-b']);
    expect(found(await client.lookup({ keys, gateway_id: 'gw-b' })).map((each) => each.gateway_id)).toEqual(['gw-b']);
    expect(found(await client.lookup({ keys, gateway_id: 'gw-c' }))[0]?.status).toBe('unknown');
  });

  test.each([[{}], [{ keys: [] }], [{ keys: ['short'] }], [{ keys: Array(1001).fill('till-1-000001') }]])(
    'without proper keys is answered 422',
    async (body) => {
      const { client } = await openPms();
      expect((await client.lookup(body)).status).toBe(422);
    },
  );
});

describe('a verification that takes its time', () => {
  const ask = async (client: Awaited<ReturnType<typeof openPms>>['client'], key: string) =>
    found(await client.lookup({ keys: [key] }))[0];

  test('ends after the look-ups ordered, verified', async () => {
    const { client } = await openPms({ faults: ['pending_verification=2'] });
    const stream = new SampleStream('gw-test', NOW_MS);
    const record = stream.record(1, 'II');
    const batch = stream.batch([record], 'II');
    expect(statusesOf(await client.sync(batch, { 'x-idempotency-key': 'one' }))).toEqual(['pending_verification']);
    expect(statusesOf(await client.sync(batch, { 'x-idempotency-key': 'two' }))).toEqual(['pending_verification']);
    const answers = [1, 2, 3, 4].map(() => () => ask(client, record.idempotency_key));
    const statuses: (string | undefined)[] = [];
    for (const answer of answers) statuses.push((await answer())?.status);
    expect(statuses).toEqual(['pending_verification', 'pending_verification', 'accepted', 'accepted']);
    const held = await ask(client, record.idempotency_key);
    expect(held?.verification).toMatchObject({ payload_hash: record.payload_hash });
    expect(statusesOf(await client.sync(batch, { 'x-idempotency-key': 'three' }))).toEqual(['duplicate']);
  });

  test('ends declined, and a resent record is then rejected', async () => {
    const { client } = await openPms({ faults: ['pending_declined=0'] });
    const stream = new SampleStream('gw-test', NOW_MS);
    const record = stream.record(1, 'II');
    const batch = stream.batch([record], 'II');
    await client.sync(batch, { 'x-idempotency-key': 'one' });
    const declined = await ask(client, record.idempotency_key);
    expect(declined).toMatchObject({ status: 'declined', reason: 'verification_declined' });
    expect(declined?.verification).toBeUndefined();
    expect(statusesOf(await client.sync(batch, { 'x-idempotency-key': 'two' }))).toEqual(['rejected']);
  });

  test('goes on over a restart of the PMS', async () => {
    const { client, pms, dbFile } = await openPms({ faults: ['pending_verification=1'] });
    const stream = new SampleStream('gw-test', NOW_MS);
    const record = stream.record(1, 'II');
    await client.sync(stream.batch([record], 'II'));
    expect((await ask(client, record.idempotency_key))?.status).toBe('pending_verification');
    await pms.stop();
    const again = await openPms({ dbFile });
    expect((await ask(again.client, record.idempotency_key))?.status).toBe('accepted');
  });

  test('can be ended by hand, once', async () => {
    const { client, pms, dbFile } = await openPms({ faults: ['pending_verification=999'], verifierId: 'rph-7' });
    const stream = new SampleStream('gw-test', NOW_MS);
    const [one, two] = [stream.record(1, 'II'), stream.record(2, 'II')];
    await client.sync(stream.batch([one, two], 'II'));
    expect(pms.decideVerification('gw-test', one.idempotency_key, 'verified')).toBe(true);
    expect(pms.decideVerification('gw-test', two.idempotency_key, 'declined')).toBe(true);
    expect(pms.decideVerification('gw-test', two.idempotency_key, 'verified')).toBe(false);
    expect(pms.decideVerification('gw-test', 'never-sent-1', 'verified')).toBe(false);
    const kept = rows(dbFile, 'SELECT status, verifier_id, lookups_left FROM records ORDER BY id');
    expect(kept).toEqual([
      { status: 'accepted', verifier_id: 'rph-7', lookups_left: null },
      { status: 'declined', verifier_id: 'rph-7', lookups_left: null },
    ]);
  });
});
