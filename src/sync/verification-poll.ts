/**
 * Asks the PMS now and then about records it is still verifying, until it says yes or no. A loop of its own beside the
 * stream's: a slow verification holds up no new record.
 */

import { messageOf } from '../base/errors.ts';
import type { AwaitingRecord } from '../buffer/api.ts';
import type { Stream } from '../record/types.ts';
import { isStep } from './answer.ts';
import { failed, READY, type Retry } from './backoff.ts';
import type { Exchange } from './exchange.ts';
import { LOOKUP_LIMIT } from './lookup.ts';
import type { SyncOptions } from './options.ts';
import { Pause } from './pause.ts';
import type { SyncParts } from './ports.ts';
import type { Subject } from './verdict.ts';

type PollOptions = Pick<SyncOptions, 'verificationPollMs' | 'retryBaseMs' | 'retryCapMs' | 'breakerThreshold'>;

export class VerificationPoll {
  readonly #stream: Stream;
  readonly #options: PollOptions;
  readonly #parts: SyncParts;
  readonly #exchange: Exchange;
  readonly #pause: Pause;
  #retry: Retry = READY;
  /** Stream number after which the next page starts: every waiting record gets its turn. */
  #after = 0;
  #running: Promise<void> | null = null;
  #stopping = false;

  constructor(stream: Stream, options: PollOptions, parts: SyncParts, exchange: Exchange) {
    this.#stream = stream;
    this.#options = options;
    this.#parts = parts;
    this.#exchange = exchange;
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

  async #run(): Promise<void> {
    while (!this.#stopping) {
      const nowMs = this.#parts.clock.monotonicMs();
      const waitMs = Math.max(this.#after > 0 ? 0 : this.#options.verificationPollMs, this.#retry.notBeforeMs - nowMs);
      if (waitMs > 0) await this.#pause.wait(waitMs);
      if (!this.#stopping) await this.#safeTurn();
    }
  }

  async #safeTurn(): Promise<void> {
    try {
      const ok = await this.#turn();
      this.#retry = ok ? READY : this.#failed();
    } catch (error) {
      this.#parts.log.error('a look-up failed', { stream: this.#stream, error: messageOf(error) });
      this.#retry = this.#failed();
    }
  }

  #failed(): Retry {
    this.#after = 0;
    return failed(this.#retry, this.#parts.clock.monotonicMs(), null, this.#options, this.#parts.random);
  }

  /** One page of waiting records. False when the PMS gave no usable answer. */
  async #turn(): Promise<boolean> {
    const { buffer, events } = this.#parts;
    const page = buffer.readAwaiting(this.#stream, this.#after, LOOKUP_LIMIT);
    this.#after = page.length < LOOKUP_LIMIT ? 0 : (page.at(-1)?.streamSequence ?? 0);
    if (page.length === 0) return true;
    const { answered, checked } = await this.#exchange.lookUp(page.map((record) => this.#subjectOf(record)));
    const settlements = (checked?.settlements ?? []).filter(({ to }) => isStep('AWAITING_VERIFICATION', to));
    const settled = settlements.length === 0 ? [] : await buffer.settle(this.#stream, settlements);
    if (settled.length > 0) events.onSettled?.(settled);
    const unknown = checked?.unknown.length ?? 0;
    await this.#exchange.noteAnswer(answered, { settled: settled.length, unknown });
    return checked !== null;
  }

  #subjectOf(record: AwaitingRecord): Subject {
    const { sequence, idempotencyKey, payloadHash } = record;
    return { sequence, idempotencyKey, payloadHash, mustBeVerified: this.#stream === 'schedule_two' };
  }
}
