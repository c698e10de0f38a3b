import { describe, expect, test } from 'vitest';
import { LookupRequest } from '../../src/record/wire.ts';
import { checkLookup, lookupBody } from '../../src/sync/lookup.ts';
import { subjectOf } from '../../src/sync/verdict.ts';
import { MemoryBuffer } from '../harness/memory-buffer.ts';

const records = new MemoryBuffer().addMany(3);
const subjects = records.map(subjectOf);
const word = (index: number, more: Record<string, unknown> = {}) => ({
  idempotency_key: records[index]?.idempotencyKey,
  payload_hash: records[index]?.payloadHash.toString('hex'),
  status: 'accepted',
  ...more,
});
const check = (results: unknown) => checkLookup(subjects, { results }, 'gw-0042');

test('the request names the gateway and the keys', () => {
  expect(LookupRequest.parse(JSON.parse(lookupBody('gw-0042', subjects).toString('utf8')))).toEqual({
    gateway_id: 'gw-0042',
    keys: records.map((record) => record.idempotencyKey),
  });
});

describe('the answer', () => {
  test('is none without results', () => {
    for (const json of [null, [], 'ok', {}, { results: 1 }]) expect(checkLookup(subjects, json, 'gw-0042')).toBeNull();
  });

  test('sorts every record into settled, unknown or left', () => {
    const results = [word(0), { idempotency_key: records[1]?.idempotencyKey, status: 'unknown' }];
    expect(check(results)).toMatchObject({ settlements: [{ sequence: 1, to: 'SYNCED' }], unknown: [2], left: [3] });
  });

  test('counts only words about our own gateway', () => {
    expect(check([word(0, { gateway_id: 'gw-9999' })])?.settlements).toEqual([]);
    expect(check([word(0, { gateway_id: 'gw-0042' })])?.settlements).toHaveLength(1);
  });

  test('needs several words about one key to agree', () => {
    expect(check([word(0, { epoch: '00000001' }), word(0, { epoch: '00000002' })])?.settlements).toHaveLength(1);
    expect(check([word(0), word(0, { status: 'rejected' })])?.settlements).toEqual([]);
  });

  test('is not spoilt by an element that makes no sense', () => {
    expect(check([null, 7, { status: 'accepted' }, word(2)])?.settlements).toMatchObject([{ sequence: 3 }]);
  });
});
