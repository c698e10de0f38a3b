/** Each fault over real HTTP: what the gateway sees, and whether the PMS kept the record all the same. */
import { describe, expect, test } from 'vitest';
import type { Timers } from '../../../src/base/clock.ts';
import { SampleStream } from '../../../src/demo/pms/check/sample.ts';
import { FAULT_NAMES } from '../../../src/demo/pms/faults.ts';
import type { Schedule } from '../../../src/record/types.ts';
import { contentDigestOf } from '../../../src/record/wire.ts';
import { openPms, resultsOf, rows, statusesOf } from './office.ts';

const NOW_MS = Date.UTC(2026, 10, 22, 9);
const sampleStream = () => new SampleStream('gw-test', NOW_MS);
const keptBy = (dbFile: string) => rows(dbFile, 'SELECT * FROM records').length;
const covered = new Set<string>();

/** A PMS with one fault, and a batch of `count` records for it. */
async function faulty(fault: string, count = 1, schedule: Schedule = 'NONE') {
  covered.add(fault.split(/[=@]/)[0] ?? '');
  const opened = await openPms({ faults: [fault] });
  const stream = sampleStream();
  const records = Array.from({ length: count }, (_, index) => stream.record(index + 1, schedule));
  return { ...opened, stream, records, batch: stream.batch(records, schedule) };
}

describe('instead of an answer', () => {
  const everywhere: [string, number, string?, string?][] = [
    ['down', 503],
    ['down=7', 503, 'retry-after', '7'],
    ['unauthorized', 401, 'www-authenticate', 'Bearer error="invalid_token"'],
    ['redirect', 302, 'location', 'http://portal.invalid/'],
    ['captive_portal', 200, 'content-type', 'text/html; charset=utf-8'],
  ];
  test.each(everywhere)('%s: %i to ping, sync and look-up; nothing kept', async (fault, status, header, value) => {
    const { client, batch, dbFile } = await faulty(fault);
    const replies = [await client.ping(), await client.sync(batch), await client.lookup({ keys: ['till-1-000001'] })];
    for (const reply of replies) {
      expect(reply.status).toBe(status);
      if (header !== undefined) expect(reply.headers[header]).toBe(value);
    }
    expect(keptBy(dbFile)).toBe(0);
  });

  const work: [string, number, string?][] = [
    ['forbidden', 403],
    ['not_found', 404],
    ['error_500', 500],
    ['throttle_429', 429, '1'],
    ['throttle_429=30', 429, '30'],
  ];
  test.each(work)('%s: %i to sync and look-up, the ping passes; nothing kept', async (fault, status, retryAfter) => {
    const { client, batch, dbFile } = await faulty(fault);
    expect((await client.ping()).status).toBe(200);
    const [sync, lookup] = [await client.sync(batch), await client.lookup({ keys: ['till-1-000001'] })];
    expect([sync.status, lookup.status, sync.headers['retry-after']]).toEqual([status, status, retryAfter]);
    expect(keptBy(dbFile)).toBe(0);
  });

  test('reset: the connection is cut, nothing kept', async () => {
    const { client, batch, dbFile } = await faulty('reset');
    await expect(client.ping()).rejects.toThrow();
    await expect(client.sync(batch)).rejects.toThrow();
    expect(keptBy(dbFile)).toBe(0);
  });

  test('hang: the request stays open until the PMS stops', async () => {
    covered.add('hang');
    const { client, pms } = await openPms({ faults: ['hang'], control: true });
    let settled = false;
    const hanging = client.ping().then(
      () => 'answered',
      () => 'cut',
    );
    void hanging.then(() => {
      settled = true;
    });
    // The control path answers meanwhile, so the PMS lives.
    expect((await client.control('state')).json.faults).toEqual(['hang']);
    expect((await client.control('state')).status).toBe(200);
    expect(settled).toBe(false);
    await pms.stop();
    expect(await hanging).toBe('cut');
  });
});

describe('slow', () => {
  test('waits the milliseconds given before anything is done; a stop ends the wait', async () => {
    covered.add('slow');
    const waits: { delayMs: number; task: () => void }[] = [];
    const waiting = Promise.withResolvers<void>();
    const after: Timers['after'] = (delayMs, task) => {
      waits.push({ delayMs, task });
      waiting.resolve();
      return () => {};
    };
    const { client, pms, dbFile } = await openPms({ faults: ['slow=200'], timers: { after } });
    const stream = sampleStream();
    const reply = client.sync(stream.batch([stream.record(1, 'NONE')]));
    await waiting.promise;
    expect(waits.map(({ delayMs }) => delayMs)).toEqual([200]);
    expect(keptBy(dbFile)).toBe(0);
    waits[0]?.task();
    expect(statusesOf(await reply)).toEqual(['accepted']);
    const cut = expect(client.ping()).rejects.toThrow();
    await pms.stop();
    await cut;
  });
});

describe('a batch', () => {
  test('too_large=2: 413 to more entries', async () => {
    const { client, stream, records } = await faulty('too_large=2', 3);
    expect((await client.sync(stream.batch(records))).status).toBe(413);
    expect(statusesOf(await client.sync(stream.batch(records.slice(0, 2))))).toEqual(['accepted', 'accepted']);
  });

  test('unprocessable_every_nth=3: 422 until a gap marker takes the place', async () => {
    const { client, stream, records, dbFile } = await faulty('unprocessable_every_nth=3', 4);
    expect((await client.sync(stream.batch(records))).status).toBe(422);
    expect(keptBy(dbFile)).toBe(0);
    expect((await client.sync(stream.batch(records.slice(0, 2)))).status).toBe(200);
    expect((await client.sync(stream.batch(records.slice(2)))).status).toBe(422);
    const rest = [stream.gap(3), ...records.slice(3)];
    expect(statusesOf(await client.sync(stream.batch(rest)))).toEqual(['noted', 'accepted']);
  });

  test('drop_answer: stored, the connection cut; the same batch then gets its answer', async () => {
    const { client, pms, batch, dbFile } = await faulty('drop_answer', 2);
    await expect(client.sync(batch)).rejects.toThrow();
    expect(keptBy(dbFile)).toBe(2);
    pms.faults.clear('drop_answer');
    expect(statusesOf(await client.sync(batch))).toEqual(['accepted', 'accepted']);
    expect(statusesOf(await client.sync(batch, { 'x-idempotency-key': 'another' }))).toEqual([
      'duplicate',
      'duplicate',
    ]);
  });

  test('bare_200: stored, 200 without results', async () => {
    const { client, batch, dbFile } = await faulty('bare_200');
    const reply = await client.sync(batch);
    expect([reply.status, reply.json]).toEqual([200, {}]);
    expect(keptBy(dbFile)).toBe(1);
  });
});

describe('a record', () => {
  test('reject_every_nth=2: every second one is rejected and uses its number up', async () => {
    const { client, batch } = await faulty('reject_every_nth=2', 5);
    const reply = await client.sync(batch);
    expect(statusesOf(reply)).toEqual(['accepted', 'rejected', 'accepted', 'rejected', 'accepted']);
    expect(resultsOf(reply)[1]?.reason).toBe('fault_injected');
  });

  test('hash_mismatch_once: the first record once; with n, every nth once', async () => {
    const once = await faulty('hash_mismatch_once', 3);
    expect(statusesOf(await once.client.sync(once.batch))).toEqual(['hash_mismatch']);
    expect(statusesOf(await once.client.sync(once.batch))).toEqual(['accepted', 'accepted', 'accepted']);
    const nth = await faulty('hash_mismatch_once=2', 5);
    const seen = [1, 3, 5].map(() => () => nth.client.sync(nth.batch));
    const statuses: string[][] = [];
    for (const send of seen) statuses.push(statusesOf(await send()));
    expect(statuses).toEqual([
      ['accepted', 'hash_mismatch'],
      ['duplicate', 'accepted', 'accepted', 'hash_mismatch'],
      ['duplicate', 'duplicate', 'duplicate', 'accepted', 'accepted'],
    ]);
  });

  test('hash_mismatch=2: again and again, until a gap marker takes the place', async () => {
    const { client, stream, records } = await faulty('hash_mismatch=2', 3);
    expect(statusesOf(await client.sync(stream.batch(records)))).toEqual(['accepted', 'hash_mismatch']);
    const rest = records.slice(1);
    expect(statusesOf(await client.sync(stream.batch(rest)))).toEqual(['hash_mismatch']);
    expect(statusesOf(await client.sync(stream.batch(rest)))).toEqual(['hash_mismatch']);
    expect(statusesOf(await client.sync(stream.batch([stream.gap(2), ...rest.slice(1)])))).toEqual([
      'noted',
      'accepted',
    ]);
  });

  test('pending_verification and pending_declined: only Schedule II', async () => {
    for (const fault of ['pending_verification', 'pending_declined']) {
      const { client, batch } = await faulty(fault, 1, 'II');
      expect(statusesOf(await client.sync(batch))).toEqual(['pending_verification']);
      const other = await faulty(fault, 1, 'III');
      expect(statusesOf(await other.client.sync(other.batch))).toEqual(['accepted']);
    }
  });
});

describe('a result, while everything is stored', () => {
  test('missing_results: none', async () => {
    const { client, batch, dbFile } = await faulty('missing_results', 3);
    expect((await client.sync(batch)).json).toMatchObject({ results: [] });
    expect(keptBy(dbFile)).toBe(3);
  });

  test('wrong_echo: a hash, but not the one sent', async () => {
    const { client, batch, records } = await faulty('wrong_echo', 2);
    for (const [index, result] of resultsOf(await client.sync(batch)).entries()) {
      expect(result.status).toBe('accepted');
      expect(result.payload_hash).toMatch(/^[0-9a-f]{64}$/);
      expect(result.payload_hash).not.toBe(records[index]?.payload_hash);
    }
  });

  test('no_verification: Schedule II accepted in words only', async () => {
    const { client, batch } = await faulty('no_verification', 1, 'II');
    const [result] = resultsOf(await client.sync(batch));
    expect(result?.status).toBe('accepted');
    expect(result?.verification).toBeUndefined();
  });

  test('by chance, but the same for the same seed, and the stored answer stays true', async () => {
    const seen: string[] = [];
    for (const _run of [1, 2]) {
      const { client, pms, batch } = await faulty('missing_results@0.5', 20);
      const reply = await client.sync(batch);
      const numbers = resultsOf(reply).map((result) => result.stream_sequence);
      expect(numbers.length).toBeGreaterThan(0);
      expect(numbers.length).toBeLessThan(20);
      seen.push(numbers.join());
      pms.faults.clearAll();
      expect(resultsOf(await client.sync(batch))).toHaveLength(20);
    }
    expect(seen[0]).toBe(seen[1]);
  });
});

test('a digest is checked before a batch can meet a fault', async () => {
  const { client, batch } = await faulty('too_large=1', 2);
  const digest = contentDigestOf(Buffer.from('other'));
  expect((await client.sync(batch, { 'content-digest': digest })).status).toBe(400);
});

test('every fault of the table has its test here', () => {
  expect(FAULT_NAMES.filter((name) => !covered.has(name))).toEqual([]);
});
