import { describe, expect, test } from 'vitest';
import { LookupResult } from '../../src/record/wire.ts';
import { lookupVerdictOn, safeReason, subjectOf } from '../../src/sync/verdict.ts';
import { MemoryBuffer } from '../harness/memory-buffer.ts';

describe('a reason the PMS gives', () => {
  const payload = Buffer.from(
    JSON.stringify({
      prescription_id: 'RX-1001',
      patient_ref: 'pat-77',
      signatures: [{ signer: 'someone' }],
      kind: 'II',
    }),
  );

  test('is kept when it says nothing of the record', () => {
    expect(safeReason('key_conflict', payload)).toBe('key_conflict');
    expect(safeReason('', payload)).toBeNull();
    expect(safeReason(undefined, payload)).toBeNull();
  });

  test.each(['unknown prescription RX-1001', 'rx-1001', 'patient PAT-77 is gone', 'signed by someone else'])(
    'is withheld when it repeats the record: %s',
    (reason) => {
      expect(safeReason(reason, payload)).toBe('reason withheld: it repeats record data');
    },
  );

  test('is withheld also when the repeated text stands beyond what would be kept', () => {
    expect(safeReason(`${'x'.repeat(240)} RX-1001`, payload)).toMatch(/withheld/);
  });

  test('becomes printable and short', () => {
    expect(safeReason('bad\n\u0007é', payload)).toBe('bad???');
    expect(safeReason('x'.repeat(1000), payload)).toHaveLength(200);
  });
});

describe('a look-up word', () => {
  const record = new MemoryBuffer().add('II');
  const subject = subjectOf(record);
  const hash = record.payloadHash.toString('hex');
  const verification = {
    status: 'verified',
    payload_hash: hash,
    verifier_id: 'V-1',
    verified_at_utc: '2026-11-22T09:03:00Z',
  };
  const word = (more: Record<string, unknown>) =>
    lookupVerdictOn(
      subject,
      LookupResult.parse({ idempotency_key: record.idempotencyKey, payload_hash: hash, status: 'accepted', ...more }),
    );

  test('names that repeat the record are withheld', () => {
    const key = record.idempotencyKey;
    const named = word({ pms_id: `pms-${key}`, verification: { ...verification, verifier_id: key.toUpperCase() } });
    expect(named).toMatchObject({ settle: { pmsId: 'withheld', verification: { verifierId: 'withheld' } } });
    expect(word({ pms_id: 'pms-17', verification })).toMatchObject({ settle: { pmsId: 'pms-17' } });
    const poll = lookupVerdictOn(
      {
        sequence: subject.sequence,
        idempotencyKey: key,
        payloadHash: subject.payloadHash,
        mustBeVerified: subject.mustBeVerified,
      },
      LookupResult.parse({ idempotency_key: key, payload_hash: hash, status: 'accepted', pms_id: key, verification }),
    );
    expect(poll).toMatchObject({ settle: { pmsId: 'withheld', verification: { verifierId: 'V-1' } } });
  });

  test('settles by key, hash and verification', () => {
    expect(word({ verification })).toMatchObject({ settle: { to: 'SYNCED', verification: { verifierId: 'V-1' } } });
    expect(word({ status: 'declined' })).toMatchObject({ settle: { to: 'REJECTED', reason: 'declined' } });
    expect(word({ status: 'rejected' })).toMatchObject({ settle: { to: 'REJECTED' } });
    expect(word({ status: 'pending_verification' })).toMatchObject({ settle: { to: 'AWAITING_VERIFICATION' } });
  });

  test('leaves what it does not prove', () => {
    expect(word({})).toEqual({ left: 'unverified' });
    expect(word({ verification: { ...verification, payload_hash: '0'.repeat(64) } })).toEqual({ left: 'unverified' });
    expect(word({ payload_hash: '0'.repeat(64), verification })).toEqual({ left: 'hash_not_echoed' });
    expect(word({ payload_hash: undefined, verification })).toEqual({ left: 'hash_not_echoed' });
    expect(word({ idempotency_key: 'key-99999999', verification })).toEqual({ left: 'key_not_echoed' });
    expect(word({ status: 'unknown', payload_hash: undefined })).toEqual({ left: 'not_known' });
  });
});
