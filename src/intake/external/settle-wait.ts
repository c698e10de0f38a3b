/**
 * `acknowledge: after_sync`: publishes whose record is on this disk and not yet with the PMS, by the record's number. In
 * memory only: after a restart the broker delivers them again, and they come back as duplicates with their present state.
 */
import type { State } from '../../record/types.ts';

export class SettleWait {
  readonly #waiting = new Map<number, (() => void)[]>();

  /** Publishes that wait. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Calls `then` once the record is more than pending: the PMS has answered for it, or a person has to. */
  until(sequence: number, state: State, then: () => void): void {
    if (state !== 'PENDING') {
      then();
      return;
    }
    const others = this.#waiting.get(sequence);
    if (others === undefined) this.#waiting.set(sequence, [then]);
    else others.push(then);
  }

  settled(sequence: number, state: State): void {
    if (state === 'PENDING') return;
    const waiting = this.#waiting.get(sequence);
    this.#waiting.delete(sequence);
    for (const then of waiting ?? []) then();
  }

  /** The session is over: the broker will deliver them again. */
  forget(): void {
    this.#waiting.clear();
  }
}
