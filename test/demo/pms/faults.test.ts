/** Each fault over real HTTP: what the gateway sees, and whether the PMS kept the record all the same. */
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { Timers } from '../../../src/base/clock.ts';
import { SampleStream } from '../../../src/demo/pms/check/sample.ts';
import { SampleLog } from '../../../src/demo/pms/check/sample-log.ts';
import { FAULT_NAMES } from '../../../src/demo/pms/faults.ts';
import type { ReferencePmsOptions } from '../../../src/demo/pms/reference-pms.ts';
import type { Schedule } from '../../../src/record/types.ts';
import { contentDigestOf, type SyncResult } from '../../../src/record/wire.ts';
import { verifyCosignature } from '../../../src/tlog/cosignature.ts';
import { parseVerifierKey } from '../../../src/tlog/verifier-key.ts';
import { openPms, resultsOf, rows, statusesOf } from './office.ts';

const NOW_MS = Date.UTC(2026, 10, 22, 9);
const sampleStream = () => new SampleStream('gw-test', NOW_MS);
const keptBy = (dbFile: string) => rows(dbFile, 'SELECT * FROM records').length;
const covered = new Set<string>();

/** A PMS with one fault, and a batch of `count` records for it. */
async function faulty(
  fault: string,
  count = 1,
  schedule: Schedule = 'NONE',
  options: Partial<ReferencePmsOptions> = {},
) {
  covered.add(fault.split(/[=@#]/)[0] ?? '');
  const opened = await openPms({ faults: [fault], ...options });
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
    ['redirect=7777', 307, 'location', 'http://127.0.0.1:7777/'],
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
    ['method_not_allowed', 405],
    ['error_500', 500],
    ['captive_portal_work', 200],
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

  test.each(['hang', 'silence', 'hang_work'])('%s: the request stays open until the PMS stops', async (fault) => {
    const { client, pms, batch } = await faulty(fault, 1, 'NONE', { control: true });
    let settled = false;
    if (fault === 'hang_work') expect((await client.ping()).status).toBe(200);
    const hanging = (fault === 'hang_work' ? client.sync(batch) : client.ping()).then(
      () => 'answered',
      () => 'cut',
    );
    void hanging.then(() => {
      settled = true;
    });
    // The control path answers meanwhile, so the PMS lives.
    expect((await client.control('state')).json.faults).toEqual([fault]);
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

describe('an answer on its way', () => {
  test('coding_refused: 415 to a coded body only', async () => {
    const { client, batch } = await faulty('coding_refused');
    const coded = gzipSync(JSON.stringify(batch));
    const refused = await client.sync(coded, { 'content-encoding': 'gzip' });
    expect([refused.status, refused.headers['accept-encoding']]).toEqual([415, 'gzip, zstd']);
    expect((await client.sync(batch)).status).toBe(200);
  });

  test.each([
    ['clock_ahead', 600],
    ['clock_behind=60', -60],
  ])('%s: in Date, time_utc and verifications', async (fault, seconds) => {
    const clock = { utcMs: () => NOW_MS, monotonicMs: () => 0 };
    const { client, batch } = await faulty(fault, 1, 'II', { clock });
    const shifted = new Date(NOW_MS + seconds * 1000);
    const ping = await client.ping();
    expect([ping.json.time_utc, ping.headers.date]).toEqual([shifted.toISOString(), shifted.toUTCString()]);
    const [result] = resultsOf(await client.sync(batch));
    expect(result?.verification?.verified_at_utc).toBe(shifted.toISOString());
  });

  test('late_answer: stored, then silence for the milliseconds given', async () => {
    const waits: { delayMs: number; task: () => void }[] = [];
    const waiting = Promise.withResolvers<void>();
    const after: Timers['after'] = (delayMs, task) => {
      waits.push({ delayMs, task });
      waiting.resolve();
      return () => {};
    };
    const { client, batch, dbFile } = await faulty('late_answer=45000', 1, 'NONE', { timers: { after } });
    const reply = client.sync(batch);
    await waiting.promise;
    expect(waits.map(({ delayMs }) => delayMs)).toEqual([45_000]);
    expect(keptBy(dbFile)).toBe(1);
    waits[0]?.task();
    expect(statusesOf(await reply)).toEqual(['accepted']);
  });

  test('dripping: stored, then one byte after each wait', async () => {
    const delays: number[] = [];
    const after: Timers['after'] = (delayMs, task) => {
      delays.push(delayMs);
      queueMicrotask(task);
      return () => {};
    };
    const { client, batch } = await faulty('dripping=250', 1, 'NONE', { timers: { after } });
    const reply = await client.sync(batch);
    expect(statusesOf(reply)).toEqual(['accepted']);
    expect(delays).toEqual(Array.from(reply.text, () => 250));
  });

  test('truncated: stored, the connection cut in the middle of the answer', async () => {
    const { client, batch, dbFile } = await faulty('truncated');
    await expect(client.sync(batch)).rejects.toThrow();
    expect(keptBy(dbFile)).toBe(1);
  });

  test('oversized=1: stored, the same JSON after a MiB of white space', async () => {
    const { client, batch } = await faulty('oversized=1');
    const reply = await client.sync(batch);
    expect(statusesOf(reply)).toEqual(['accepted']);
    expect(reply.text.length - reply.text.trimStart().length).toBe(1024 * 1024);
  });

  test('gzip_answer: stored, the answer coded', async () => {
    const { client, batch, dbFile } = await faulty('gzip_answer');
    const reply = await client.sync(batch);
    expect([reply.headers['content-encoding'], reply.json]).toEqual(['gzip', {}]);
    expect(keptBy(dbFile)).toBe(1);
  });
});

describe('the place in the stream', () => {
  test.each([
    ['conflict_higher=3', { expected_sequence: 5 }],
    ['conflict_lower', { expected_sequence: 1 }],
    ['conflict_bare', { error: 'conflict' }],
  ])('%s: 409, nothing kept', async (fault, json) => {
    const { client, batch, dbFile } = await faulty(fault, 2);
    const reply = await client.sync(batch);
    expect([reply.status, reply.json]).toEqual([409, json]);
    expect(keptBy(dbFile)).toBe(0);
  });

  test('conflict_lower=3: asks for earlier ones', async () => {
    const { client, stream } = await faulty('conflict_lower=3');
    expect((await client.sync(stream.batch([stream.record(9, 'NONE')]))).json).toEqual({ expected_sequence: 6 });
  });

  test('restored=2: once, the newest entries of every stream are forgotten with what came with them', async () => {
    const { client, pms, stream, records, dbFile } = await faulty('restored=2', 4);
    const two = stream.record(1, 'II');
    pms.faults.clear('restored');
    await client.sync(stream.batch(records));
    await client.sync(stream.batch([two], 'II'));
    pms.faults.set('restored=2');
    const next = stream.batch([stream.record(5, 'NONE')]);
    expect((await client.sync(next)).json).toMatchObject({ expected_sequence: 3 });
    expect(rows(dbFile, 'SELECT stream, stream_sequence FROM records')).toEqual([
      { stream: 'standard', stream_sequence: 1 },
      { stream: 'standard', stream_sequence: 2 },
    ]);
    expect(statusesOf(await client.sync(stream.batch(records)))).toEqual([
      'duplicate',
      'duplicate',
      'accepted',
      'accepted',
    ]);
    expect(statusesOf(await client.sync(stream.batch([two], 'II')))).toEqual(['accepted']);
  });

  test('restored: a record that an older number still names is kept', async () => {
    const { client, pms, stream, records, dbFile } = await faulty('restored=1');
    const [record = stream.record(1, 'NONE')] = records;
    const again = { ...record, stream_sequence: 2, sequence: 2, sequence_id: stream.record(2, 'NONE').sequence_id };
    pms.faults.clear('restored');
    await client.sync(stream.batch([record, again]));
    pms.faults.set('restored=1');
    await client.sync(stream.batch([again]));
    expect(keptBy(dbFile)).toBe(1);
  });

  test('emptied: once, everything is forgotten before a batch', async () => {
    const { client, stream, records, dbFile } = await faulty('emptied', 2);
    expect(statusesOf(await client.sync(stream.batch(records.slice(0, 1))))).toEqual(['accepted']);
    expect((await client.sync(stream.batch(records.slice(1)))).json).toMatchObject({ expected_sequence: 1 });
    expect(keptBy(dbFile)).toBe(0);
    expect(statusesOf(await client.sync(stream.batch(records)))).toEqual(['accepted', 'accepted']);
    expect(statusesOf(await client.sync(stream.batch([stream.record(3, 'NONE')])))).toEqual(['accepted']);
  });
});

describe('a batch', () => {
  test.each([
    ['bad_request_every_nth=2', 400],
    ['error_500_every_nth=2', 500],
  ])('%s: %i until a gap marker takes the place', async (fault, status) => {
    const { client, stream, records } = await faulty(fault, 3);
    expect((await client.sync(stream.batch(records))).status).toBe(status);
    const marked = [...records.slice(0, 1), stream.gap(2), ...records.slice(2)];
    expect(statusesOf(await client.sync(stream.batch(marked)))).toEqual(['accepted', 'noted', 'accepted']);
  });

  test('reset_every_nth: the connection is cut, nothing kept', async () => {
    const { client, batch, dbFile } = await faulty('reset_every_nth', 2);
    await expect(client.sync(batch)).rejects.toThrow();
    expect(keptBy(dbFile)).toBe(0);
  });

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

  test('pending_for_ever: no number of look-ups ends it', async () => {
    const { client, batch, records } = await faulty('pending_for_ever', 1, 'II');
    expect(statusesOf(await client.sync(batch))).toEqual(['pending_verification']);
    for (const _time of [1, 2, 3]) {
      const reply = await client.lookup({ keys: [records[0]?.idempotency_key] });
      expect(statusesOf(reply)).toEqual(['pending_verification']);
    }
  });

  test('verification_other_hash: verified, but not this one', async () => {
    const { client, batch } = await faulty('verification_other_hash', 1, 'II');
    const [result] = resultsOf(await client.sync(batch));
    expect(result?.verification?.payload_hash).toMatch(/^[0-9a-f]{64}$/);
    expect(result?.verification?.payload_hash).not.toBe(result?.payload_hash);
    const standard = await faulty('verification_other_hash');
    expect(resultsOf(await standard.client.sync(standard.batch))[0]).not.toHaveProperty('verification');
  });

  test.each<[string, (sent: SyncResult) => object[]]>([
    ['wrong_key_echo', (sent) => [{ ...sent, idempotency_key: 'another-key' }]],
    ['missing_echo', ({ stream_sequence, status, pms_id }) => [{ stream_sequence, status, pms_id }]],
    ['duplicated_results', (sent) => [sent, sent]],
    ['contradictory_results', (sent) => [sent, { ...sent, status: 'rejected', reason: 'fault_injected' }]],
    ['foreign_results', (sent) => [{ ...sent, stream_sequence: sent.stream_sequence + 1_000_000 }]],
  ])('%s', async (fault, change) => {
    const { client, pms, batch, dbFile } = await faulty(fault, 2);
    const reply = await client.sync(batch);
    expect(keptBy(dbFile)).toBe(2);
    pms.faults.clearAll();
    expect(resultsOf(reply)).toEqual(resultsOf(await client.sync(batch)).flatMap(change));
  });

  test('reordered_results: the last one first', async () => {
    const { client, batch } = await faulty('reordered_results', 3);
    const numbers = resultsOf(await client.sync(batch)).map(({ stream_sequence }) => stream_sequence);
    expect(numbers).toEqual([3, 2, 1]);
  });

  test.each<[string, (sent: string) => object]>([
    ['lookup_unknown', () => ({ status: 'unknown' })],
    ['lookup_wrong_echo', (sent) => ({ status: 'accepted', payload_hash: expect.not.stringMatching(sent) })],
  ])('%s', async (fault, expected) => {
    const { client, batch, records } = await faulty(fault);
    await client.sync(batch);
    const reply = await client.lookup({ keys: [records[0]?.idempotency_key] });
    expect(resultsOf(reply)[0]).toMatchObject(expected(records[0]?.payload_hash ?? ''));
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

describe('about the checkpoint', () => {
  test.each<[string, object]>([
    ['no_cosignature', {}],
    ['witness_stale=7', { witness_error: { code: 'stale', size: 7, checkpoint: null } }],
    ['witness_inconsistent', { witness_error: { code: 'inconsistent', size: 0, checkpoint: null } }],
    ['witness_unknown_key', { witness_error: { code: 'unknown_key', size: 0, checkpoint: null } }],
    ['witness_nonsense', { cosignature: 42, witness_key: expect.any(String), witness_error: 'no' }],
  ])('%s: the record beside it is accepted', async (fault, expected) => {
    const { client, batch, stream } = await faulty(fault);
    const reply = await client.sync({ ...batch, ...new SampleLog(stream, 3).show(3, 0) });
    const { results: _results, ...word } = reply.json;
    expect(word).toEqual(expected);
    expect(statusesOf(reply)).toEqual(['accepted']);
  });

  test('wrong_cosignature: it is by the right key and not true', async () => {
    const { client, batch, stream } = await faulty('wrong_cosignature');
    const { json } = await client.sync({ ...batch, ...new SampleLog(stream, 3).show(3, 0) });
    const key = parseVerifierKey(String(json.witness_key));
    if (!key.ok) throw new Error('the answer has no verifier key');
    const line = String(json.cosignature).trimEnd();
    expect(verifyCosignature(line, 'whatever', key.key)).toEqual({ ok: false, fault: 'bad_signature' });
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

test('every fault of the table is named in the guide for PMS teams', () => {
  const guide = readFileSync(new URL('../../../docs/PMS.md', import.meta.url), 'utf8');
  expect(FAULT_NAMES.filter((name) => !guide.includes(`\`${name}\``))).toEqual([]);
});
