/**
 * A batch as bytes. Payloads go in as they are stored: their hash was fixed at intake and nothing re-serialises them
 * (design: "these stored bytes are the bytes that are sent"). Pure.
 */

import { hash } from 'node:crypto';
import { toUtcText } from '../base/clock.ts';
import type { StoredRecord, StreamEntry } from '../buffer/api.ts';
import { sequenceId } from '../record/lane-wire.ts';
import type { Stream } from '../record/types.ts';
import { isGap } from './ports.ts';

/** What is the same for all entries of a batch. */
export interface BatchHead {
  readonly gatewayId: string;
  readonly epoch: string;
  readonly stream: Stream;
  readonly checkpoint: string | null;
}

export interface Batch {
  readonly entries: readonly StreamEntry[];
  /** Stream numbers; entry i has `first + i`. */
  readonly first: number;
  readonly last: number;
  /** JSON, UTF-8, before compression. */
  readonly body: Buffer;
  /** `X-Idempotency-Key`: hex SHA-256 of `body`, so the same bytes always have the same key. */
  readonly key: string;
}

/** Bytes around the entries: names, epoch, numbers and a checkpoint, generously. */
const HEAD_RESERVE_BYTES = 1024;

/**
 * The longest batch that starts with the first entry, has no hole in its stream numbers, at most `limit` entries and at
 * most `maxBodyBytes` bytes; but always at least one entry. Null for no entries.
 */
export function buildBatch(
  head: BatchHead,
  entries: readonly StreamEntry[],
  limit: number,
  maxBodyBytes: number,
): Batch | null {
  const first = entries[0]?.streamSequence;
  if (first === undefined) return null;
  const taken: StreamEntry[] = [];
  const parts: Buffer[] = [];
  let bytes = HEAD_RESERVE_BYTES + (head.checkpoint?.length ?? 0);
  for (const entry of entries) {
    if (taken.length >= limit || entry.streamSequence !== first + taken.length) break;
    const rendered = renderEntry(head, entry);
    bytes += rendered.length + 1;
    if (taken.length > 0 && bytes > maxBodyBytes) break;
    if (taken.length > 0) parts.push(COMMA);
    parts.push(rendered);
    taken.push(entry);
  }
  const body = Buffer.concat([Buffer.from(openingOf(head, first)), ...parts, CLOSING]);
  return { entries: taken, first, last: first + taken.length - 1, body, key: hash('sha256', body, 'hex') };
}

const COMMA = Buffer.from(',');
const CLOSING = Buffer.from(']}');
const CLOSE_RECORD = Buffer.from('}');

function openingOf(head: BatchHead, first: number): string {
  const opening = {
    gateway_id: head.gatewayId,
    epoch: head.epoch,
    stream: head.stream,
    first_sequence: first,
    checkpoint: head.checkpoint,
  };
  return `${JSON.stringify(opening).slice(0, -1)},"records":[`;
}

function renderEntry(head: BatchHead, entry: StreamEntry): Buffer {
  if (isGap(entry)) {
    const { streamSequence, sequence, payloadHash, gap } = entry;
    return Buffer.from(
      JSON.stringify({ stream_sequence: streamSequence, sequence, payload_hash: payloadHash.toString('hex'), gap }),
    );
  }
  const opening = `${JSON.stringify(envelopeOf(head, entry)).slice(0, -1)},"payload":`;
  return Buffer.concat([Buffer.from(opening), entry.payload, CLOSE_RECORD]);
}

function envelopeOf(head: BatchHead, record: StoredRecord) {
  return {
    stream_sequence: record.streamSequence,
    sequence: record.sequence,
    sequence_id: sequenceId(head.gatewayId, head.epoch, record.sequence),
    idempotency_key: record.idempotencyKey,
    lane: record.lane,
    lane_hash: record.laneHash.toString('hex'),
    payload_hash: record.payloadHash.toString('hex'),
    schedule: record.schedule,
    received_at_utc: toUtcText(record.receivedAtMs),
    flags: record.flags,
    ...(record.schedule === 'II' ? { dual_verification: true } : {}),
  };
}
