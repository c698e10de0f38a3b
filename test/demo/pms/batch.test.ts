import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { takeBatch } from '../../../src/demo/pms/batch.ts';
import { SampleStream } from '../../../src/demo/pms/check/sample.ts';
import { PmsStore } from '../../../src/demo/pms/store.ts';
import type { GapMarker, SyncRecord } from '../../../src/record/wire.ts';
import { cosigner } from '../../../src/tlog/cosignature.ts';
import { openPms, resultsOf, rows, statusesOf, temporaryFolder } from './office.ts';

const NOW_MS = Date.UTC(2026, 10, 22, 9);
const sampleStream = () => new SampleStream('gw-test', NOW_MS);
const damaged = (record: SyncRecord): SyncRecord => ({ ...record, payload: { ...record.payload, quantity: 9 } });

describe('a record of a batch', () => {
  test('is accepted with its number, key and hash, and kept with everything sent', async () => {
    const { client, dbFile } = await openPms();
    const stream = sampleStream();
    const record = stream.record(1, 'III');
    const reply = await client.sync(stream.batch([record]));
    const echo = { stream_sequence: 1, idempotency_key: record.idempotency_key, payload_hash: record.payload_hash };
    expect(resultsOf(reply)).toEqual([{ ...echo, status: 'accepted', pms_id: 'pms-000000000001' }]);
    const [kept] = rows<Record<string, unknown>>(dbFile, 'SELECT * FROM records');
    expect(kept).toMatchObject({ ...echo, gateway_id: 'gw-test', epoch: stream.epoch, stream: 'standard' });
    expect(kept).toMatchObject({ sequence: 1, lane: 'check', schedule: 'III', status: 'accepted', deliveries: 1 });
    expect(JSON.parse(String(kept?.payload))).toEqual(record.payload);
  });

  test('is a duplicate when it comes again, under its own number or another, and each delivery is counted', async () => {
    const { client, dbFile } = await openPms();
    const stream = sampleStream();
    const [first, second] = [stream.record(1, 'NONE'), stream.record(2, 'NONE')];
    await client.sync(stream.batch([first]));
    expect(statusesOf(await client.sync(stream.batch([first, second])))).toEqual(['duplicate', 'accepted']);
    const later = sampleStream();
    const again = { ...first, sequence_id: later.record(1, 'NONE').sequence_id };
    expect(statusesOf(await client.sync(later.batch([again])))).toEqual(['duplicate']);
    const kept = rows(dbFile, 'SELECT epoch, deliveries FROM records ORDER BY id');
    expect(kept).toEqual([
      { epoch: stream.epoch, deliveries: 3 },
      { epoch: stream.epoch, deliveries: 1 },
    ]);
  });

  test('of a key that another gateway used is a record of its own', async () => {
    const { client } = await openPms();
    const [here, there] = [sampleStream(), new SampleStream('gw-other', NOW_MS)];
    await client.sync(here.batch([here.record(1, 'NONE', 'till-1-000001')]));
    expect(statusesOf(await client.sync(there.batch([there.record(1, 'V', 'till-1-000001')])))).toEqual(['accepted']);
  });

  test('whose payload is not the one of its hash is answered with the hash found, and its number stays free', async () => {
    const { client, dbFile } = await openPms();
    const stream = sampleStream();
    const [one, two, three] = [stream.record(1, 'NONE'), stream.record(2, 'NONE'), stream.record(3, 'NONE')];
    const reply = await client.sync(stream.batch([one, damaged(two), three]));
    expect(statusesOf(reply)).toEqual(['accepted', 'hash_mismatch']);
    expect(resultsOf(reply)[1]).toMatchObject({ payload_hash: two.payload_hash });
    expect(resultsOf(reply)[1]?.computed_hash).toMatch(/^[0-9a-f]{64}$/);
    expect(rows(dbFile, 'SELECT * FROM places')).toHaveLength(1);
    expect(statusesOf(await client.sync(stream.batch([two, three])))).toEqual(['accepted', 'accepted']);
  });

  test('counts members that a schema would drop', async () => {
    const { client } = await openPms();
    const stream = sampleStream();
    const text = JSON.stringify(stream.batch([stream.record(1, 'NONE')]));
    const slipped = Buffer.from(text.replace('"payload":{', '"payload":{"__proto__":{"quantity":9},'));
    expect(statusesOf(await client.sync(slipped))).toEqual(['hash_mismatch']);
  });

  test('of a known key with another payload is rejected and the first one stays', async () => {
    const { client, dbFile } = await openPms();
    const stream = sampleStream();
    const first = stream.record(1, 'NONE');
    await client.sync(stream.batch([first]));
    const other = { ...stream.record(2, 'IV', first.idempotency_key) };
    const reply = await client.sync(stream.batch([other]));
    expect(resultsOf(reply)[0]).toMatchObject({ status: 'rejected', reason: 'key_conflict' });
    expect(rows(dbFile, 'SELECT payload_hash FROM records')).toEqual([{ payload_hash: first.payload_hash }]);
  });

  test('that is rejected uses its number up and is rejected again for the same reason', async () => {
    const { client } = await openPms();
    const stream = sampleStream();
    const bad = { ...stream.record(1, 'II'), schedule: 'II' };
    const good = stream.record(2, 'NONE');
    const wanted = { status: 'rejected', reason: 'wrong_stream' };
    expect(resultsOf(await client.sync(stream.batch([bad])))[0]).toMatchObject(wanted);
    const reply = await client.sync(stream.batch([bad, good]));
    expect(resultsOf(reply)[0]).toMatchObject(wanted);
    expect(statusesOf(reply)).toEqual(['rejected', 'accepted']);
  });
});

describe('Schedule II', () => {
  test('is accepted with a verification of its hash, a duplicate too', async () => {
    const { client } = await openPms({ verifierId: 'rph-7' });
    const stream = sampleStream();
    const [one, two] = [stream.record(1, 'II'), stream.record(2, 'II')];
    await client.sync(stream.batch([one], 'II'));
    const reply = await client.sync(stream.batch([one, two], 'II'));
    expect(statusesOf(reply)).toEqual(['duplicate', 'accepted']);
    for (const result of resultsOf(reply)) {
      const { payload_hash } = result;
      expect(result.verification).toMatchObject({ status: 'verified', payload_hash, verifier_id: 'rph-7' });
    }
  });

  test('without dual_verification is rejected', async () => {
    const { client } = await openPms();
    const stream = sampleStream();
    const bare = { ...stream.record(1, 'II'), dual_verification: false };
    const [result] = resultsOf(await client.sync(stream.batch([bare], 'II')));
    expect(result).toMatchObject({ status: 'rejected', reason: 'dual_verification_missing' });
  });
});

describe('the order of a stream', () => {
  test('has no holes: a batch ahead, or with a hole in it, is answered 409 and leaves nothing', async () => {
    const { client, dbFile } = await openPms();
    const stream = sampleStream();
    const ahead = await client.sync(stream.batch([stream.record(4, 'NONE')]));
    expect([ahead.status, ahead.json]).toEqual([409, { expected_sequence: 1, reason: 'ahead_of_stream' }]);
    const holed = await client.sync(stream.batch([stream.record(1, 'NONE'), stream.record(3, 'NONE')]));
    expect([holed.status, holed.json]).toEqual([409, { expected_sequence: 1, reason: 'not_consecutive' }]);
    const shifted = await client.sync({ ...stream.batch([stream.record(2, 'NONE')]), first_sequence: 1 });
    expect(shifted.status).toBe(409);
    expect(rows(dbFile, 'SELECT * FROM places')).toEqual([]);
    expect(rows(dbFile, 'SELECT * FROM batches')).toEqual([]);
  });

  test('gives a number once: another record under it is answered 409', async () => {
    const { client, dbFile } = await openPms();
    const stream = sampleStream();
    await client.sync(stream.batch([stream.record(1, 'NONE')]));
    const reused = await client.sync(stream.batch([stream.record(1, 'NONE'), stream.record(2, 'NONE')]));
    expect([reused.status, reused.json]).toEqual([409, { expected_sequence: 2, reason: 'number_reused' }]);
    expect(rows(dbFile, 'SELECT * FROM records')).toHaveLength(1);
  });

  test('is one per gateway, epoch and stream', async () => {
    const { client } = await openPms();
    const stream = sampleStream();
    await client.sync(stream.batch([stream.record(1, 'NONE')]));
    expect(statusesOf(await client.sync(stream.batch([stream.record(1, 'II')], 'II')))).toEqual(['accepted']);
    const epoch = sampleStream();
    expect(statusesOf(await client.sync(epoch.batch([epoch.record(1, 'NONE')])))).toEqual(['accepted']);
    const gateway = new SampleStream('gw-other', NOW_MS);
    expect(statusesOf(await client.sync(gateway.batch([gateway.record(1, 'NONE')])))).toEqual(['accepted']);
  });

  test('counts a gap marker, which is noted as often as it comes, but for a record already held too', async () => {
    const { client, dbFile } = await openPms();
    const stream = sampleStream();
    const [gap, record] = [stream.gap(1), stream.record(2, 'NONE')];
    expect(statusesOf(await client.sync(stream.batch([gap, record])))).toEqual(['noted', 'accepted']);
    const { payload_hash } = record;
    const late: GapMarker = { stream_sequence: 2, sequence: 2, payload_hash, gap: 'quarantined' };
    expect(statusesOf(await client.sync(stream.batch([gap, late])))).toEqual(['noted', 'noted']);
    expect(rows(dbFile, 'SELECT status, reason FROM places')).toEqual([
      { status: 'noted', reason: 'set_aside' },
      { status: 'stored', reason: null },
    ]);
    const foreign = await client.sync(stream.batch([stream.gap(1)]));
    expect(foreign.json).toMatchObject({ reason: 'number_reused' });
  });
});

describe('the batch key', () => {
  test('gives the same bytes the same answer and counts the delivery', async () => {
    const { client, dbFile } = await openPms();
    const stream = sampleStream();
    const batch = stream.batch([stream.record(1, 'II'), stream.record(2, 'II')], 'II');
    const first = await client.sync(batch);
    const second = await client.sync(batch);
    expect(statusesOf(first)).toEqual(['accepted', 'accepted']);
    expect(second.text).toBe(first.text);
    expect(rows(dbFile, 'SELECT deliveries FROM records')).toEqual([{ deliveries: 2 }, { deliveries: 2 }]);
  });

  test('with other bytes is answered 422 and leaves nothing', async () => {
    const { client, dbFile } = await openPms();
    const stream = sampleStream();
    const key = { 'x-idempotency-key': 'one-key' };
    await client.sync(stream.batch([stream.record(1, 'NONE')]), key);
    const other = await client.sync(stream.batch([stream.record(2, 'NONE')]), key);
    expect([other.status, other.json.error]).toEqual([422, 'batch_key_reused']);
    expect(rows(dbFile, 'SELECT * FROM records')).toHaveLength(1);
  });

  test('of a batch that was stopped by a damaged record is free for the batch to come again', async () => {
    const { client } = await openPms({ faults: ['hash_mismatch_once'] });
    const stream = sampleStream();
    const batch = stream.batch([stream.record(1, 'NONE'), stream.record(2, 'NONE')]);
    expect(statusesOf(await client.sync(batch))).toEqual(['hash_mismatch']);
    expect(statusesOf(await client.sync(batch))).toEqual(['accepted', 'accepted']);
  });

  test('keeps answers of a stream up to a limit; beyond it records are still duplicates', async () => {
    const store = PmsStore.open(`${temporaryFolder()}/pms.db`);
    const stream = sampleStream();
    const send = (record: SyncRecord) => sendTo(store, stream, [record], record.idempotency_key);
    const records = Array.from({ length: 260 }, (_, index) => stream.record(index + 1, 'NONE'));
    // One commit for all: the limit is what matters here, not the disk.
    store.atomically(() => {
      for (const record of records) send(record);
    });
    expect(store.findAnswer('gw-test', records[3]?.idempotency_key ?? '')).toBeUndefined();
    expect(store.findAnswer('gw-test', records[4]?.idempotency_key ?? '')).toBeDefined();
    expect(send(records[0] ?? stream.record(1, 'NONE'))).toMatchObject({ results: [{ status: 'duplicate' }] });
    store.close();
  });
});

test('a checkpoint sent with a batch is kept as it came, once', async () => {
  const { client, dbFile } = await openPms();
  const stream = sampleStream();
  const checkpoint = 'gw-test/audit\n12\nAAAA\n\n— gw-test AAAA\n';
  await client.sync({ ...stream.batch([stream.record(1, 'NONE')]), checkpoint });
  await client.sync({ ...stream.batch([stream.record(2, 'NONE')]), checkpoint });
  expect(rows(dbFile, 'SELECT checkpoint FROM checkpoints')).toEqual([{ checkpoint }]);
});

const NOBODY = cosigner('nobody', generateKeyPairSync('ed25519').privateKey);

function sendTo(store: PmsStore, stream: SampleStream, entries: SyncRecord[], batchKey: string) {
  const nowUtc = '2026-11-22T09:00:00.000Z';
  const witness = { book: store.cosigned, cosigner: NOBODY, nowMs: 0, nowUtc };
  const desk = { store, nowUtc, verifierId: 'test', witness, whimFor: () => null };
  const shown = { checkpoint: null, witness: null };
  const payloads = entries.map(({ payload }) => payload);
  return takeBatch(desk, { request: stream.batch(entries), payloads, batchKey, bodyHash: batchKey, shown });
}

test('whatever a gateway sends and resends, each key is held once and places have no holes', () => {
  const store = PmsStore.open(`${temporaryFolder()}/pms.db`);
  const attempt = fc.record({
    from: fc.integer({ min: 1, max: 12 }),
    count: fc.integer({ min: 1, max: 5 }),
    bad: fc.nat(3),
  });
  fc.assert(
    fc.property(fc.array(attempt, { maxLength: 20 }), (attempts) =>
      store.atomically(() => {
        const stream = sampleStream();
        const records = Array.from({ length: 20 }, (_, index) => stream.record(index + 1, 'NONE'));
        const taken = new Set<string>();
        let next = 1;
        for (const [index, { from, count, bad }] of attempts.entries()) {
          const slice = records.slice(from - 1, from - 1 + count);
          const sent = slice.map((record, place) => (place + 1 === bad ? damaged(record) : record));
          const outcome = sendTo(store, stream, sent, `${stream.epoch}-${index}`);
          if (from > next) {
            expect(outcome).toMatchObject({ type: 'conflict', expectedSequence: next });
            continue;
          }
          if (outcome.type !== 'answered') throw new Error('a batch that continues the stream was not taken');
          for (const result of outcome.results) {
            if (result.status === 'hash_mismatch') continue;
            const known = taken.has(result.idempotency_key ?? '');
            expect(result.status).toBe(known ? 'duplicate' : 'accepted');
            taken.add(result.idempotency_key ?? '');
          }
          next = taken.size + 1;
          expect(store.expectedSequence({ gatewayId: 'gw-test', epoch: stream.epoch, stream: 'standard' })).toBe(next);
        }
      }),
    ),
    { numRuns: 60, seed: 11 },
  );
  store.close();
});
