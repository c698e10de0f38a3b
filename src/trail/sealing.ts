/** Has closed segments put away, beside the writing: a segment that is not sealed yet is append-only all the same. */
import type { TrailLog } from '../buffer/api.ts';
import type { SegmentKeeper } from './api.ts';
import { SegmentFault } from './appender.ts';

/** Segments below the first one begun in this process that may have been left unsealed by the one before. */
const LOOK_BACK = 3;

export interface SealingParts {
  readonly log: TrailLog;
  readonly keeper: SegmentKeeper;
  readonly onFault: (fault: SegmentFault) => void;
  /** All that was to be sealed is. */
  readonly onSealed: () => void;
}

export class Sealing {
  readonly #parts: SealingParts;
  /** Lowest segment that may not be sealed. */
  #from = -1;
  #turn: Promise<void> = Promise.resolve();

  constructor(parts: SealingParts) {
    this.#parts = parts;
  }

  /** Nothing is appended any more to the segments below `n`. One that fails is tried again with the next call. */
  below(n: number | null): void {
    if (n === null) return;
    if (this.#from < 0) this.#from = Math.max(0, n - LOOK_BACK);
    this.#turn = this.#turn.then(() => this.#sealBelow(n));
  }

  settled(): Promise<void> {
    return this.#turn;
  }

  async #sealBelow(n: number): Promise<void> {
    for (let at = this.#from; at < n; at += 1) {
      try {
        await this.#parts.keeper.seal(this.#parts.log, at);
      } catch (error) {
        this.#parts.onFault(new SegmentFault(at, 'seal', error));
        return;
      }
      this.#from = at + 1;
    }
    this.#parts.onSealed();
  }
}
