/**
 * Exponential back-off after failures, by key. Each failure beyond the free ones doubles the wait, up to a most; a quiet time
 * forgets. Bounded: when there are too many keys the one that was longest quiet goes, so that an attacker with many
 * addresses costs no memory.
 */
import type { Clock } from '../base/clock.ts';

export interface LockOutOptions {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** Failures without any wait. */
  readonly freeFailures: number;
  readonly firstWaitMs: number;
  readonly mostWaitMs: number;
  /** Without a failure for so long a key starts anew. */
  readonly forgetMs: number;
  readonly mostKeys: number;
}

interface Entry {
  failures: number;
  untilMs: number;
  lastMs: number;
  /** Number of the last try. */
  attempt: number;
}

/** One counted try. */
export interface Attempt {
  /** Failures of the key so far, this one included. */
  readonly failures: number;
  readonly attempt: number;
}

export class LockOut {
  readonly #options: LockOutOptions;
  /** In the order of their last failure. */
  readonly #entries = new Map<string, Entry>();
  #attempts = 0;

  constructor(options: LockOutOptions) {
    this.#options = options;
  }

  /** Milliseconds until this key may try again; 0: now. */
  waitMs(key: string): number {
    const entry = this.#entries.get(key);
    return entry === undefined ? 0 : Math.max(0, entry.untilMs - this.#options.clock.monotonicMs());
  }

  /** Counts a try before it is judged, so that many at once do not slip through together. */
  count(key: string): Attempt {
    const { clock, freeFailures, firstWaitMs, mostWaitMs, forgetMs, mostKeys } = this.#options;
    const now = clock.monotonicMs();
    const before = this.#entries.get(key);
    const isForgotten = before === undefined || now - before.lastMs > forgetMs;
    const failures = (isForgotten ? 0 : before.failures) + 1;
    const beyond = failures - freeFailures;
    const waitMs = beyond < 0 ? 0 : Math.min(mostWaitMs, firstWaitMs * 2 ** Math.min(beyond, 30));
    this.#entries.delete(key);
    this.#entries.set(key, { failures, untilMs: now + waitMs, lastMs: now, attempt: ++this.#attempts });
    if (this.#entries.size > mostKeys) {
      const [oldest] = this.#entries.keys();
      if (oldest !== undefined) this.#entries.delete(oldest);
    }
    return { failures, attempt: this.#attempts };
  }

  /** The try was a success: it alone is taken back; what was tried before still counts, and what was tried since still waits. */
  takeBack(key: string, { attempt }: Attempt): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    entry.failures -= 1;
    if (entry.attempt === attempt) entry.untilMs = 0;
    if (entry.failures <= 0) this.#entries.delete(key);
  }

  /** The try was a success: everything is forgiven. */
  forgive(key: string): void {
    this.#entries.delete(key);
  }

  /** Keys that have to wait now. */
  get waiting(): readonly { readonly key: string; readonly failures: number; readonly waitMs: number }[] {
    const now = this.#options.clock.monotonicMs();
    return [...this.#entries]
      .filter(([, { untilMs }]) => untilMs > now)
      .map(([key, { failures, untilMs }]) => ({ key, failures, waitMs: untilMs - now }));
  }
}

/** One address for counting: all of an IPv6 /64, which one customer has; an IPv4 address in its own form. */
export function addressGroup(address: string): string {
  const v4 = /^(?:::ffff:)?(\d{1,3}(?:\.\d{1,3}){3})$/i.exec(address)?.[1];
  if (v4 !== undefined) return v4;
  const [head = '', tail] = (address.split('%')[0] ?? '').toLowerCase().split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const gap = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...Array.from({ length: gap }, () => '0'), ...right];
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
}
