/**
 * One request with its two trail entries: that it is about to leave (on disk before the first byte does, so that nobody
 * can say the gateway never tried), and what came of it. If the power goes between the two, the trail shows an attempt
 * without an answer, the records are still PENDING, and the next attempt learns from the PMS what it has.
 */
import { hash } from 'node:crypto';
import type { TrailBody } from '../buffer/api.ts';
import type { Stream } from '../record/types.ts';
import { contentDigestOf, PMS_PATHS } from '../record/wire.ts';
import type { Batch } from './batch.ts';
import { encode } from './coding.ts';
import { type CheckedLookup, checkLookup, lookupBody } from './lookup.ts';
import type { Coding, SyncOptions } from './options.ts';
import { type Outcome, outcomeOf, type Reply } from './outcome.ts';
import { logOf, type SyncParts } from './ports.ts';
import type { Token } from './token.ts';
import type { Upstream } from './upstream.ts';
import type { Subject } from './verdict.ts';

export interface Answered {
  readonly outcome: Outcome;
  readonly reply: Reply;
  /** Hex SHA-256 of the body: ties the two trail entries together. */
  readonly batch: string;
  readonly durationMs: number;
}

export class Exchange {
  readonly #stream: Stream;
  readonly #parts: SyncParts;
  readonly #options: SyncOptions;
  readonly #upstream: Upstream;
  readonly #token: Token;

  constructor(stream: Stream, parts: SyncParts, options: SyncOptions, upstream: Upstream, token: Token) {
    this.#stream = stream;
    this.#parts = parts;
    this.#options = options;
    this.#upstream = upstream;
    this.#token = token;
  }

  /** Sends a batch. Rejects only when the attempt could not be recorded; then nothing was sent. */
  async send(batch: Batch, coding: Coding): Promise<Answered> {
    const content = await encode(batch.body, coding);
    await this.note('sync_attempt', {
      stream: this.#stream,
      first: batch.first,
      last: batch.last,
      count: batch.entries.length,
      bytes: content.bytes.length,
      batch: batch.key,
    });
    const headers = { 'x-idempotency-key': batch.key };
    return this.#post(PMS_PATHS.sync, content.bytes, content.coding, headers, batch.key);
  }

  /** Asks what the PMS holds under these keys (at most `LOOKUP_LIMIT`). Null when it gave no look-up answer. */
  async lookUp(subjects: readonly Subject[]): Promise<{ answered: Answered; checked: CheckedLookup | null }> {
    const { gatewayId } = this.#parts.buffer;
    const body = lookupBody(gatewayId, subjects);
    const key = hash('sha256', body, 'hex');
    await this.note('sync_lookup', { stream: this.#stream, count: subjects.length, batch: key });
    const answered = await this.#post(PMS_PATHS.lookup, body, 'identity', {}, key);
    const { outcome } = answered;
    return { answered, checked: outcome.kind === 'answered' ? checkLookup(subjects, outcome.json, gatewayId) : null };
  }

  /** Records what came of a request; `figures` are counts of this answer. */
  async noteAnswer(answered: Answered, figures: TrailBody): Promise<void> {
    const { reply, outcome, batch, durationMs } = answered;
    const what = reply.kind === 'reply' ? { status: reply.status } : { fault: reply.fault };
    const fault = outcome.kind === 'failed' && reply.kind === 'reply' ? { fault: outcome.fault } : {};
    await this.note('sync_answer', {
      stream: this.#stream,
      batch,
      ms: Math.round(durationMs),
      ...what,
      ...fault,
      ...figures,
    });
  }

  async note(kind: string, body: TrailBody): Promise<void> {
    await this.#parts.buffer.note(logOf(this.#stream), kind, body);
  }

  async #post(
    path: string,
    bytes: Buffer,
    coding: Coding,
    headers: Readonly<Record<string, string>>,
    batch: string,
  ): Promise<Answered> {
    const { clock } = this.#parts;
    const startedMs = clock.monotonicMs();
    const reply = await this.#upstream.post(path, {
      bytes,
      coding,
      headers: { ...headers, ...this.#token.header(), 'content-digest': contentDigestOf(bytes) },
    });
    const outcome = outcomeOf(reply, clock.utcMs(), this.#options.retryAfterCapMs);
    return { outcome, reply, batch, durationMs: clock.monotonicMs() - startedMs };
  }
}
