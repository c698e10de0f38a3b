/** Faults of single records and results: wrong opinions, and true ones told wrongly. */
import type { LookupResult, SyncResult } from '../../record/wire.ts';
import { otherHash } from './batch.ts';
import type { FaultHooks, FaultSetting, FaultSpec } from './fault-hooks.ts';
import { isNth } from './faults-batch.ts';

/** Changes, leaves out or adds to single results after they were stored. */
const eachResult = (change: (result: SyncResult) => readonly object[]) => {
  return ({ happens }: FaultSetting): FaultHooks => ({
    // What a faulty PMS writes need not be of the wire format.
    onResults: (results) => results.flatMap((result) => (happens() ? change(result) : [result])) as SyncResult[],
  });
};

const later =
  (decision: 'verified' | 'declined' | null) =>
  (setting: FaultSetting): FaultHooks => ({
    onRecord: (record) => {
      if (record.schedule !== 'II' || !setting.happens()) return null;
      return { whim: 'verify_later', lookups: decision === null ? null : (setting.argument ?? 1), decision };
    },
  });

function mismatchOnce({ argument, happens }: FaultSetting): FaultHooks {
  const met = new Set<string>();
  return {
    onRecord(record) {
      const chosen = argument === null ? met.size === 0 : isNth(record, argument) && !met.has(record.sequence_id);
      if (!chosen || !happens()) return null;
      met.add(record.sequence_id);
      return { whim: 'hash_mismatch' };
    },
  };
}

function verifiedAnother(result: SyncResult): SyncResult {
  const { verification } = result;
  if (verification == null) return result;
  return { ...result, verification: { ...verification, payload_hash: otherHash(result.payload_hash) } };
}

function withOtherHash(result: LookupResult): LookupResult {
  return result.payload_hash == null ? result : { ...result, payload_hash: otherHash(result.payload_hash) };
}

/** The same entry with the opposite word. */
function contradicted(result: SyncResult): SyncResult {
  return { ...result, status: result.status === 'rejected' ? 'accepted' : 'rejected', reason: 'fault_injected' };
}

export const RECORD_FAULTS = {
  reject_every_nth: {
    argument: 'n, 2',
    does: 'rejects every nth record of a stream',
    hooks: ({ argument, happens }) => ({
      onRecord: (record) => (isNth(record, argument) && happens() ? { whim: 'rejected' } : null),
    }),
  },
  hash_mismatch: {
    argument: 'n, 1',
    does: 'finds every nth record of a stream damaged, however often it comes',
    hooks: ({ argument, happens }) => ({
      onRecord: (record) => (isNth(record, argument ?? 1) && happens() ? { whim: 'hash_mismatch' } : null),
    }),
  },
  hash_mismatch_once: {
    argument: 'n, only the first record met',
    does: 'finds every nth record of a stream damaged the first time it comes',
    hooks: mismatchOnce,
  },
  pending_verification: {
    argument: 'look-ups until verified, 1',
    does: 'verifies Schedule II records later',
    hooks: later('verified'),
  },
  pending_declined: {
    argument: 'look-ups until declined, 1',
    does: 'declines Schedule II records later',
    hooks: later('declined'),
  },
  pending_for_ever: { argument: null, does: 'never ends the verification of Schedule II records', hooks: later(null) },
  no_verification: {
    argument: null,
    does: 'accepts Schedule II records without saying that they were verified',
    hooks: eachResult(({ verification: _verification, ...result }) => [result]),
  },
  verification_other_hash: {
    argument: null,
    does: 'accepts Schedule II records with the verification of another hash',
    hooks: eachResult((result) => [verifiedAnother(result)]),
  },
  missing_results: { argument: null, does: 'stores, but leaves results out', hooks: eachResult(() => []) },
  wrong_echo: {
    argument: null,
    does: 'stores, but echoes another hash',
    hooks: eachResult((result) => [{ ...result, payload_hash: otherHash(result.payload_hash) }]),
  },
  wrong_key_echo: {
    argument: null,
    does: 'stores, but echoes another key',
    hooks: eachResult((result) => [{ ...result, idempotency_key: 'another-key' }]),
  },
  missing_echo: {
    argument: null,
    does: 'stores, but echoes neither key nor hash',
    hooks: eachResult(({ idempotency_key: _key, payload_hash: _hash, ...result }) => [result]),
  },
  duplicated_results: {
    argument: null,
    does: 'stores, but gives each result twice',
    hooks: eachResult((result) => [result, result]),
  },
  contradictory_results: {
    argument: null,
    does: 'stores, but gives each result with its opposite',
    hooks: eachResult((result) => [result, contradicted(result)]),
  },
  foreign_results: {
    argument: null,
    does: 'stores, but gives results of another batch',
    hooks: eachResult((result) => [{ ...result, stream_sequence: result.stream_sequence + 1_000_000 }]),
  },
  reordered_results: {
    argument: null,
    does: 'stores, but gives the results in reverse order',
    hooks: ({ happens }) => ({ onResults: (results) => (happens() ? results.toReversed() : results) }),
  },
  lookup_unknown: {
    argument: null,
    does: 'says unknown to every look-up',
    hooks: ({ happens }) => ({
      onLookup: (results) =>
        happens() ? results.map(({ idempotency_key }) => ({ idempotency_key, status: 'unknown' })) : results,
    }),
  },
  lookup_wrong_echo: {
    argument: null,
    does: 'echoes another hash in look-ups',
    hooks: ({ happens }) => ({
      onLookup: (results) => results.map((result) => (happens() ? withOtherHash(result) : result)),
    }),
  },
} as const satisfies Record<string, FaultSpec>;
