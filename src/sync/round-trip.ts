/**
 * One request there and back: send it, check the answer, have the buffer settle what was proved, and say what the stream
 * is to remember. The order is the promise: verdicts are on disk before anybody hears of them (receipts, delivery). Only
 * an answer in which every entry has its verdict is written down behind the next request (`booking.ts`).
 */
import type { StoredRecord } from '../buffer/api.ts';
import type { Stream } from '../record/types.ts';
import { type CheckedAnswer, checkInSlices } from './answer.ts';
import type { Batch } from './batch.ts';
import { Booking } from './booking.ts';
import { codingFrom } from './coding.ts';
import type { Answered, Begun, Exchange, Sending } from './exchange.ts';
import type { Outcome } from './outcome.ts';
import type { SyncParts } from './ports.ts';
import type { Source } from './position.ts';
import type { Settler } from './settler.ts';
import { checkSingle } from './single.ts';
import {
  afterAnswer,
  afterOutcome,
  afterRedirect,
  type Round,
  type StateOptions,
  type StreamState,
} from './stream-state.ts';
import type { Tally } from './tally.ts';
import type { Token } from './token.ts';
import { Trouble } from './trouble.ts';
import type { Turn } from './turn.ts';
import type { Witness } from './witness.ts';

export interface RoundOptions extends StateOptions {
  readonly profile: 'batch' | 'single';
  readonly acceptUnproved: boolean;
}

interface Trip {
  readonly source: Source;
  readonly more: boolean;
}

export class RoundTrip {
  readonly #stream: Stream;
  readonly #options: RoundOptions;
  readonly #parts: SyncParts;
  readonly #exchange: Exchange;
  readonly #token: Token;
  readonly #tally: Tally;
  readonly #settler: Settler;
  readonly #turn: Turn;
  readonly #trouble: Trouble;
  readonly #witness: Witness;
  readonly #booking = new Booking();

  constructor(parts: {
    readonly stream: Stream;
    readonly options: RoundOptions;
    readonly sync: SyncParts;
    readonly exchange: Exchange;
    readonly token: Token;
    readonly tally: Tally;
    readonly settler: Settler;
    readonly turn: Turn;
    readonly witness: Witness;
  }) {
    this.#stream = parts.stream;
    this.#options = parts.options;
    this.#parts = parts.sync;
    this.#exchange = parts.exchange;
    this.#token = parts.token;
    this.#tally = parts.tally;
    this.#settler = parts.settler;
    this.#turn = parts.turn;
    this.#witness = parts.witness;
    this.#trouble = new Trouble(parts);
  }

  /** Resolves when all that answers proved so far is on disk; rejects when it could not be written. */
  booked(): Promise<void> {
    return this.#booking.settled();
  }

  /** The state after the round trip; `begun` when the request is under way already. Rejects when the buffer could not write; what it had settled by then stays so. */
  async run(state: StreamState, sending: Sending, trip: Trip, begun: Begun | null): Promise<StreamState> {
    this.#tally.attempt();
    const answered = begun === null ? await this.#exchange.send(sending) : await begun.answered;
    const { outcome, reply } = answered;
    if (reply.kind === 'fault' && reply.fault === 'stopped') return state;
    const round: Round = {
      ...trip,
      batch: sending.batch,
      durationMs: answered.durationMs,
      nowMs: this.#parts.clock.monotonicMs(),
      heartbeatOk: this.#parts.heartbeatOk(),
      options: this.#options,
      random: this.#parts.random,
    };
    const informed = learnCoding(state, reply.kind === 'reply' ? reply.accepts : null);
    if (outcome.kind === 'answered') return this.#takeAnswer(informed, round, answered, outcome.json);
    await this.#booking.settled();
    if (outcome.kind === 'resume') return this.#takeRedirect(informed, round, answered, outcome.expected);
    return this.#takeOther(informed, round, answered, outcome);
  }

  async #takeAnswer(state: StreamState, round: Round, answered: Answered, json: unknown): Promise<StreamState> {
    const { batch } = round;
    const answer = await this.#check(state, batch, json);
    if (answer === null) {
      await this.#booking.settled();
      const failure = { kind: 'failed', fault: 'not_an_answer', askedMs: null } as const;
      return this.#takeOther(state, round, { ...answered, outcome: failure }, failure);
    }
    this.#witness.hear(batch.shown, json, true);
    if (isSmooth(answer, batch)) await this.#booking.begin(() => this.#write(batch, answer, answered));
    else {
      await this.#booking.settled();
      await this.#write(batch, answer, answered);
    }
    const next = afterAnswer(state, round, answer);
    return batch.trial !== null && answer.noted.length === 0 ? this.#trouble.trialFailed(next, round) : next;
  }

  async #check(state: StreamState, batch: Batch, json: unknown): Promise<CheckedAnswer | null> {
    // A stream that stopped because records were refused sets no more of them aside.
    const resent = state.alarm === 'records_refused' ? new Set<number>() : state.resent;
    const { profile, acceptUnproved } = this.#options;
    if (profile === 'single') return checkSingle(batch, json, resent, acceptUnproved);
    const check = checkInSlices(batch, json, resent);
    for (;;) {
      const step = check.next();
      if (step.done) return step.value;
      await this.#turn.pass();
    }
  }

  async #write(batch: Batch, answer: CheckedAnswer, answered: Answered): Promise<void> {
    const { settlements, noted, left } = answer;
    await this.#settler.settle(settlements);
    if (noted.length > 0) {
      if (batch.trial !== null) await this.#trouble.condemn(batch.trial.sequence);
      else await this.#parts.buffer.noteGaps(this.#stream, noted);
    }
    this.#report(answer);
    const unproved = settlements.filter((one) => one.unproved).length;
    await this.#exchange.noteAnswer(answered, {
      settled: settlements.length,
      noted: noted.length,
      left: left.length,
      ...(unproved === 0 ? {} : { unproved }),
    });
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
    if (answered.reply.kind === 'reply') this.#witness.hear(round.batch.shown, answered.reply.json, false);
    await this.#exchange.noteAnswer(answered, { expected });
    return afterRedirect(state, round, await this.#trouble.settleBefore(state, round.batch, expected));
  }

  async #takeOther(
    state: StreamState,
    round: Round,
    answered: Answered,
    outcome: Exclude<Outcome, { kind: 'answered' | 'resume' }>,
  ): Promise<StreamState> {
    this.#trouble.tell(answered, outcome);
    // A token renewed in the meantime deserves a try before the alarm. That cannot go round in circles: the next 401
    // finds the same token.
    if (outcome.kind === 'unauthorised' && this.#token.reload()) {
      await this.#exchange.noteAnswer(answered, {});
      return state;
    }
    const { state: next, setAside } = afterOutcome(state, round, outcome);
    if (setAside !== null) return this.#takeRefused(state, next, round, answered, setAside);
    await this.#exchange.noteAnswer(answered, {});
    if (round.batch.trial !== null) return this.#trouble.trialFailed(next, round);
    return this.#trouble.look(state, next, round, outcome);
  }

  /** A lone record was refused for the last time. */
  async #takeRefused(
    state: StreamState,
    refused: StreamState,
    round: Round,
    answered: Answered,
    record: StoredRecord,
  ): Promise<StreamState> {
    const reason = answered.outcome.kind === 'too_large' ? 'too_large' : 'not_understood';
    const isThere = await this.#trouble.setAside(record, reason);
    await this.#exchange.noteAnswer(answered, isThere ? {} : { set_aside: record.sequence });
    if (!isThere) return refused;
    this.#tally.receipt(1);
    return afterAnswer(state, round, ONE_SETTLED);
  }
}

/** A lone record and its look-up answered in the place of the batch. */
const ONE_SETTLED: CheckedAnswer = { settlements: [], noted: [], left: [], countedCount: 1 };

/** Every entry has its verdict and none of them is one a person has to hear of. */
function isSmooth(answer: CheckedAnswer, batch: Batch): boolean {
  return answer.left.length === 0 && batch.trial === null && answer.settlements.every(({ to }) => to !== 'SET_ASIDE');
}

function learnCoding(state: StreamState, accepts: string | null): StreamState {
  const coding = state.codingPinned ? null : codingFrom(accepts);
  return coding === null ? state : { ...state, coding };
}
