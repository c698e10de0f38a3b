/**
 * The product's own stream under simulated time: its state, back-off, breaker and reading of `Retry-After` are those of
 * `src/sync`, called as its loop calls them. Only what touches disk and network is left out.
 */
import type { Random } from '../../src/base/clock.ts';
import type { StoredRecord } from '../../src/buffer/api.ts';
import { cutShort } from '../../src/sync/backoff.ts';
import type { Batch } from '../../src/sync/batch.ts';
import { SYNC_DEFAULTS } from '../../src/sync/options.ts';
import { outcomeOf, type Reply } from '../../src/sync/outcome.ts';
import {
  afterAnswer,
  afterOutcome,
  entryLimit,
  type Round,
  type StateOptions,
  type StreamState,
  startState,
} from '../../src/sync/stream-state.ts';
import type { Client } from './client.ts';

const NO_HASH = Buffer.alloc(32);
const RECORD: StoredRecord = {
  sequence: 1,
  idempotencyKey: 'simulated',
  streamSequence: 1,
  state: 'PENDING',
  lane: 'lane-1',
  laneHash: NO_HASH,
  payloadHash: NO_HASH,
  schedule: 'NONE',
  receivedAtMs: 0,
  flags: [],
  payload: NO_HASH,
};
/** Batches of each length, made once: the state looks at their entries, and there are hundreds of thousands of batches. */
const batches = new Map<number, Batch>();

function batchOf(records: number): Batch {
  const known = batches.get(records);
  if (known !== undefined) return known;
  const entries = Array.from({ length: records }, () => RECORD);
  const made: Batch = { entries, first: 1, last: records, body: NO_HASH, key: 'simulated' };
  batches.set(records, made);
  return made;
}

export class ProductClient implements Client {
  readonly #options: StateOptions;
  readonly #random: Random;
  #state: StreamState;
  #shorten = false;

  constructor(batchSize: number, random: Random) {
    this.#options = { ...SYNC_DEFAULTS, batchSize };
    this.#random = random;
    this.#state = startState(this.#options);
  }

  next(nowMs: number): { notBeforeMs: number; limit: number } {
    if (this.#shorten) this.#state = { ...this.#state, retry: cutShort(this.#state.retry, nowMs) };
    this.#shorten = false;
    const { notBeforeMs } = this.#state.retry;
    return { notBeforeMs, limit: entryLimit(this.#state, Math.max(nowMs, notBeforeMs), this.#options) };
  }

  answered(nowMs: number, records: number): void {
    const answer = { settlements: [], noted: [], left: [], countedCount: records, cosignature: null };
    this.#state = afterAnswer(this.#state, this.#round(nowMs, records), answer);
  }

  failed(nowMs: number, records: number, status: 0 | 503, retryAfter: string | null): void {
    const reply: Reply =
      status === 0
        ? { kind: 'fault', fault: 'not_connected' }
        : { kind: 'reply', status, retryAfter, accepts: null, json: undefined };
    const outcome = outcomeOf(reply, nowMs, SYNC_DEFAULTS.retryAfterCapMs);
    if (outcome.kind === 'answered' || outcome.kind === 'resume') throw new Error('a failure is no answer');
    this.#state = afterOutcome(this.#state, this.#round(nowMs, records), outcome).state;
  }

  linkRestored(): void {
    this.#shorten = true;
  }

  #round(nowMs: number, records: number): Round {
    return {
      batch: batchOf(records),
      source: { read: 'pending', below: null },
      nowMs,
      heartbeatOk: true,
      options: this.#options,
      random: this.#random,
    };
  }
}
