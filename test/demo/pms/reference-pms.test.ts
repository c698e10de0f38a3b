import { connect } from 'node:net';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LogFields } from '../../../src/base/log.ts';
import { silentLog } from '../../../src/base/log.ts';
import { hashOf, SampleStream } from '../../../src/demo/pms/check/sample.ts';
import { ReferencePms } from '../../../src/demo/pms/reference-pms.ts';
import { PMS_PATHS, type SyncRecord, type SyncRequest } from '../../../src/record/wire.ts';
import { openPms, type Reply, resultsOf, rows, statusesOf, temporaryFolder } from './office.ts';

const NOW_MS = Date.UTC(2026, 10, 22, 9);

describe('start and stop', () => {
  test('picks a free port, stops twice without harm and starts again with everything known', async () => {
    const { pms, url, client } = await openPms();
    expect(new URL(url).port).not.toBe('0');
    const stream = new SampleStream('gw-test', NOW_MS);
    const record = stream.record(1, 'NONE');
    await client.sync(stream.batch([record]));
    await pms.stop();
    await pms.stop();
    await expect(client.ping()).rejects.toThrow();
    const { url: again } = await pms.start();
    const moved = await openPms({ dbFile: join(temporaryFolder(), 'other.db') });
    expect(again).not.toBe(moved.url);
    expect(statusesOf(await moved.client.sync(stream.batch([record])))).toEqual(['accepted']);
    await pms.stop();
  });

  test('keeps its streams over a restart', async () => {
    const { pms, dbFile, client } = await openPms();
    const stream = new SampleStream('gw-test', NOW_MS);
    const [one, two] = [stream.record(1, 'NONE'), stream.record(2, 'NONE')];
    const batch = stream.batch([one]);
    const first = await client.sync(batch);
    await pms.stop();
    const again = await openPms({ dbFile });
    expect((await again.client.sync(batch)).text).toBe(first.text);
    expect(statusesOf(await again.client.sync(stream.batch([one, two])))).toEqual(['duplicate', 'accepted']);
  });

  test('says so when the port is taken, and leaves nothing open', async () => {
    const { url } = await openPms();
    const second = new ReferencePms({ url, dbFile: join(temporaryFolder(), 'pms.db') });
    await expect(second.start()).rejects.toMatchObject({ code: 'address_in_use', exitCode: 78 });
    await second.stop();
    expect(second.decideVerification('gw-test', 'till-1-000001', 'verified')).toBe(false);
  });

  test.each(['8090', 'https://127.0.0.1:0', 'http://127.0.0.1:0/pms', 'tcp://127.0.0.1:0'])(
    'refuses %s',
    async (url) => {
      const pms = new ReferencePms({ url, dbFile: join(temporaryFolder(), 'pms.db') });
      await expect(pms.start()).rejects.toMatchObject({ code: 'usage' });
    },
  );

  test('refuses an unknown fault before it opens anything', async () => {
    const pms = new ReferencePms({ url: 'http://127.0.0.1:0', dbFile: '/nonexistent/pms.db', faults: ['dwon'] });
    await expect(pms.start()).rejects.toMatchObject({ code: 'usage' });
  });

  test('listens on IPv6 too', async () => {
    const { url, client } = await openPms({ url: 'http://[::1]:0' });
    expect(url).toMatch(/^http:\/\/\[::1\]:\d+$/);
    expect((await client.ping()).status).toBe(200);
  });
});

test('batches that come at once are taken one after the other', async () => {
  const { client } = await openPms();
  const stream = new SampleStream('gw-test', NOW_MS);
  const record = stream.record(1, 'NONE');
  const keys = ['a', 'b', 'c', 'd', 'e', 'f'];
  const replies = await Promise.all(
    keys.map((key) => client.sync(stream.batch([record]), { 'x-idempotency-key': key })),
  );
  const statuses = replies.flatMap((reply) => statusesOf(reply)).sort();
  expect(statuses).toEqual(['accepted', 'duplicate', 'duplicate', 'duplicate', 'duplicate', 'duplicate']);
});

test('a peer that goes away in the middle of its body harms nobody', async () => {
  const { url, client } = await openPms();
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const head = `POST ${PMS_PATHS.sync} HTTP/1.1\r\nHost: pms\r\nContent-Type: application/json\r\n`;
  socket.write(`${head}X-Idempotency-Key: k\r\nContent-Length: 100\r\n\r\n{"gateway_id"`);
  await new Promise((resolve) => socket.once('ready', resolve));
  await new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
    socket.destroy();
  });
  expect((await client.ping()).status).toBe(200);
});

test('logs name records by sequence and code and carry nothing of them', async () => {
  const lines: { message: string; fields: LogFields | undefined }[] = [];
  const warn = (message: string, fields?: LogFields) => void lines.push({ message, fields });
  const { client } = await openPms({ log: { ...silentLog, debug: warn, warn, error: warn } });
  const stream = new SampleStream('gw-test', NOW_MS);
  const misplaced = { ...stream.record(1, 'II'), sequence: 41 };
  await client.sync(stream.batch([misplaced]));
  await client.sync(stream.batch([{ ...stream.record(9, 'NONE'), sequence: 49 }]));
  const where = { gateway: 'gw-test', epoch: stream.epoch, stream: 'standard' };
  expect(lines).toEqual([
    { message: 'batch taken', fields: { ...where, sequence: 41, count: 1 } },
    { message: 'record not taken', fields: { ...where, sequence: 41, reason: 'wrong_stream' } },
    { message: 'batch not taken', fields: { ...where, sequence: 49, reason: 'ahead_of_stream' } },
  ]);
});

test('order and keys hold whatever comes at once, over many connections and from several gateways', async () => {
  const attempt = fc.record({
    gateway: fc.constantFrom('gw-a', 'gw-b'),
    from: fc.integer({ min: 1, max: 6 }),
    count: fc.integer({ min: 1, max: 4 }),
    /** Another record in the place of a right one, now and then under a key that is used. */
    forged: fc.constantFrom('no', 'no', 'no', 'new_key', 'known_key'),
    again: fc.boolean(),
  });
  const { client, dbFile } = await openPms();
  await fc.assert(
    fc.asyncProperty(fc.array(attempt, { minLength: 4, maxLength: 16 }), async (attempts) => {
      const streams = new Map(['gw-a', 'gw-b'].map((id) => [id, new SampleStream(id, NOW_MS)]));
      const honest = new Map(
        [...streams].map(([id, stream]) => [id, Array.from({ length: 10 }, (_, at) => stream.record(at + 1, 'NONE'))]),
      );
      const batches = attempts.flatMap(({ gateway, from, count, forged, again }) => {
        const stream = streams.get(gateway) ?? new SampleStream(gateway, NOW_MS);
        const records = (honest.get(gateway) ?? []).slice(from - 1, from - 1 + count);
        const key = forged === 'known_key' ? honest.get(gateway)?.[0]?.idempotency_key : undefined;
        const last = from + count;
        const sent = forged === 'no' ? records : [...records, forgery(stream, last, key)];
        const batch = stream.batch(sent);
        return again ? [batch, batch] : [batch];
      });
      const replies = await Promise.all(batches.map(async (batch) => ({ batch, reply: await client.sync(batch) })));
      for (const { batch, reply } of replies) {
        if (reply.status === 409) continue;
        expect(reply.status).toBe(200);
        expect(resultsOf(reply).map(({ stream_sequence }) => stream_sequence)).toEqual(
          batch.records.map(({ stream_sequence }) => stream_sequence),
        );
      }
      for (const { epoch } of streams.values()) expectWholeBooks(dbFile, epoch, replies);
    }),
    { numRuns: 25, seed: 4 },
  );
});

/** A record that no honest gateway would send in this place. */
function forgery(stream: SampleStream, number: number, key: string | undefined): SyncRecord {
  const { payload, ...record } = stream.record(number, 'NONE', key);
  const forged = { ...payload, quantity: 99 };
  return { ...record, payload: forged, payload_hash: hashOf(forged) };
}

/** Numbers from 1 without holes, each key once, and everything that was answered `accepted` is there with its hash. */
function expectWholeBooks(
  dbFile: string,
  epoch: string,
  replies: readonly { readonly batch: SyncRequest; readonly reply: Reply }[],
): void {
  const places = rows<{ stream_sequence: number }>(
    dbFile,
    'SELECT stream_sequence FROM places WHERE epoch = ? ORDER BY stream_sequence',
    epoch,
  );
  expect(places.map(({ stream_sequence }) => stream_sequence)).toEqual(places.map((_, index) => index + 1));
  const held = rows<{ idempotency_key: string; payload_hash: string }>(
    dbFile,
    'SELECT idempotency_key, payload_hash FROM records WHERE epoch = ?',
    epoch,
  );
  expect(new Set(held.map(({ idempotency_key }) => idempotency_key)).size).toBe(held.length);
  const hashes = new Map(held.map(({ idempotency_key, payload_hash }) => [idempotency_key, payload_hash]));
  const accepted = replies
    .filter(({ batch, reply }) => batch.epoch === epoch && reply.status === 200)
    .flatMap(({ reply }) => resultsOf(reply))
    .filter(({ status }) => status === 'accepted' || status === 'duplicate');
  for (const result of accepted) expect(hashes.get(result.idempotency_key ?? '')).toBe(result.payload_hash);
  const fresh = new Set(accepted.map(({ idempotency_key }) => idempotency_key));
  expect(fresh.size).toBe(held.length);
}
