import { describe, expect, test } from 'vitest';
import {
  ConflictResponse,
  contentDigestOf,
  isGapMarker,
  LookupRequest,
  LookupResponse,
  PingResponse,
  SyncRequest,
  SyncResponse,
  SyncResponseEnvelope,
  SyncResult,
} from '../../src/record/wire.ts';

const HASH = 'a1'.repeat(32);
const RECORD = {
  stream_sequence: 7,
  sequence: 9,
  sequence_id: 'gw-0042-0badcafe-000000000009',
  idempotency_key: '8c0d6e5e-0001',
  lane: 'till-1',
  lane_hash: HASH,
  payload_hash: HASH,
  schedule: 'II',
  received_at_utc: '2026-11-22T09:03:00.000Z',
  flags: ['npi_invalid'],
  dual_verification: true,
  payload: { idempotency_key: '8c0d6e5e-0001' },
};
const GAP = { stream_sequence: 8, sequence: 10, payload_hash: HASH, gap: 'quarantined' };
const REQUEST = {
  gateway_id: 'gw-0042',
  epoch: '0badcafe',
  stream: 'schedule_two',
  first_sequence: 7,
  checkpoint: null,
  records: [RECORD, GAP],
};
const RESULT = { stream_sequence: 7, idempotency_key: '8c0d6e5e-0001', payload_hash: HASH, status: 'accepted' };

describe('a request', () => {
  test('holds records and gap markers, and each is told apart', () => {
    const { records } = SyncRequest.parse(REQUEST);
    expect(records.map(isGapMarker)).toEqual([false, true]);
  });

  test('keeps members it does not know', () => {
    expect(SyncRequest.parse({ ...REQUEST, later: 1, records: [{ ...RECORD, later: 2 }] })).toMatchObject({
      later: 1,
      records: [{ later: 2 }],
    });
  });

  const wrong: [string, object][] = [
    ['upper-case epoch', { epoch: '0BADCAFE' }],
    ['number as text', { first_sequence: '7' }],
    ['number not exact', { first_sequence: 2 ** 53 }],
    ['gap of another kind', { records: [{ ...GAP, gap: 'lost' }] }],
    ['hash in base64', { records: [{ ...RECORD, payload_hash: 'oaGhoaGhoaGhoaGhoaGhoaGhoaGhoaGhoaGhoaGhoaE=' }] }],
    ['key with a space', { records: [{ ...RECORD, idempotency_key: 'till 1 000001' }] }],
    ['local time', { records: [{ ...RECORD, received_at_utc: '2026-11-22T09:03:00+01:00' }] }],
    ['payload that is no object', { records: [{ ...RECORD, payload: 'text' }] }],
  ];
  test.each(wrong)('with a %s is refused', (_what, change) => {
    expect(SyncRequest.safeParse({ ...REQUEST, ...change }).success).toBe(false);
  });

  test('takes a schedule it does not know, so that the record can be rejected and not its batch', () => {
    expect(SyncRequest.safeParse({ ...REQUEST, records: [{ ...RECORD, schedule: 'VI' }] }).success).toBe(true);
  });
});

describe('an answer', () => {
  test('is worth nothing without key, hash or a known status', () => {
    expect(SyncResult.safeParse(RESULT).success).toBe(true);
    for (const change of [
      { payload_hash: undefined },
      { payload_hash: 'ok' },
      { status: 'ok' },
      { status: undefined },
    ]) {
      expect(SyncResult.safeParse({ ...RESULT, ...change }).success).toBe(false);
    }
    for (const body of [{}, [], null, 'ok', { results: {} }]) {
      expect(SyncResponse.safeParse(body).success).toBe(false);
      expect(SyncResponseEnvelope.safeParse(body).success).toBe(false);
    }
  });

  test('with one senseless element is still an envelope of the others', () => {
    const mixed = { results: [RESULT, { status: 'accepted' }], cosignature: null };
    expect(SyncResponse.safeParse(mixed).success).toBe(false);
    expect(SyncResponseEnvelope.parse(mixed).results).toHaveLength(2);
  });

  test('may be a conflict, a look-up or a ping', () => {
    expect(ConflictResponse.safeParse({ expected_sequence: 3 }).success).toBe(true);
    expect(ConflictResponse.safeParse({ expected_sequence: 0 }).success).toBe(false);
    expect(
      LookupResponse.safeParse({ results: [{ idempotency_key: 'till-1-000001', status: 'unknown' }] }).success,
    ).toBe(true);
    expect(LookupRequest.safeParse({ keys: [] }).success).toBe(false);
    expect(PingResponse.safeParse({ status: 'ok', time_utc: '2026-11-22T09:00:00Z' }).success).toBe(true);
    expect(PingResponse.safeParse({ status: 'ok' }).success).toBe(false);
  });
});

test('Content-Digest is the one RFC 9530 gives for this body', () => {
  const bytes = Buffer.from('{"hello": "world"}\n');
  expect(contentDigestOf(bytes)).toBe('sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:');
});
