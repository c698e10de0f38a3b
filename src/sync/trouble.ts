/**
 * What a stream does about answers that bring it no further: telling them, looking up what the PMS has already, and
 * giving up single records once that is proved to help.
 */
import type { StoredRecord } from '../buffer/api.ts';
import type { Stream } from '../record/types.ts';
import type { Batch } from './batch.ts';
import type { Answered, Exchange } from './exchange.ts';
import { LOOKUP_LIMIT } from './lookup.ts';
import type { Outcome } from './outcome.ts';
import { isGap, type SyncParts } from './ports.ts';
import type { Settler } from './settler.ts';
import { Strays } from './stray.ts';
import {
  afterAnswer,
  afterSuspicion,
  afterTrial,
  isSuspicious,
  type Redirect,
  type Round,
  type StreamState,
} from './stream-state.ts';
import type { Tally } from './tally.ts';
import { subjectOf } from './verdict.ts';

export class Trouble {
  readonly #stream: Stream;
  readonly #parts: SyncParts;
  readonly #exchange: Exchange;
  readonly #tally: Tally;
  readonly #settler: Settler;
  readonly #canLookUp: boolean;
  readonly #strays: Strays;

  constructor(parts: {
    readonly stream: Stream;
    readonly options: { readonly profile: 'batch' | 'single'; readonly suspectAfterMs: number };
    readonly sync: SyncParts;
    readonly exchange: Exchange;
    readonly tally: Tally;
    readonly settler: Settler;
  }) {
    this.#stream = parts.stream;
    this.#parts = parts.sync;
    this.#exchange = parts.exchange;
    this.#tally = parts.tally;
    this.#settler = parts.settler;
    this.#canLookUp = parts.options.profile === 'batch';
    this.#strays = new Strays(parts.options.suspectAfterMs);
  }

  /** Counts a failure; the first of its kind in a row is worth a line. */
  tell({ reply }: Answered, outcome: Exclude<Outcome, { kind: 'answered' | 'resume' }>): void {
    const fault = outcome.kind === 'failed' ? outcome.fault : outcome.kind;
    if (!this.#tally.fault(fault) || fault !== 'redirected' || reply.kind !== 'reply') return;
    this.#parts.log.error('the PMS answers with a redirect; it is not followed and nothing more is sent there', {
      stream: this.#stream,
      status: reply.status,
      to: reply.location ?? 'unknown',
      hint: 'If the PMS has moved, write its new address into pms.url; if not, look for a login page of the provider.',
    });
  }

  /**
   * A lone record has been refused often enough. If the PMS has it all the same (an answer was lost, and what came after
   * is refused), its word settles it and true comes back; else it is set aside.
   */
  async setAside(record: StoredRecord, reason: 'too_large' | 'not_understood'): Promise<boolean> {
    const { sequence } = record;
    if (this.#canLookUp && (await this.#isThere(record))) return true;
    this.#parts.log.error('a record is set aside: the PMS cannot read it', { stream: this.#stream, sequence });
    await this.#settler.setAside(sequence, reason, false);
    return false;
  }

  async #isThere(record: StoredRecord): Promise<boolean> {
    const { answered, checked } = await this.#exchange.lookUp([subjectOf(record)]);
    const settlements = checked?.settlements ?? [];
    await this.#settler.settle(settlements);
    await this.#exchange.noteAnswer(answered, {
      settled: settlements.length,
      unknown: checked?.unknown.length ?? 0,
    });
    return settlements.length > 0;
  }

  /** The PMS has taken the marker in the record's place. */
  async condemn(sequence: number): Promise<void> {
    this.#parts.log.error('a record is set aside: the PMS fails with it again and again and takes its marker', {
      stream: this.#stream,
      sequence,
    });
    await this.#settler.setAside(sequence, 'upstream_error', true);
  }

  async #giveUp(sequence: number): Promise<void> {
    this.#parts.log.error('a record is set aside: the PMS has used its number up and does not know it', {
      stream: this.#stream,
      sequence,
    });
    await this.#settler.setAside(sequence, 'number_used_up', true);
  }

  trialFailed(state: StreamState, round: Round): StreamState {
    const record = round.batch.trial;
    return record === null ? state : afterTrial(state, round, record);
  }

  /**
   * After a lone record failed: does the PMS have it all the same (only its answers get lost), does it answer at all? `was`
   * is the state before the failure, `state` the one after it.
   */
  async look(was: StreamState, state: StreamState, round: Round, outcome: Outcome): Promise<StreamState> {
    const [record] = round.batch.entries;
    if (!this.#canLookUp || record === undefined || isGap(record)) return state;
    if (!isSuspicious(was, round, outcome)) return state;
    const { answered, checked } = await this.#exchange.lookUp([subjectOf(record)]);
    const settlements = checked?.settlements ?? [];
    const unknown = checked?.unknown.length ?? 0;
    await this.#settler.settle(settlements);
    await this.#exchange.noteAnswer(answered, { settled: settlements.length, unknown });
    if (settlements.length > 0) {
      this.#tally.receipt(1);
      return afterAnswer(state, round, { settlements, noted: [], left: [], countedCount: 1 });
    }
    return unknown > 0 ? afterSuspicion(state, round, record.sequence) : state;
  }

  /** Entries whose numbers the PMS has used up already: markers have done their work, records are looked up. */
  async settleBefore(state: StreamState, batch: Batch, expected: number): Promise<Redirect> {
    const used = batch.entries.filter((entry) => entry.streamSequence < expected);
    if (used.length === 0) return { expected, settledAll: false, unknownCount: 0, setAsideCount: 0 };
    const markers = batch.trial === null ? used.filter(isGap).map((marker) => marker.sequence) : [];
    if (markers.length > 0) await this.#parts.buffer.noteGaps(this.#stream, markers);
    const records = batch.trial === null ? used.flatMap((entry) => (isGap(entry) ? [] : [entry])) : [batch.trial];
    const asked = records.filter((record) => record.state === 'PENDING').slice(0, LOOKUP_LIMIT);
    if (asked.length === 0) return { expected, settledAll: true, unknownCount: 0, setAsideCount: 0 };
    return { expected, ...(await this.#lookUp(asked, state.openTrial)) };
  }

  /** `openTrial`: the record whose marker may have used its number up; it is set aside if the PMS does not have it. */
  async #lookUp(asked: readonly StoredRecord[], openTrial: number | null) {
    const { answered, checked } = await this.#exchange.lookUp(asked.map(subjectOf));
    const settlements = checked?.settlements ?? [];
    await this.#settler.settle(settlements);
    const unknown = checked?.unknown ?? [];
    const tried = unknown.filter((sequence) => sequence === openTrial);
    for (const sequence of tried) await this.condemn(sequence);
    const others = unknown.filter((sequence) => sequence !== openTrial);
    const strays = this.#strays.unknown(others, this.#parts.clock.monotonicMs());
    for (const sequence of strays) await this.#giveUp(sequence);
    const given = [...tried, ...strays];
    await this.#exchange.noteAnswer(answered, { settled: settlements.length, unknown: unknown.length });
    return {
      settledAll: settlements.length + given.length === asked.length,
      unknownCount: unknown.length - given.length,
      setAsideCount: given.length,
    };
  }
}
