/**
 * One batch there and back: send it, check the answer, have the buffer settle what was proved, and say what the stream is
 * to remember. The order is the promise: verdicts are on disk before anybody hears of them (receipts, delivery).
 */
import type { Settlement } from '../buffer/api.ts';
import type { Stream } from '../record/types.ts';
import { type CheckedAnswer, checkAnswer } from './answer.ts';
import type { Batch } from './batch.ts';
import { codingFrom } from './coding.ts';
import type { Answered, Exchange } from './exchange.ts';
import { LOOKUP_LIMIT } from './lookup.ts';
import type { Outcome } from './outcome.ts';
import { isGap, type SyncParts } from './ports.ts';
import type { Source } from './position.ts';
import {
  afterAnswer,
  afterOutcome,
  afterRedirect,
  type Redirect,
  type Round,
  type StateOptions,
  type StreamState,
} from './stream-state.ts';
import type { Tally } from './tally.ts';
import type { Token } from './token.ts';
import { subjectOf } from './verdict.ts';

type OtherOutcome = Exclude<Outcome, { kind: 'answered' | 'resume' }>;

export class RoundTrip {
  readonly #stream: Stream;
  readonly #options: StateOptions;
  readonly #parts: SyncParts;
  readonly #exchange: Exchange;
  readonly #token: Token;
  readonly #tally: Tally;

  constructor(stream: Stream, options: StateOptions, parts: SyncParts, exchange: Exchange, token: Token, tally: Tally) {
    this.#stream = stream;
    this.#options = options;
    this.#parts = parts;
    this.#exchange = exchange;
    this.#token = token;
    this.#tally = tally;
  }

  /** The state after the round trip. Rejects when the buffer could not write; what it had settled by then stays so. */
  async run(state: StreamState, batch: Batch, source: Source): Promise<StreamState> {
    this.#tally.attempt();
    const answered = await this.#exchange.send(batch, state.coding);
    const { outcome, reply } = answered;
    if (reply.kind === 'fault' && reply.fault === 'stopped') return state;
    const round: Round = {
      batch,
      source,
      nowMs: this.#parts.clock.monotonicMs(),
      heartbeatOk: this.#parts.heartbeatOk(),
      options: this.#options,
      random: this.#parts.random,
    };
    const informed = learnCoding(state, reply.kind === 'reply' ? reply.accepts : null);
    if (outcome.kind === 'answered') return this.#takeAnswer(informed, round, answered, outcome.json);
    if (outcome.kind === 'resume') return this.#takeRedirect(informed, round, answered, outcome.expected);
    return this.#takeOther(informed, round, answered, outcome);
  }

  async #takeAnswer(state: StreamState, round: Round, answered: Answered, json: unknown): Promise<StreamState> {
    // A stream that stopped because records were refused sets no more of them aside.
    const resent = state.alarm === 'records_refused' ? new Set<number>() : state.resent;
    const answer = checkAnswer(round.batch, json, resent);
    if (answer === null) {
      const failure: OtherOutcome = { kind: 'failed', fault: 'not_an_answer', askedMs: null };
      return this.#takeOther(state, round, { ...answered, outcome: failure }, failure);
    }
    await this.#settle(answer.settlements);
    if (answer.noted.length > 0) await this.#parts.buffer.noteGaps(this.#stream, answer.noted);
    this.#report(answer);
    const { settlements, noted, left, cosignature } = answer;
    await this.#exchange.noteAnswer(answered, {
      settled: settlements.length,
      noted: noted.length,
      left: left.length,
      ...(cosignature === null ? {} : { cosignature }),
    });
    return afterAnswer(state, round, answer);
  }

  #report(answer: CheckedAnswer): void {
    const { clock, events, log } = this.#parts;
    for (const { sequence, why } of answer.left.slice(0, 3)) {
      log.warn('the answer leaves a record unsettled', { stream: this.#stream, sequence, reason: why });
    }
    if (answer.countedCount === 0) {
      this.#tally.fault('no_receipt');
      return;
    }
    this.#tally.receipt(answer.countedCount);
    events.onDelivery?.({ stream: this.#stream, atMs: clock.monotonicMs(), count: answer.countedCount });
  }

  async #takeRedirect(state: StreamState, round: Round, answered: Answered, expected: number): Promise<StreamState> {
    this.#parts.log.warn('the PMS asks for another place in the stream', {
      stream: this.#stream,
      from: String(round.batch.first),
      to: String(expected),
    });
    await this.#exchange.noteAnswer(answered, { expected });
    return afterRedirect(state, round, await this.#settleBefore(round.batch, expected));
  }

  /** Entries whose numbers the PMS has used up already: markers have done their work, records are looked up. */
  async #settleBefore(batch: Batch, expected: number): Promise<Redirect> {
    const used = batch.entries.filter((entry) => entry.streamSequence < expected);
    if (used.length === 0) return { expected, settledAll: false, unknownCount: 0 };
    const markers = used.filter(isGap).map((marker) => marker.sequence);
    if (markers.length > 0) await this.#parts.buffer.noteGaps(this.#stream, markers);
    const subjects = used.flatMap((entry) => (isGap(entry) || entry.state !== 'PENDING' ? [] : [subjectOf(entry)]));
    const asked = subjects.slice(0, LOOKUP_LIMIT);
    if (asked.length === 0) return { expected, settledAll: true, unknownCount: 0 };
    const { answered, checked } = await this.#exchange.lookUp(asked);
    const settlements = checked?.settlements ?? [];
    await this.#settle(settlements);
    const unknownCount = checked?.unknown.length ?? 0;
    await this.#exchange.noteAnswer(answered, { settled: settlements.length, unknown: unknownCount });
    return { expected, settledAll: settlements.length === asked.length, unknownCount };
  }

  async #takeOther(state: StreamState, round: Round, answered: Answered, outcome: OtherOutcome): Promise<StreamState> {
    this.#tally.fault(outcome.kind === 'failed' ? outcome.fault : outcome.kind);
    // A token renewed in the meantime deserves a try before the alarm. That cannot go round in circles: the next 401
    // finds the same token.
    if (outcome.kind === 'unauthorised' && this.#token.reload()) {
      await this.#exchange.noteAnswer(answered, {});
      return state;
    }
    const { state: next, setAside } = afterOutcome(state, round, outcome);
    if (setAside !== null) {
      this.#parts.log.error('a record is set aside: the PMS cannot read it', {
        stream: this.#stream,
        sequence: setAside,
      });
      const reason = outcome.kind === 'too_large' ? 'too_large' : 'not_understood';
      await this.#settle([{ sequence: setAside, to: 'SET_ASIDE', pmsId: null, reason, verification: null }]);
    }
    await this.#exchange.noteAnswer(answered, setAside === null ? {} : { set_aside: setAside });
    return next;
  }

  async #settle(settlements: readonly Settlement[]): Promise<void> {
    if (settlements.length === 0) return;
    const settled = await this.#parts.buffer.settle(this.#stream, settlements);
    this.#tally.settled(settled.length);
    if (settled.length > 0) this.#parts.events.onSettled?.(settled);
  }
}

function learnCoding(state: StreamState, accepts: string | null): StreamState {
  const coding = state.codingPinned ? null : codingFrom(accepts);
  return coding === null ? state : { ...state, coding };
}
