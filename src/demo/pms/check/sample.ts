/** Records made up for checking a PMS: of no patient, no prescription and no real product. */
import { hash, randomBytes, randomUUID } from 'node:crypto';
import canonicalize from 'canonicalize';
import { toUtcText } from '../../../base/clock.ts';
import { sequenceId } from '../../../record/lane-wire.ts';
import type { Schedule, Stream } from '../../../record/types.ts';
import { streamOf } from '../../../record/types.ts';
import type { GapMarker, SyncRecord, SyncRequest } from '../../../record/wire.ts';

/** One stream of one epoch of the checking gateway, numbering its entries from 1. */
export class SampleStream {
  readonly gatewayId: string;
  readonly epoch: string;
  readonly #nowMs: number;

  /** Without an epoch a new random one, so that a check's streams meet nothing left by another. */
  constructor(gatewayId: string, nowMs: number, epoch: string = randomBytes(4).toString('hex')) {
    this.gatewayId = gatewayId;
    this.epoch = epoch;
    this.#nowMs = nowMs;
  }

  /** A proper record with this number in its stream. */
  record(number: number, schedule: Schedule, key: string = `check-${randomUUID()}`): SyncRecord {
    const time = toUtcText(this.#nowMs);
    const payload = {
      idempotency_key: key,
      ndc: '00000000000',
      quantity: 1,
      schedule,
      prescription_id: 'CHECK-ONLY',
      pharmacist_npi: '1234567893',
      dispensed_at_utc: time,
    };
    const payloadHash = hashOf(payload);
    return {
      stream_sequence: number,
      sequence: number,
      sequence_id: sequenceId(this.gatewayId, this.epoch, number),
      idempotency_key: key,
      lane: 'check',
      lane_hash: payloadHash,
      payload_hash: payloadHash,
      schedule,
      received_at_utc: time,
      flags: [],
      ...(schedule === 'II' ? { dual_verification: true } : {}),
      payload,
    };
  }

  gap(number: number): GapMarker {
    return { stream_sequence: number, sequence: number, payload_hash: hashOf(randomUUID()), gap: 'set_aside' };
  }

  /** The batch of these entries; its stream follows from the first record's schedule unless named. */
  batch(entries: readonly (SyncRecord | GapMarker)[], schedule: Schedule = 'NONE'): SyncRequest {
    const stream: Stream = streamOf(schedule);
    const first_sequence = entries[0]?.stream_sequence ?? 1;
    return { gateway_id: this.gatewayId, epoch: this.epoch, stream, first_sequence, records: [...entries] };
  }
}

/** SHA-256 of the RFC 8785 form, hex. */
export function hashOf(value: unknown): string {
  return hash('sha256', canonicalize(value) ?? '', 'hex');
}
