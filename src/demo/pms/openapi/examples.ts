/**
 * Example bodies of the contract: one small story, the same at every run. The hashes are true, so that whoever computes
 * them from the payloads shown can compare.
 */
import { createPrivateKey, hash, type KeyObject } from 'node:crypto';
import type { GapMarker, SyncRecord, SyncRequest, SyncResult } from '../../../record/wire.ts';
import { cosigner } from '../../../tlog/cosignature.ts';
import { parseNote } from '../../../tlog/note.ts';
import { hashOf, SampleStream } from '../check/sample.ts';
import { SampleLog } from '../check/sample-log.ts';

const NOW_MS = Date.UTC(2026, 10, 22, 9, 3);
const NOW = '2026-11-22T09:03:00.000Z';
const EPOCH = '5e1f09ac';
const stream = new SampleStream('gw-0042', NOW_MS, EPOCH);

const standard = stream.record(7, 'IV', '8c0d6e5e-2f64-4a41-9c1f-51b7a3f3a007');
const gap: GapMarker = { stream_sequence: 8, sequence: 8, payload_hash: hashOf('a lost record'), gap: 'quarantined' };
const two = stream.record(3, 'II', '8c0d6e5e-2f64-4a41-9c1f-51b7a3f3a003');

const echo = ({ stream_sequence, idempotency_key, payload_hash }: SyncRecord) => ({
  stream_sequence,
  idempotency_key,
  payload_hash,
});
const verification = {
  status: 'verified',
  payload_hash: two.payload_hash,
  verifier_id: 'rph-17',
  verified_at_utc: NOW,
} as const;
const accepted: SyncResult = { ...echo(standard), status: 'accepted', pms_id: 'pms-000000000107' };
const noted: SyncResult = { stream_sequence: 8, payload_hash: gap.payload_hash, status: 'noted' };
const where = { gateway_id: 'gw-0042', epoch: EPOCH, stream: 'schedule_two', stream_sequence: 3 } as const;
const held = { idempotency_key: two.idempotency_key, payload_hash: two.payload_hash, pms_id: 'pms-000000000103' };

/** A key that is the same at every run. */
function exampleKey(of: string): KeyObject {
  const head = Buffer.from('302e020100300506032b657004220420', 'hex');
  return createPrivateKey({
    format: 'der',
    type: 'pkcs8',
    key: Buffer.concat([head, hash('sha256', `example key of the ${of}`, 'buffer')]),
  });
}

const log = new SampleLog({ gatewayId: 'gw-0042', epoch: EPOCH }, 12, '', exampleKey('gateway'));
const cosigned = log.show(9, 0);
const shown = log.show(12, 9);
const pmsCosigner = cosigner('pms.example', exampleKey('PMS'));
const cosignature = () => {
  const note = parseNote(shown.checkpoint);
  if (!note.ok) throw new Error('the example is no note');
  return `${pmsCosigner.cosign(note.note.text, NOW_MS / 1000)}\n`;
};

/** An OpenAPI Example Object. */
export interface Example {
  readonly summary: string;
  readonly value: unknown;
}

const batch = (entries: readonly (SyncRecord | GapMarker)[], schedule: 'NONE' | 'II'): SyncRequest => ({
  ...stream.batch(entries, schedule),
  checkpoint: null,
});

export const PING_EXAMPLES: Record<string, Example> = {
  alive: { summary: 'The PMS is there.', value: { status: 'ok', time_utc: NOW } },
};

export const SYNC_REQUEST_EXAMPLES: Record<string, Example> = {
  standard: { summary: 'A record and a gap marker of the standard stream.', value: batch([standard, gap], 'NONE') },
  schedule_two: { summary: 'A Schedule II record.', value: batch([two], 'II') },
  checkpoint: {
    summary: 'The same with a checkpoint to cosign: 9 entries were cosigned before, now there are 12.',
    value: { ...batch([standard, gap], 'NONE'), ...shown },
  },
};

export const SYNC_RESPONSE_EXAMPLES: Record<string, Example> = {
  standard: { summary: 'Both entries are taken.', value: { results: [accepted, noted], cosignature: null } },
  cosigned: {
    summary: 'The checkpoint that came along is cosigned.',
    value: { results: [accepted, noted], cosignature: cosignature(), witness_key: pmsCosigner.key.text },
  },
  not_cosigned: {
    summary: 'The records are taken; the checkpoint came with a proof from another size than the one cosigned last.',
    value: {
      results: [accepted, noted],
      witness_error: { code: 'stale', size: 9, checkpoint: cosigned.checkpoint },
    },
  },
  repeated: {
    summary: 'The record was there already; the marker is noted as often as it comes.',
    value: { results: [{ ...accepted, status: 'duplicate' }, noted] },
  },
  rejected: {
    summary: 'A checked no. The number is used up; the entry behind it is taken.',
    value: { results: [{ ...echo(standard), status: 'rejected', reason: 'unknown_schedule' }, noted] },
  },
  hash_mismatch: {
    summary: 'The payload is not the one of its hash. The number stays free, so entries behind it have no result.',
    value: { results: [{ ...echo(standard), status: 'hash_mismatch', computed_hash: hashOf('damaged') }] },
  },
  verified: {
    summary: 'A Schedule II record, verified at once.',
    value: { results: [{ ...echo(two), status: 'accepted', pms_id: 'pms-000000000103', verification }] },
  },
  verify_later: {
    summary: 'A Schedule II record whose second verification takes its time.',
    value: { results: [{ ...echo(two), status: 'pending_verification', pms_id: 'pms-000000000103' }] },
  },
};

export const CONFLICT_EXAMPLES: Record<string, Example> = {
  ahead: { summary: 'Entries are missing before these.', value: { expected_sequence: 4, reason: 'ahead_of_stream' } },
};

export const LOOKUP_REQUEST_EXAMPLES: Record<string, Example> = {
  one_gateway: { summary: 'As gateways ask.', value: { gateway_id: 'gw-0042', keys: [two.idempotency_key] } },
};

export const LOOKUP_RESPONSE_EXAMPLES: Record<string, Example> = {
  waiting: {
    summary: 'Still being verified.',
    value: { results: [{ ...held, ...where, status: 'pending_verification' }] },
  },
  verified: { summary: 'Verified.', value: { results: [{ ...held, ...where, status: 'accepted', verification }] } },
  declined: {
    summary: 'The second verification ended in a no.',
    value: { results: [{ ...held, ...where, status: 'declined', reason: 'verification_declined' }] },
  },
  unknown: {
    summary: 'Nothing is held under this key.',
    value: { results: [{ idempotency_key: two.idempotency_key, status: 'unknown' }] },
  },
};

/** An example of a refusal with this code. */
export function errorExample(error: string, detail: string): Record<string, Example> {
  return { [error]: { summary: 'As the reference PMS says it.', value: { error, detail } } };
}
