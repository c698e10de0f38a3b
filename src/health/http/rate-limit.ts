/** Requests of one address: a bucket of tokens that fills with time. Bounded: the address longest quiet is forgotten. */
import type { Clock } from '../../base/clock.ts';
import { isLoopback } from '../../base/config/address.ts';

/** A screen asks for a few a second, a burst loads a page with all its parts. */
const PER_SECOND = 50;
const BURST = 200;
const MOST_ADDRESSES = 1024;

interface Bucket {
  tokens: number;
  atMs: number;
}

export class RateLimit {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #buckets = new Map<string, Bucket>();

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** Whether one more request may be served. Whoever is on the box itself is not counted: they can do worse. */
  take(address: string): boolean {
    if (isLoopback(address)) return true;
    const now = this.#clock.monotonicMs();
    const before = this.#buckets.get(address) ?? { tokens: BURST, atMs: now };
    const tokens = Math.min(BURST, before.tokens + ((now - before.atMs) / 1000) * PER_SECOND);
    this.#buckets.delete(address);
    this.#buckets.set(address, { tokens: Math.max(0, tokens - 1), atMs: now });
    if (this.#buckets.size > MOST_ADDRESSES) {
      const [oldest] = this.#buckets.keys();
      if (oldest !== undefined) this.#buckets.delete(oldest);
    }
    return tokens >= 1;
  }
}
