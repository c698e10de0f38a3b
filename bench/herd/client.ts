/** A stream's way of trying again, as the simulation asks for it. Times are simulated, in ms. */
import type { Random } from '../../src/base/clock.ts';
import type { RetryPolicy } from './model.ts';
import { ProductClient } from './product-client.ts';

/** A request that has ended. */
export interface Ended {
  readonly nowMs: number;
  readonly durationMs: number;
  readonly records: number;
  /** There were more to send than these. */
  readonly more: boolean;
  readonly heartbeatOk: boolean;
}

/** What differs between the streams. */
export interface StreamShape {
  /** Records in a request of the naive ones. */
  readonly batchSize: number;
  /** Schedule II: waits for nothing. */
  readonly isUrgent: boolean;
}

export interface Client {
  /** Nothing goes out before; at most `limit` records then. */
  next(nowMs: number): { readonly notBeforeMs: number; readonly limit: number };
  answered(ended: Ended): void;
  /** `retryAfter`: the header's text; null when there was none, or no answer at all (`status` 0). */
  failed(ended: Ended, status: 0 | 503, retryAfter: string | null): void;
  /** The link stage says that the line is back. */
  linkRestored(): void;
}

const FIXED_MS = 5_000;
const BASE_MS = 1_000;
const CAP_MS = 60_000;

/** No jitter, no breaker, whole batches always: what is written when nobody has thought of ten thousand others. */
class NaiveClient implements Client {
  readonly #policy: Exclude<RetryPolicy, 'counterfoil'>;
  readonly #batchSize: number;
  #failures = 0;
  #notBeforeMs = 0;

  constructor(policy: Exclude<RetryPolicy, 'counterfoil'>, batchSize: number) {
    this.#policy = policy;
    this.#batchSize = batchSize;
  }

  next(): { notBeforeMs: number; limit: number } {
    return { notBeforeMs: this.#notBeforeMs, limit: this.#batchSize };
  }

  answered(): void {
    this.#failures = 0;
    this.#notBeforeMs = 0;
  }

  failed({ nowMs }: Ended, _status: number, retryAfter: string | null): void {
    const ownMs = this.#policy === 'fixed' ? FIXED_MS : Math.min(CAP_MS, BASE_MS * 2 ** this.#failures);
    const askedMs = this.#policy === 'exponential-obeying' ? Number(retryAfter ?? 0) * 1000 : 0;
    this.#failures += 1;
    this.#notBeforeMs = nowMs + Math.max(ownMs, askedMs);
  }

  linkRestored(): void {}
}

export function clientOf(policy: RetryPolicy, shape: StreamShape, random: Random): Client {
  return policy === 'counterfoil' ? new ProductClient(shape, random) : new NaiveClient(policy, shape.batchSize);
}
