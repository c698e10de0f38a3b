/**
 * A request as bytes. Payloads go in as they are stored: their hash was fixed at intake and nothing re-serialises them
 * (design: "these stored bytes are the bytes that are sent"). Pure.
 */

import { createHash, type Hash, hash } from 'node:crypto';
import { toUtcText } from '../base/clock.ts';
import type { GapMarker, StoredRecord, StreamEntry } from '../buffer/api.ts';
import { sequenceId } from '../record/lane-wire.ts';
import type { Stream } from '../record/types.ts';
import { isGap } from './ports.ts';
import type { Shown } from './witness.ts';

/** What is the same for all entries of a batch. */
export interface BatchHead {
  readonly gatewayId: string;
  readonly epoch: string;
  readonly stream: Stream;
  /** What is shown of the stream's trail. */
  readonly shown: Shown;
}

export interface Batch {
  readonly entries: readonly StreamEntry[];
  /** Stream numbers; entry i has `first + i`. */
  readonly first: number;
  readonly last: number;
  /** JSON, UTF-8, before compression. */
  readonly body: Buffer;
  /** `X-Idempotency-Key`: hex SHA-256 of `body`, so the same bytes always have the same key; in `single` the record's. */
  readonly key: string;
  /** Names the request in the trail, where no lane's key may stand: hex SHA-256 of `body`. */
  readonly digest: string;
  /** The record whose marker the only entry is, sent to see whether the PMS takes that instead; null in all others. */
  readonly trial: StoredRecord | null;
  readonly shown: Shown;
}

/** Bytes around the entries: names, epoch and numbers, generously. */
const HEAD_RESERVE_BYTES = 1024;

/** Takes entries one by one, so that a large batch can be made in slices. */
export class BatchBuilder {
  readonly #head: BatchHead;
  readonly #limit: number;
  readonly #maxBodyBytes: number;
  readonly #entries: StreamEntry[] = [];
  readonly #parts: Buffer[] = [];
  readonly #hash: Hash = createHash('sha256');
  #first = 0;
  #bytes: number;

  /** At most `limit` entries and `maxBodyBytes` bytes; but always at least one entry. */
  constructor(head: BatchHead, limit: number, maxBodyBytes: number) {
    this.#head = head;
    this.#limit = limit;
    this.#maxBodyBytes = maxBodyBytes;
    this.#bytes = HEAD_RESERVE_BYTES + JSON.stringify(head.shown).length;
  }

  get count(): number {
    return this.#entries.length;
  }

  /** Stream number that the next entry must have; null before the first. */
  get next(): number | null {
    return this.#entries.length === 0 ? null : this.#first + this.#entries.length;
  }

  /** False when the entry does not go in: a hole in the numbers, or no room for it. The batch ends there. */
  add(entry: StreamEntry): boolean {
    const empty = this.#entries.length === 0;
    if (empty) this.#first = entry.streamSequence;
    if (this.#entries.length >= this.#limit || entry.streamSequence !== this.#first + this.#entries.length)
      return false;
    const rendered = renderEntry(this.#head, entry);
    this.#bytes += rendered.length + 1;
    if (!empty && this.#bytes > this.#maxBodyBytes) return false;
    this.#push(empty ? Buffer.from(openingOf(this.#head, this.#first)) : COMMA);
    this.#push(rendered);
    this.#entries.push(entry);
    return true;
  }

  /** The batch, null when nothing was added; the builder is used up. */
  finish(): Batch | null {
    if (this.#entries.length === 0) return null;
    this.#push(CLOSING);
    const digest = this.#hash.digest('hex');
    return {
      entries: this.#entries,
      first: this.#first,
      last: this.#first + this.#entries.length - 1,
      body: Buffer.concat(this.#parts),
      key: digest,
      digest,
      trial: null,
      shown: this.#head.shown,
    };
  }

  #push(part: Buffer): void {
    this.#parts.push(part);
    this.#hash.update(part);
  }
}

/** The longest batch that starts with the first entry and keeps the builder's limits. Null for no entries. */
export function buildBatch(
  head: BatchHead,
  entries: readonly StreamEntry[],
  limit: number,
  maxBodyBytes: number,
): Batch | null {
  const builder = new BatchBuilder(head, limit, maxBodyBytes);
  for (const entry of entries) if (!builder.add(entry)) break;
  return builder.finish();
}

/** The marker of a record under suspicion, alone, to see whether the PMS takes it in the record's place. */
export function buildTrial(head: BatchHead, record: StoredRecord): Batch | null {
  const { sequence, streamSequence, payloadHash } = record;
  const marker: GapMarker = { gap: 'set_aside', sequence, streamSequence, payloadHash };
  const batch = buildBatch(head, [marker], 1, 0);
  return batch === null ? null : { ...batch, trial: record };
}

/** `sync.profile: single`: the stored bytes of one record are the whole body, and its own key is the request's. */
export function buildSingle(record: StoredRecord): Batch {
  const { payload: body, streamSequence, idempotencyKey: key } = record;
  const digest = hash('sha256', body, 'hex');
  const place = { entries: [record], first: streamSequence, last: streamSequence };
  return { ...place, body, key, digest, trial: null, shown: NOTHING_SHOWN };
}

const NOTHING_SHOWN: Shown = { checkpoint: null, witness: null };
const COMMA = Buffer.from(',');
const CLOSING = Buffer.from(']}');
const CLOSE_RECORD = Buffer.from('}');

function openingOf(head: BatchHead, first: number): string {
  const opening = {
    gateway_id: head.gatewayId,
    epoch: head.epoch,
    stream: head.stream,
    first_sequence: first,
    checkpoint: head.shown.checkpoint,
    ...(head.shown.witness === null ? {} : { witness: head.shown.witness }),
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
