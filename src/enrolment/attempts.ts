/** How often an address may try to enrol: a code of 80 bits cannot be guessed, and nobody is to be busy with who tries. */
import type { Clock } from '../base/clock.ts';

const MINUTE_MS = 60_000;
const FAILURES_A_MINUTE = 10;
/** Also of all addresses together: each one costs a signature check. */
const TRIES_A_MINUTE = 600;
const MOST_ADDRESSES = 1024;

export class Attempts {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #failures = new Map<string, number>();
  #tries = 0;
  #minute = Number.NEGATIVE_INFINITY;

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  mayTry(address: string): boolean {
    this.#turn();
    if (this.#tries >= TRIES_A_MINUTE || (this.#failures.get(address) ?? 0) >= FAILURES_A_MINUTE) return false;
    this.#tries += 1;
    return true;
  }

  failed(address: string): void {
    this.#turn();
    if (this.#failures.size < MOST_ADDRESSES) this.#failures.set(address, (this.#failures.get(address) ?? 0) + 1);
  }

  #turn(): void {
    const now = this.#clock.monotonicMs();
    if (now - this.#minute < MINUTE_MS) return;
    this.#minute = now;
    this.#tries = 0;
    this.#failures.clear();
  }
}
