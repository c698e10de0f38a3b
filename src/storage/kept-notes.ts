/**
 * Entries about a full disk meet the full disk: what could not be written is kept and tried again, in its order, so that the trail tells
 * the story once there is room. If the power goes before, the next start's first measurement tells how things are then.
 */
import { messageOf } from '../base/errors.ts';
import type { StorageParts } from './options.ts';

const AGAIN_MS = 1000;
/** A disk that stays full must not fill memory; the oldest are what began it, so the newest are let go. */
const MOST = 100;

export class KeptNotes {
  readonly #parts: Pick<StorageParts, 'note' | 'timers' | 'log'>;
  readonly #waiting: (() => Promise<unknown>)[] = [];
  #isWriting = false;
  #isStopped = false;
  #isTold = false;
  #cancel: () => void = () => {};

  constructor(parts: Pick<StorageParts, 'note' | 'timers' | 'log'>) {
    this.#parts = parts;
  }

  add(...[kind, body]: Parameters<StorageParts['note']>): void {
    if (this.#waiting.length >= MOST) {
      this.#parts.log.error('a trail entry could not be written', { reason: kind });
      return;
    }
    this.#waiting.push(() => this.#parts.note(kind, body));
    void this.#write();
  }

  /** What still waits is tried once more. */
  stop(): void {
    this.#isStopped = true;
    this.#cancel();
    void this.#write();
  }

  async #write(): Promise<void> {
    if (this.#isWriting) return;
    this.#isWriting = true;
    this.#cancel();
    try {
      for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
        await first();
        this.#waiting.shift();
        this.#isTold = false;
      }
    } catch (error) {
      if (!this.#isTold) this.#parts.log.error('a trail entry has to wait', { error: messageOf(error) });
      this.#isTold = true;
      if (!this.#isStopped) this.#cancel = this.#parts.timers.after(AGAIN_MS, () => void this.#write());
    } finally {
      this.#isWriting = false;
    }
  }
}
