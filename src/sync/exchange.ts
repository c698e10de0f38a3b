/**
 * One request with its two trail entries: that it is about to leave (on disk before the first byte does, so that nobody
 * can say the gateway never tried), and what came of it. If the power goes between the two, the trail shows an attempt
 * without an answer, the records are still PENDING, and the next attempt learns from the PMS what it has.
 */
import { hash } from 'node:crypto';
import type { TrailBodyOf, TrailKind } from '../record/trail-kinds.ts';
import type { Stream } from '../record/types.ts';
import { contentDigestOf, PMS_PATHS } from '../record/wire.ts';
import type { Batch } from './batch.ts';
import { Hold } from './hold.ts';
import { type CheckedLookup, checkLookup, lookupBody } from './lookup.ts';
import type { Coding, SyncOptions } from './options.ts';
import { type Outcome, outcomeOf, type Reply } from './outcome.ts';
import { logOf, type SyncParts } from './ports.ts';
import { singleOutcomeOf } from './single.ts';
import type { Token } from './token.ts';
import type { Turn } from './turn.ts';
import type { Content, Upstream } from './upstream.ts';
import type { Subject } from './verdict.ts';

export interface Answered {
  readonly outcome: Outcome;
  readonly reply: Reply;
  /** Hex SHA-256 of the body: ties the two trail entries together. */
  readonly batch: string;
  readonly durationMs: number;
}

/** Counts of an answer. */
type AnswerFigures = Pick<
  TrailBodyOf<'sync_answer'>,
  'expected' | 'left' | 'noted' | 'set_aside' | 'settled' | 'unknown' | 'unproved'
>;

/** What is sent: a batch and how it travels. */
export interface Sending {
  readonly batch: Batch;
  readonly bytes: Buffer;
  readonly coding: Coding;
}

/** A request under way whose last bytes are held back. */
export interface Begun {
  readonly hold: Hold;
  readonly answered: Promise<Answered>;
  /** It has ended, one way or the other, maybe before its last bytes left. */
  isOver(): boolean;
}

export class Exchange {
  readonly #stream: Stream;
  readonly #parts: SyncParts;
  readonly #options: SyncOptions;
  readonly #upstream: Pick<Upstream, 'post'>;
  readonly #token: Token;
  readonly #turn: Turn;
  /** When the held body begun last has left. */
  #lastLeft: Promise<void> = Promise.resolve();

  constructor(
    stream: Stream,
    parts: SyncParts,
    options: SyncOptions,
    upstream: Pick<Upstream, 'post'>,
    token: Token,
    turn: Turn,
  ) {
    this.#stream = stream;
    this.#parts = parts;
    this.#options = options;
    this.#upstream = upstream;
    this.#token = token;
    this.#turn = turn;
  }

  /** Sends a request. Rejects only when the attempt could not be recorded; then nothing was sent. */
  async send(sending: Sending): Promise<Answered> {
    await this.#noteAttempt(sending);
    return this.#sendNoted(sending, null);
  }

  /** Begins a request whose end is held back; resolves when the attempt is recorded and the first bytes leave. */
  async begin(sending: Sending): Promise<Begun> {
    await this.#noteAttempt(sending);
    const hold = new Hold(this.#lastLeft);
    this.#lastLeft = hold.left;
    let over = false;
    const answered = this.#sendNoted(sending, hold).finally(() => {
      over = true;
      hold.leave();
    });
    return { hold, answered, isOver: () => over };
  }

  async #noteAttempt({ batch, bytes }: Sending): Promise<void> {
    await this.note('sync_attempt', {
      stream: this.#stream,
      first: batch.first,
      last: batch.last,
      count: batch.entries.length,
      bytes: bytes.length,
      batch: batch.digest,
      ...(batch.trial === null ? {} : { trial: batch.trial.sequence }),
    });
  }

  async #sendNoted({ batch, bytes, coding }: Sending, hold: Hold | null): Promise<Answered> {
    const headers = { 'x-idempotency-key': batch.key };
    const { reply, durationMs } = await this.#post(PMS_PATHS.sync, { bytes, coding, headers, hold });
    const judge = this.#options.profile === 'single' ? singleOutcomeOf : outcomeOf;
    const outcome = judge(reply, this.#parts.clock.utcMs(), this.#options.retryAfterCapMs);
    return { outcome, reply, batch: batch.digest, durationMs };
  }

  /** Asks what the PMS holds under these keys (at most `LOOKUP_LIMIT`). Null when it gave no look-up answer. */
  async lookUp(subjects: readonly Subject[]): Promise<{ answered: Answered; checked: CheckedLookup | null }> {
    const { gatewayId } = this.#parts.buffer;
    const body = lookupBody(gatewayId, subjects);
    const key = hash('sha256', body, 'hex');
    await this.note('sync_lookup', { stream: this.#stream, count: subjects.length, batch: key });
    const { reply, durationMs } = await this.#post(PMS_PATHS.lookup, {
      bytes: body,
      coding: 'identity',
      headers: {},
      hold: null,
    });
    const outcome = outcomeOf(reply, this.#parts.clock.utcMs(), this.#options.retryAfterCapMs);
    const answered = { outcome, reply, batch: key, durationMs };
    return { answered, checked: outcome.kind === 'answered' ? checkLookup(subjects, outcome.json, gatewayId) : null };
  }

  /** Records what came of a request; `figures` are counts of this answer. */
  async noteAnswer(answered: Answered, figures: AnswerFigures): Promise<void> {
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

  async note<K extends TrailKind>(kind: K, body: TrailBodyOf<K>): Promise<void> {
    await this.#parts.buffer.note(logOf(this.#stream), kind, body);
  }

  /** While the request is under way, the stream has nothing to do here. What was held back counts from its release. */
  async #post(path: string, content: Omit<Content, 'stream'>) {
    const { clock } = this.#parts;
    let startedMs = clock.monotonicMs();
    void content.hold?.decided.then(() => {
      startedMs = clock.monotonicMs();
    });
    this.#turn.leave();
    try {
      const own = { ...this.#token.header(), 'content-digest': contentDigestOf(content.bytes) };
      const reply = await this.#upstream.post(path, {
        ...content,
        stream: this.#stream,
        headers: { ...content.headers, ...own },
      });
      return { reply, durationMs: clock.monotonicMs() - startedMs };
    } finally {
      this.#turn.enter();
    }
  }
}
