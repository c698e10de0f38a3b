/** The PMS's paths as HTTP: what a request must look like before the books are touched. */
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { SampleStream } from '../../../src/demo/pms/check/sample.ts';
import { contentDigestOf, PingResponse, PMS_PATHS } from '../../../src/record/wire.ts';
import { openPms, rows, statusesOf } from './office.ts';

const NOW_MS = Date.UTC(2026, 10, 22, 9);
const sampleBatch = () => {
  const stream = new SampleStream('gw-test', NOW_MS);
  return stream.batch([stream.record(1, 'NONE')]);
};
const json = (value: object) => Buffer.from(JSON.stringify(value));

describe('the ping', () => {
  test('answers with the time it is given', async () => {
    const { client } = await openPms({ clock: { utcMs: () => NOW_MS, monotonicMs: () => 0 } });
    const reply = await client.ping();
    expect(PingResponse.parse(reply.json)).toEqual({ status: 'ok', time_utc: '2026-11-22T09:00:00.000Z' });
    expect([reply.status, reply.headers['accept-encoding']]).toEqual([200, 'gzip, zstd']);
  });
});

describe('the token', () => {
  test.each(['', 'Bearer wrong', 'Basic c2VzYW1l', 'Bearer', 'sesame'])(
    'is refused as "%s" everywhere',
    async (header) => {
      const { client, dbFile } = await openPms({ token: 'sesame', control: true });
      const headers = { authorization: header };
      const replies = [
        await client.ping(headers),
        await client.sync(sampleBatch(), headers),
        await client.send('POST', PMS_PATHS.lookup, json({ keys: ['till-1-000001'] }), headers),
        await client.send('GET', '/_control/state', null, headers),
      ];
      expect(replies.map(({ status }) => status)).toEqual([401, 401, 401, 401]);
      expect(replies[0]?.headers['www-authenticate']).toBe('Bearer');
      expect(rows(dbFile, 'SELECT * FROM places')).toEqual([]);
    },
  );

  test('lets in when right', async () => {
    const { client } = await openPms({ token: 'sesame' });
    expect((await client.ping()).status).toBe(200);
    expect((await client.sync(sampleBatch())).status).toBe(200);
  });
});

describe('paths and methods', () => {
  test('others are answered 404 and 405', async () => {
    const { client } = await openPms();
    expect((await client.send('GET', '/')).status).toBe(404);
    expect((await client.send('POST', `${PMS_PATHS.sync}/`, json({}))).status).toBe(404);
    const get = await client.send('GET', PMS_PATHS.sync);
    expect([get.status, get.headers.allow]).toEqual([405, 'POST']);
    expect((await client.send('POST', PMS_PATHS.ping, json({}))).status).toBe(405);
    expect((await client.send('DELETE', PMS_PATHS.lookup)).status).toBe(405);
  });

  test('a query does not change the path', async () => {
    const { client } = await openPms();
    expect((await client.send('GET', `${PMS_PATHS.ping}?probe=1`)).status).toBe(200);
  });
});

describe('the body', () => {
  const coded = [
    ['identity', (bytes: Buffer) => bytes],
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ] as const;

  test.each(coded)('may be coded %s, the digest taken over the coded bytes', async (coding, encode) => {
    const { client } = await openPms();
    const reply = await client.sync(encode(json(sampleBatch())), { 'content-encoding': coding });
    expect(statusesOf(reply)).toEqual(['accepted']);
  });

  test('is the same batch whatever its coding', async () => {
    const { client } = await openPms();
    const plain = json(sampleBatch());
    const first = await client.sync(plain, { 'x-idempotency-key': 'one' });
    const second = await client.sync(gzipSync(plain), { 'x-idempotency-key': 'one', 'content-encoding': 'gzip' });
    expect(second.text).toBe(first.text);
  });

  test('is refused in another coding (415) or a damaged one (400)', async () => {
    const { client } = await openPms();
    const plain = json(sampleBatch());
    const brotli = await client.sync(plain, { 'content-encoding': 'br' });
    expect([brotli.status, brotli.json.error]).toEqual([415, 'content_encoding']);
    expect((await client.sync(plain, { 'content-encoding': 'gzip, zstd' })).status).toBe(415);
    expect((await client.sync(plain, { 'content-encoding': 'gzip' })).status).toBe(400);
    expect((await client.sync(gzipSync(plain).subarray(0, 60), { 'content-encoding': 'gzip' })).status).toBe(400);
    expect((await client.sync(plain, { 'content-encoding': 'zstd' })).status).toBe(400);
  });

  test('has a limit on the wire and decoded, and one for entries', async () => {
    const { client, dbFile } = await openPms({ limits: { maxBodyBytes: 4000, maxEntries: 2 } });
    const large = Buffer.alloc(4001, ' ');
    expect((await client.sync(large)).status).toBe(413);
    expect((await client.sync(Buffer.alloc(20_000, ' '))).status).toBe(413);
    expect((await client.sync(gzipSync(large), { 'content-encoding': 'gzip' })).status).toBe(413);
    expect((await client.sync(zstdCompressSync(large), { 'content-encoding': 'zstd' })).status).toBe(413);
    const stream = new SampleStream('gw-test', NOW_MS);
    const gaps = [stream.gap(1), stream.gap(2), stream.gap(3)];
    expect((await client.sync(stream.batch(gaps))).json.error).toBe('too_many');
    expect(rows(dbFile, 'SELECT * FROM places')).toEqual([]);
    expect(statusesOf(await client.sync(stream.batch(gaps.slice(0, 2))))).toEqual(['noted', 'noted']);
  });

  test('is refused when it is not JSON in UTF-8', async () => {
    const { client } = await openPms();
    for (const bytes of [Buffer.from('{'), Buffer.from([0x22, 0xff, 0x22]), Buffer.from('\ufeff{}'), Buffer.alloc(0)]) {
      const reply = await client.sync(bytes);
      expect([reply.status, reply.json.error]).toEqual([400, 'not_json']);
    }
    expect((await client.sync(sampleBatch(), { 'content-type': 'text/plain' })).status).toBe(415);
  });
});

describe('Content-Digest', () => {
  test.each([
    ['missing', '', 'digest_missing'],
    ['of other bytes', contentDigestOf(Buffer.from('x')), 'digest_mismatch'],
    ['of another algorithm only', 'sha-512=:AAAA:', 'digest_missing'],
    ['not in RFC 9530 form', 'sha-256=AAAA', 'digest_missing'],
  ])('%s is refused', async (_which, digest, error) => {
    const { client, dbFile } = await openPms();
    const reply = await client.sync(sampleBatch(), { 'content-digest': digest });
    expect([reply.status, reply.json.error]).toEqual([400, error]);
    expect(rows(dbFile, 'SELECT * FROM places')).toEqual([]);
  });

  test('may stand among others', async () => {
    const { client } = await openPms();
    const batch = sampleBatch();
    const digest = `sha-512=:AAAA:, ${contentDigestOf(json(batch))}`;
    expect((await client.sync(batch, { 'content-digest': digest })).status).toBe(200);
  });
});

describe('the wire format', () => {
  const broken: [string, (batch: ReturnType<typeof sampleBatch>) => object, string][] = [
    ['no gateway', ({ gateway_id: _gone, ...rest }) => rest, 'gateway_id'],
    ['unknown stream', (batch) => ({ ...batch, stream: 'schedule_three' }), 'stream'],
    ['number 0', (batch) => ({ ...batch, first_sequence: 0 }), 'first_sequence'],
    ['epoch', (batch) => ({ ...batch, epoch: 'XYZ' }), 'epoch'],
    ['no entries', (batch) => ({ ...batch, records: [] }), 'records'],
    [
      'hash',
      (batch) => ({ ...batch, records: [{ ...batch.records[0], payload_hash: 'ff' }] }),
      'records.0.payload_hash',
    ],
    ['payload', (batch) => ({ ...batch, records: [{ ...batch.records[0], payload: [] }] }), 'records.0.payload'],
  ];

  test.each(broken)('wrong %s is answered 422, naming the place and no contents', async (_which, change, place) => {
    const { client, dbFile } = await openPms();
    const batch = sampleBatch();
    const reply = await client.sync(change(batch));
    expect([reply.status, reply.json.error]).toEqual([422, 'not_the_wire_format']);
    expect(reply.json.detail).toContain(place);
    expect(reply.text).not.toContain('CHECK-ONLY');
    expect(rows(dbFile, 'SELECT * FROM places')).toEqual([]);
  });

  test('of a newer gateway, with members unknown here, is taken', async () => {
    const { client } = await openPms();
    const batch = sampleBatch();
    const newer = { ...batch, extra: { a: 1 }, records: batch.records.map((entry) => ({ ...entry, extra: [] })) };
    expect(statusesOf(await client.sync(newer))).toEqual(['accepted']);
  });

  test('needs a batch key', async () => {
    const { client } = await openPms();
    expect((await client.sync(sampleBatch(), { 'x-idempotency-key': '' })).json.error).toBe('batch_key_missing');
    expect((await client.sync(sampleBatch(), { 'x-idempotency-key': 'a b' })).status).toBe(400);
  });
});
