/**
 * Back-pressure: how much has been taken in and not yet answered. While either limit is reached no socket is read, so
 * TCP itself tells the lanes to wait; nothing is dropped.
 */
export interface GateLimits {
  readonly publishes: number;
  readonly bytes: number;
}

export class Gate {
  readonly #limits: GateLimits;
  readonly #waiting = new Set<() => void>();
  #publishes = 0;
  #bytes = 0;
  #shut = false;

  constructor(limits: GateLimits) {
    this.#limits = limits;
  }

  get isOpen(): boolean {
    return !this.#shut && this.#publishes < this.#limits.publishes && this.#bytes < this.#limits.bytes;
  }

  get publishes(): number {
    return this.#publishes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  enter(bytes: number): void {
    this.#publishes += 1;
    this.#bytes += bytes;
  }

  leave(bytes: number): void {
    this.#publishes -= 1;
    this.#bytes -= bytes;
    if (this.#waiting.size === 0 || !this.isOpen) return;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resume of waiting) resume();
  }

  /** Calls `resume` once the gate is open again. */
  wait(resume: () => void): void {
    this.#waiting.add(resume);
  }

  forget(resume: () => void): void {
    this.#waiting.delete(resume);
  }

  /** Lets nothing in any more: the gateway is stopping. */
  shut(): void {
    this.#shut = true;
    this.#waiting.clear();
  }
}
