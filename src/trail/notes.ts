/**
 * Entries the trail writes about itself. They are fixed by the buffer like all others; when that fails (a full disk) they
 * wait here and are tried again, in order, so that nothing the trail has seen is told only to the log.
 */
import type { Timers } from '../base/clock.ts';
import type { TrailLog } from '../buffer/api.ts';
import type { TrailBodyOf, TrailKind } from '../record/trail-kinds.ts';

export type Note = <K extends TrailKind>(log: TrailLog, kind: K, body: TrailBodyOf<K>) => Promise<unknown>;

const RETRY_MS = 5_000;
/** More than a process can have to tell; the newest are dropped then. */
const LIMIT = 256;

export class Notes {
  readonly #note: Note;
  readonly #timers: Timers;
  readonly #waiting: (() => Promise<unknown>)[] = [];
  /** Under way: whether all could be written. */
  #turn: Promise<boolean> | null = null;
  #cancel: () => void = () => {};

  constructor(note: Note, timers: Timers) {
    this.#note = note;
    this.#timers = timers;
  }

  add<K extends TrailKind>(log: TrailLog, kind: K, body: TrailBodyOf<K>): void {
    if (this.#waiting.length < LIMIT) this.#waiting.push(() => this.#note(log, kind, body));
    void this.flush();
  }

  /** Resolves when all are fixed, or one could not be; never rejects. */
  async flush(): Promise<void> {
    this.#cancel();
    // One that was added in the last moment of a turn needs another.
    while (this.#waiting.length > 0) {
      this.#turn ??= this.#writeAll();
      if (!(await this.#turn)) return;
    }
  }

  stop(): void {
    this.#cancel();
  }

  async #writeAll(): Promise<boolean> {
    try {
      for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
        await next();
        this.#waiting.shift();
      }
      return true;
    } catch {
      this.#cancel();
      this.#cancel = this.#timers.after(RETRY_MS, () => void this.flush());
      return false;
    } finally {
      this.#turn = null;
    }
  }
}
