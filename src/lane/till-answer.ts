/** What a till shows beside a sale: known within five seconds, whatever the network does. */
import type { Timers } from '../base/clock.ts';

/** `acknowledged`: the gateway has it on disk. `kept`: it is on this till's disk and goes out by itself later. */
export type TillAnswer = 'acknowledged' | 'kept';

const KEPT_AFTER_MS = 5_000;

interface Waiting {
  readonly answer: (answer: TillAnswer) => void;
  readonly cancel: () => void;
}

export class TillAnswers {
  readonly #timers: Timers;
  readonly #waiting = new Map<number, Waiting[]>();

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Resolves with `acknowledged` once `acknowledged(position)` is called, with `kept` after five seconds without. */
  wait(position: number): Promise<TillAnswer> {
    const { promise, resolve } = Promise.withResolvers<TillAnswer>();
    const cancel = this.#timers.after(KEPT_AFTER_MS, () => this.#answer(position, 'kept'));
    this.#waiting.set(position, [...(this.#waiting.get(position) ?? []), { answer: resolve, cancel }]);
    return promise;
  }

  acknowledged(position: number): void {
    this.#answer(position, 'acknowledged');
  }

  /** Answers everybody still waiting: what is not acknowledged is kept. */
  stop(): void {
    for (const position of [...this.#waiting.keys()]) this.#answer(position, 'kept');
  }

  #answer(position: number, answer: TillAnswer): void {
    for (const waiting of this.#waiting.get(position) ?? []) {
      waiting.cancel();
      waiting.answer(answer);
    }
    this.#waiting.delete(position);
  }
}
