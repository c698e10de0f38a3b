/**
 * Does the PMS still know what it acknowledged? A PMS that was restored from a copy forgets its newest records without
 * knowing it, and with nothing new to send nobody would notice for a night. So now and then, and when the link is back,
 * the newest synced record of the stream is looked up; if the PMS does not know it, the stream goes back there, and the
 * PMS's own answer (409) leads it to the first record that is missing. States do not change back: what is sent again is
 * a delivery of its own.
 */
import { messageOf } from '../base/errors.ts';
import type { Stream } from '../record/types.ts';
import type { Exchange } from './exchange.ts';
import type { SyncOptions } from './options.ts';
import { Pause } from './pause.ts';
import type { SyncParts } from './ports.ts';

/** What the check needs of the stream it looks after. */
export interface Checked {
  /** Nothing waits and nothing is wrong: whatever is sent or waits would show the loss by itself. */
  isIdle(): boolean;
  /** Sends again from this stream number on. */
  goBackTo(streamSequence: number): void;
}

/** Part of the interval over which the looks of a region that is back are spread. */
const SOON_SHARE = 1 / 30;

export class MemoryCheck {
  readonly #stream: Stream;
  readonly #everyMs: number;
  readonly #parts: SyncParts;
  readonly #exchange: Exchange;
  readonly #checked: Checked;
  readonly #pause: Pause;
  #running: Promise<void> | null = null;
  #stopping = false;
  #soon = false;

  constructor(
    stream: Stream,
    options: Pick<SyncOptions, 'memoryCheckMs'>,
    parts: SyncParts,
    exchange: Exchange,
    checked: Checked,
  ) {
    this.#stream = stream;
    this.#everyMs = options.memoryCheckMs;
    this.#parts = parts;
    this.#exchange = exchange;
    this.#checked = checked;
    this.#pause = new Pause(parts.timers);
  }

  start(): void {
    this.#stopping = false;
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#pause.end();
    await this.#running;
    this.#running = null;
  }

  /** The link is back: perhaps the PMS comes from a copy. A region comes back at once, so the look has a jitter. */
  soon(): void {
    this.#soon = true;
    this.#pause.end();
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      const spreadMs = this.#parts.random() * this.#everyMs;
      const waitMs = this.#soon ? spreadMs * SOON_SHARE : this.#everyMs / 2 + spreadMs;
      this.#soon = false;
      await this.#pause.wait(waitMs);
      if (this.#stopping || this.#soon) continue;
      await this.#look().catch((error: unknown) => {
        this.#parts.log.error('a look-up failed', { stream: this.#stream, error: messageOf(error) });
      });
    }
  }

  async #look(): Promise<void> {
    const { buffer, heartbeatOk, log } = this.#parts;
    if (!heartbeatOk() || !this.#checked.isIdle()) return;
    const newest = buffer.newestSynced(this.#stream);
    if (newest === null) return;
    const { sequence, streamSequence, idempotencyKey, payloadHash } = newest;
    const subject = { sequence, idempotencyKey, payloadHash, mustBeVerified: false };
    const { answered, checked } = await this.#exchange.lookUp([subject]);
    const forgotten = checked?.unknown.includes(sequence) ?? false;
    await this.#exchange.noteAnswer(answered, { settled: 0, unknown: forgotten ? 1 : 0 });
    if (!forgotten) return;
    log.error('the PMS no longer knows what it acknowledged: it is sent again', { stream: this.#stream, sequence });
    this.#checked.goBackTo(streamSequence);
  }
}
