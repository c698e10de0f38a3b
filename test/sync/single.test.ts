/** `sync.profile: single`: what the answer to one record proves, and the stage against a PMS that knows no more. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { StoredRecord } from '../../src/buffer/api.ts';
import { buildSingle } from '../../src/sync/batch.ts';
import type { SyncOptions } from '../../src/sync/options.ts';
import type { Reply } from '../../src/sync/outcome.ts';
import { checkSingle, singleOutcomeOf } from '../../src/sync/single.ts';
import { MemoryBuffer } from '../harness/memory-buffer.ts';
import { MinimalPms } from '../harness/minimal-pms.ts';
import { Scene } from '../harness/scene.ts';
import { hasOpenssl, selfSigned } from '../harness/self-signed.ts';
import { makeSync } from './rig.ts';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.close());

const reply = (status: number, more: Partial<Extract<Reply, { kind: 'reply' }>> = {}): Reply => ({
  kind: 'reply',
  status,
  retryAfter: null,
  accepts: null,
  location: null,
  page: false,
  json: undefined,
  ...more,
});

describe('a reply', () => {
  test.each([200, 201, 202, 204, 409])('without a word is an answer: %i', (status) => {
    expect(singleOutcomeOf(reply(status), 0, 1000)).toEqual({ kind: 'answered', json: undefined });
  });

  test.each([
    ['a page', reply(200, { page: true }), { kind: 'failed', fault: 'not_json' }],
    ['from somebody between', reply(203), { kind: 'failed', fault: 'http_203' }],
    ['a redirect', reply(307), { kind: 'failed', fault: 'redirected' }],
    ['400', reply(400), { kind: 'refused' }],
    ['401', reply(401), { kind: 'unauthorised' }],
    ['nothing', { kind: 'fault', fault: 'timed_out' }, { kind: 'failed', fault: 'timed_out' }],
  ] as [string, Reply, object][])('is judged as in a batch: %s', (_name, given, expected) => {
    expect(singleOutcomeOf(given, 0, 1000)).toMatchObject(expected);
  });
});

describe('the answer to a record', () => {
  const buffer = new MemoryBuffer();
  const ordinary = buffer.add('IV');
  const two = buffer.add('II');
  const echo = (record: StoredRecord) => ({
    idempotency_key: record.idempotencyKey,
    payload_hash: record.payloadHash.toString('hex'),
  });
  const verification = {
    status: 'verified',
    payload_hash: two.payloadHash.toString('hex'),
    verifier_id: 'V-1',
    verified_at_utc: '2026-11-22T09:03:00Z',
  };
  /** What becomes of the record without and with `accept_unproved`. */
  const outcome = (record: StoredRecord, json: unknown) =>
    [false, true].map((accept) => {
      const { settlements, left } = checkSingle(buildSingle(record), json, new Set(), accept);
      const [settled] = settlements;
      return settled === undefined ? left[0]?.why : `${settled.to}${settled.unproved ? ' unproved' : ''}`;
    });

  test.each([
    ['nothing', ordinary, undefined, ['unproved', 'SYNCED unproved']],
    ['a bare yes', ordinary, { ok: true }, ['unproved', 'SYNCED unproved']],
    ['a list', ordinary, ['ok'], ['unproved', 'SYNCED unproved']],
    ['its key alone', ordinary, { idempotency_key: ordinary.idempotencyKey }, ['unproved', 'SYNCED unproved']],
    ['its key and hash', ordinary, echo(ordinary), ['SYNCED', 'SYNCED']],
    ['our result', ordinary, { results: [{ ...echo(ordinary), status: 'duplicate' }] }, ['SYNCED', 'SYNCED']],
    ['a no', ordinary, { ...echo(ordinary), status: 'rejected' }, ['REJECTED', 'REJECTED']],
    [
      'another key',
      ordinary,
      { ...echo(ordinary), idempotency_key: two.idempotencyKey },
      ['key_not_echoed', 'key_not_echoed'],
    ],
    [
      'another hash',
      ordinary,
      { ...echo(ordinary), payload_hash: '0'.repeat(64) },
      ['hash_not_echoed', 'hash_not_echoed'],
    ],
    ['Schedule II, its key and hash', two, echo(two), ['unverified', 'SYNCED unproved']],
    ['Schedule II, verified', two, { ...echo(two), verification }, ['SYNCED', 'SYNCED']],
    ['Schedule II, nothing', two, undefined, ['unproved', 'SYNCED unproved']],
  ] as [string, StoredRecord, unknown, string[]][])('%s', (_name, record, json, expected) => {
    expect(outcome(record, json)).toEqual(expected);
  });
});

const single: Partial<SyncOptions> = { profile: 'single' };

/** The stage before a minimal PMS, over TLS with `secure`. */
async function stage(options: Partial<SyncOptions>, secure = false) {
  const own = secure ? selfSigned(scene.folder(), 'pms') : null;
  const pms = await MinimalPms.start(scene, own);
  const buffer = new MemoryBuffer();
  const tls = own === null ? null : { ca: own.cert, cert: null, key: null };
  const { sync, told } = makeSync(scene, pms.url, buffer, { options: { ...single, tls, ...options } });
  return { pms, buffer, sync, told };
}

describe('the stage', () => {
  test('sends the stored bytes with the record’s key, one after the other, and names no key in the trail', async () => {
    const { pms, buffer, sync } = await stage({});
    const records = buffer.addMany(5);
    pms.reply = ({ key }) => {
      const record = records.find((one) => one.idempotencyKey === key);
      return {
        status: 200,
        type: 'application/json',
        body: JSON.stringify({ idempotency_key: key, payload_hash: record?.payloadHash.toString('hex') }),
      };
    };
    sync.start();
    await buffer.until(() => buffer.counts().SYNCED === 5);
    expect(pms.posted.map(({ key }) => key)).toEqual(records.map((record) => record.idempotencyKey));
    expect(pms.posted.map(({ body }) => body)).toEqual(records.map((record) => record.payload));
    expect(pms.posted[0]?.headers).toMatchObject({
      authorization: 'Bearer secret-token',
      'content-type': 'application/json',
    });
    expect(JSON.stringify(buffer.notes)).not.toContain(records[0]?.idempotencyKey);
    expect(sync.status()[0]?.unprovedTotal).toBe(0);
  });

  test('leaves every record on bare answers, again and again', async () => {
    const { pms, buffer, sync, told } = await stage({});
    buffer.addMany(3);
    sync.start();
    await buffer.until(() => buffer.notesOf('sync_answer').length >= 8);
    expect(buffer.counts()).toEqual({ PENDING: 3 });
    expect(pms.held.size).toBe(1);
    expect(told.deliveries).toEqual([]);
    expect(sync.status().some(({ lastFault }) => lastFault === 'no_receipt')).toBe(true);
  });

  test('settles nothing unproved over plain HTTP, whatever was asked for', async () => {
    const { buffer, sync } = await stage({ acceptUnproved: true });
    buffer.addMany(3);
    sync.start();
    await buffer.until(() => buffer.notesOf('sync_answer').length >= 8);
    expect(buffer.counts()).toEqual({ PENDING: 3 });
  });

  test('sets a record aside that is refused three times, drops its marker and goes on', async () => {
    const { pms, buffer, sync } = await stage({});
    const [, bad] = buffer.addMany(4);
    pms.reply = ({ key, body }) => {
      if (key === bad?.idempotencyKey) return { status: 422 };
      const record = buffer
        .readFrom('standard', 1, 10, 1e6)
        .entries.find((one) => 'payload' in one && one.payload.equals(body));
      return {
        status: 200,
        type: 'application/json',
        body: JSON.stringify({ idempotency_key: key, payload_hash: record?.payloadHash.toString('hex') }),
      };
    };
    sync.start();
    await buffer.until(() => buffer.counts().SYNCED === 3 && buffer.isNoted(2));
    expect(buffer.counts()).toEqual({ SYNCED: 3, SET_ASIDE: 1 });
    expect(pms.posted.filter(({ key }) => key === bad?.idempotencyKey)).toHaveLength(3);
    expect(pms.posted).toHaveLength(6);
  });

  test('waits with a record on which the PMS fails: it has no way to ask what is the matter', async () => {
    const { pms, buffer, sync } = await stage({ suspectAfterMs: 0 });
    buffer.addMany(2);
    pms.reply = () => ({ status: 500 });
    sync.start();
    await buffer.until(() => buffer.notesOf('sync_answer').length >= 30);
    expect(buffer.counts()).toEqual({ PENDING: 2 });
    expect(buffer.notesOf('sync_lookup')).toEqual([]);
  });
});

describe.skipIf(!hasOpenssl())('over verified TLS', () => {
  test('settles unproved ones where that is asked for, says so and counts them, Schedule II too', async () => {
    const { pms, buffer, sync } = await stage({ acceptUnproved: true }, true);
    buffer.addMany(2);
    buffer.add('II');
    sync.start();
    await buffer.until(() => buffer.counts().SYNCED === 3 && buffer.notesOf('sync_answer').length === 3);
    expect(pms.held.size).toBe(3);
    expect(buffer.settlementOf(1)).toMatchObject({ to: 'SYNCED', unproved: true });
    expect(sync.status().map(({ unprovedTotal, settledTotal }) => [unprovedTotal, settledTotal])).toEqual(
      expect.arrayContaining([
        [2, 2],
        [1, 1],
      ]),
    );
    expect(buffer.notesOf('sync_answer').every((note) => note.body.unproved === 1)).toBe(true);
  });

  test('takes no page and no redirect for a yes', async () => {
    const { pms, buffer, sync } = await stage({ acceptUnproved: true }, true);
    buffer.addMany(2);
    let times = 0;
    pms.reply = () => {
      times += 1;
      return times % 2 === 0 ? { status: 200, type: 'text/html', body: '<html>' } : { status: 302 };
    };
    sync.start();
    await buffer.until(() => buffer.notesOf('sync_answer').length >= 8);
    expect(buffer.counts()).toEqual({ PENDING: 2 });
  });

  test('does not take the word of a server without a trusted certificate', async () => {
    const { buffer, sync } = await stage({ acceptUnproved: true, tls: null }, true);
    buffer.addMany(2);
    sync.start();
    await buffer.until(() => buffer.notesOf('sync_answer').length >= 4);
    expect(buffer.counts()).toEqual({ PENDING: 2 });
  });
});
