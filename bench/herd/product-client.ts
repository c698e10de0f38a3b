/**
 * The product's own stream under simulated time: its state, back-off, breaker and reading of `Retry-After` are those of
 * `src/sync`, called as its loop calls them. Only what touches disk and network is left out.
 */
import type { Random } from '../../src/base/clock.ts';
import type { StoredRecord } from '../../src/buffer/api.ts';
import { cutShort } from '../../src/sync/backoff.ts';
import { SYNC_DEFAULTS, URGENT_SPREAD } from '../../src/sync/options.ts';
import { outcomeOf } from '../../src/sync/outcome.ts';
import {
  afterAnswer,
  afterOutcome,
  entryLimit,
  type Round,
  type StateOptions,
  type StreamState,
  startState,
} from '../../src/sync/stream-state.ts';
import type { Client, Ended, StreamShape } from './client.ts';

const NO_HASH = Buffer.alloc(32);
const NOTHING = { checkpoint: null, witness: null };
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
/** Entries of each length, made once: the state counts them, and there are hundreds of thousands of batches. */
const known = new Map<number, readonly StoredRecord[]>();

function entriesOf(records: number): readonly StoredRecord[] {
  const entries = known.get(records) ?? Array.from({ length: records }, () => RECORD);
  known.set(records, entries);
  return entries;
}

export class ProductClient implements Client {
  readonly #options: StateOptions;
  readonly #random: Random;
  #state: StreamState;
  #shorten = false;
  /** What is left of the random wait of a start; 0 once it is in the state. */
  #spreadMs: number;
  /** Records delivered so far: the stream numbers of a batch begin behind them. */
  #delivered = 0;

  constructor({ isUrgent }: Pick<StreamShape, 'isUrgent'>, random: Random) {
    const batchSize = isUrgent ? SYNC_DEFAULTS.scheduleTwoBatchSize : SYNC_DEFAULTS.batchSize;
    this.#options = { ...SYNC_DEFAULTS, batchSize };
    this.#random = random;
    this.#state = startState(this.#options);
    this.#spreadMs = random() * SYNC_DEFAULTS.startSpreadMs * (isUrgent ? URGENT_SPREAD : 1);
  }

  next(nowMs: number): { notBeforeMs: number; limit: number } {
    if (this.#spreadMs > 0) {
      this.#state = {
        ...this.#state,
        retry: { ...this.#state.retry, notBeforeMs: nowMs + this.#spreadMs, asked: true },
      };
      this.#spreadMs = 0;
    }
    if (this.#shorten) this.#state = { ...this.#state, retry: cutShort(this.#state.retry, nowMs) };
    this.#shorten = false;
    const { notBeforeMs } = this.#state.retry;
    return { notBeforeMs, limit: entryLimit(this.#state, Math.max(nowMs, notBeforeMs), this.#options) };
  }

  answered(ended: Ended): void {
    const answer = { settlements: [], noted: [], left: [], countedCount: ended.records, cosignature: null };
    this.#state = afterAnswer(this.#state, this.#round(ended), answer);
    this.#delivered += ended.records;
  }

  failed(ended: Ended, status: 0 | 503, retryAfter: string | null): void {
    const none = { kind: 'fault', fault: 'not_connected' } as const;
    const busy = {
      kind: 'reply',
      status,
      retryAfter,
      accepts: null,
      location: null,
      page: false,
      json: undefined,
    } as const;
    const reply = status === 0 ? none : busy;
    const outcome = outcomeOf(reply, ended.nowMs, SYNC_DEFAULTS.retryAfterCapMs);
    if (outcome.kind === 'answered' || outcome.kind === 'resume') throw new Error('a failure is no answer');
    this.#state = afterOutcome(this.#state, this.#round(ended), outcome).state;
  }

  linkRestored(): void {
    this.#shorten = true;
  }

  #round({ records, ...ended }: Ended): Round {
    const entries = entriesOf(records);
    const place = { first: this.#delivered + 1, last: this.#delivered + records };
    const batch = { entries, ...place, body: NO_HASH, key: '', digest: '', trial: null, shown: NOTHING };
    const round = {
      ...ended,
      batch,
      source: { read: 'pending', below: null } as const,
      options: this.#options,
      random: this.#random,
    };
    return round;
  }
}
