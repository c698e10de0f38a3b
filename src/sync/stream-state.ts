/**
 * All a stream remembers between two requests, and how each answer changes it. Pure; the loop that acts on it is in
 * `stream-sync.ts`. Nothing of this is on disk, on purpose: every member can be found again by asking, and what was
 * kept from before a restart might be wrong by now. After a restart the stream starts at its oldest pending record, and
 * the PMS's answers (duplicate, 409) lead it to where it was. Alarms ring again at the first trial that meets their
 * cause. Refusals and suspicions count anew, so a gateway that restarts again and again condemns nothing. A
 * `Retry-After` is forgotten; what a start costs the PMS is one small request after a random wait (`startSpreadMs`).
 *
 * A stream with an alarm of `STOPPING` has stopped: it sends one single entry every `stoppedRetryMs` as a trial, so that it
 * starts again by itself when somebody has mended the other side.
 */
import type { Random } from '../base/clock.ts';
import type { StoredRecord } from '../buffer/api.ts';
import type { CheckedAnswer } from './answer.ts';
import { breakerOf, failed, fullJitterMs, READY, type Retry, succeeded } from './backoff.ts';
import type { Batch } from './batch.ts';
import type { Coding, SyncOptions } from './options.ts';
import { mayBeTheRecord, type Outcome } from './outcome.ts';
import { type Pace, paced, slowed, startPace } from './pace.ts';
import { isGap, type SyncAlarm } from './ports.ts';
import { AT_OLDEST, answered, type Position, redirected, type Source } from './position.ts';
import { acquitted, isOnTrial, type Suspect, suspected } from './suspect.ts';
import { fullWindow, lightened, narrowed, type Window, widened } from './window.ts';

export interface StreamState {
  readonly window: Window;
  readonly pace: Pace;
  readonly position: Position;
  readonly retry: Retry;
  readonly coding: Coding;
  /** The PMS refused a coding it had offered (415): nothing but identity from then on. */
  readonly codingPinned: boolean;
  /** Sequences that met `hash_mismatch` once. */
  readonly resent: ReadonlySet<number>;
  /** The lone record that met 400, 413 or 422, and how often while the heartbeat passed. */
  readonly refusal: { readonly sequence: number; readonly times: number } | null;
  /** The lone record with which the PMS seems to fail for good. */
  readonly suspect: Suspect | null;
  /** Sequence whose marker went out as a trial that was never answered: its number may be used up by it. */
  readonly openTrial: number | null;
  readonly setAsideInRow: number;
  /** 409 answers since the last batch that was answered. */
  readonly conflictsInRow: number;
  readonly alarm: SyncAlarm | null;
}

export type StateOptions = Pick<
  SyncOptions,
  'maxBodyBytes' | 'retryBaseMs' | 'retryCapMs' | 'breakerThreshold' | 'stoppedRetryMs' | 'suspectAfterMs' | 'coding'
> & { readonly batchSize: number };

/** What an answer is judged with. */
export interface Round {
  readonly batch: Batch;
  readonly source: Source;
  /** More entries were waiting when the batch was made. */
  readonly more: boolean;
  /** How long the request took. */
  readonly durationMs: number;
  readonly nowMs: number;
  readonly heartbeatOk: boolean;
  readonly options: StateOptions;
  readonly random: Random;
}

/** A lone record the PMS cannot read is set aside after this many refusals. */
const REFUSALS_TO_SET_ASIDE = 3;
/** So many records set aside in a row are the PMS's fault, or ours, but not theirs. */
const SET_ASIDE_TO_STOP = 3;
/** A second redirection may be honest (both sides restored); a third is a quarrel. */
const CONFLICTS_TO_ALARM = 3;
const STOPPING: ReadonlySet<SyncAlarm> = new Set([
  'authentication',
  'no_service',
  'records_refused',
  'history_missing',
]);

export function startState(options: StateOptions): StreamState {
  return {
    window: fullWindow(options),
    pace: startPace(options.batchSize),
    position: AT_OLDEST,
    retry: READY,
    coding: options.coding === 'auto' ? 'identity' : options.coding,
    codingPinned: options.coding !== 'auto',
    resent: new Set(),
    refusal: null,
    suspect: null,
    openTrial: null,
    setAsideInRow: 0,
    conflictsInRow: 0,
    alarm: null,
  };
}

export function isStopped(state: StreamState): boolean {
  return state.alarm !== null && STOPPING.has(state.alarm);
}

/** Most entries of the next batch: one while the stream is stopped or the breaker half open. */
export function entryLimit(state: StreamState, nowMs: number, options: StateOptions): number {
  const trial = isStopped(state) || breakerOf(state.retry, nowMs, options) !== 'closed';
  return trial || state.suspect !== null ? 1 : Math.min(state.window.limit, state.pace.entries);
}

/** Sequence of the record whose marker goes next in its place, to see whether the PMS takes that; null for none. */
export function onTrial(state: StreamState, nowMs: number, options: StateOptions): number | null {
  if (isStopped(state) || !isOnTrial(state.suspect, nowMs, options.suspectAfterMs)) return null;
  return state.suspect?.sequence ?? null;
}

/** The attempt came to nothing; wait. */
export function afterFailure(state: StreamState, round: Timing, askedMs: number | null = null): StreamState {
  return { ...state, retry: failed(state.retry, round.nowMs, askedMs, round.options, round.random) };
}

type Timing = Pick<Round, 'nowMs' | 'options' | 'random'>;

/** Stop with an alarm; the wait is nobody's to cut short but a person's. */
function stopWith(state: StreamState, alarm: SyncAlarm, round: Timing): StreamState {
  const notBeforeMs = round.nowMs + round.options.stoppedRetryMs;
  return { ...state, alarm, retry: { ...state.retry, failures: state.retry.failures + 1, notBeforeMs, asked: true } };
}

/** The PMS answered the batch with results, checked in `answer`. */
export function afterAnswer(state: StreamState, round: Round, answer: CheckedAnswer): StreamState {
  const { batch, source, nowMs, options } = round;
  const moved: StreamState = {
    ...state,
    position: answered(state.position, source, answeredBatch(round, answer), nowMs, waitOf(round)),
    resent: resentAfter(state.resent, answer),
  };
  if (answer.countedCount === 0) {
    return isBehind(source) ? moved : afterFailure({ ...moved, position: state.position }, round);
  }
  const setAsideInRow = setAsideAfter(state.setAsideInRow, batch, answer);
  const settled: StreamState = {
    ...moved,
    pace: paced(state.pace, { count: batch.entries.length, durationMs: round.durationMs }, options.batchSize),
    window: widened(state.window, sentOf(batch), options),
    retry: succeeded(state.retry),
    refusal: null,
    suspect: null,
    openTrial: null,
    setAsideInRow,
    conflictsInRow: 0,
    alarm: alarmAfter(state, moved.position, recordsTold(batch, answer) > 0),
  };
  return setAsideInRow >= SET_ASIDE_TO_STOP ? stopWith(settled, 'records_refused', round) : settled;
}

function answeredBatch({ batch, more }: Round, answer: CheckedAnswer) {
  return { first: batch.first, last: batch.last, more, left: answer.left.map((left) => left.streamSequence) };
}

/** The least keeps what is behind from taking every turn when chance gives it no wait. */
function waitOf(round: Timing): (failures: number) => number {
  const { options, random } = round;
  return (failures) => Math.max(options.retryBaseMs, fullJitterMs(failures, options, random));
}

/** What is behind has a wait of its own, so its failures do not slow the front down. */
function isBehind(source: Source): boolean {
  return source.read === 'pending' && source.below !== null;
}

function resentAfter(resent: ReadonlySet<number>, answer: CheckedAnswer): ReadonlySet<number> {
  const next = new Set(resent);
  for (const { sequence } of answer.settlements) next.delete(sequence);
  for (const { sequence, why } of answer.left) if (why === 'hash_mismatch') next.add(sequence);
  return next;
}

/** Records with a verdict other than set aside: the sign that the PMS can read what we send. */
function recordsTold(batch: Batch, answer: CheckedAnswer): number {
  const setAside = answer.settlements.filter((settlement) => settlement.to === 'SET_ASIDE').length;
  const left = new Set(answer.left.map((entry) => entry.sequence));
  const records = batch.entries.filter((entry) => !isGap(entry) && !left.has(entry.sequence)).length;
  return records - setAside;
}

function setAsideAfter(before: number, batch: Batch, answer: CheckedAnswer): number {
  // A trial that was noted has just set its record aside.
  if (batch.trial !== null) return before + answer.noted.length;
  const setAside = answer.settlements.filter((settlement) => settlement.to === 'SET_ASIDE').length;
  return recordsTold(batch, answer) > 0 ? setAside : before + setAside;
}

/** A noted marker proves the connection but not that records can be read; what is behind may still be in conflict. */
function alarmAfter(state: StreamState, position: Position, told: boolean): SyncAlarm | null {
  if (state.alarm === 'records_refused' && !told) return state.alarm;
  if (state.alarm === 'sequence_conflict' && position.behind !== null) return state.alarm;
  return null;
}

/** A 409, and what a look-up of our numbers before `expected` gave; for a lower number there was none. */
export interface Redirect {
  readonly expected: number;
  readonly settledAll: boolean;
  readonly unknownCount: number;
  /** Records whose marker turned out to have been noted although its answer was lost. */
  readonly setAsideCount: number;
}

export function afterRedirect(state: StreamState, round: Round, found: Redirect): StreamState {
  const { batch, nowMs, source } = round;
  const { expected } = found;
  if (expected === batch.first) return afterFailure(state, round);
  const setAsideInRow = state.setAsideInRow + found.setAsideCount;
  const conflictsInRow = found.settledAll ? 0 : state.conflictsInRow + 1;
  const position = redirected(state.position, expected, batch.first, found.settledAll, nowMs, waitOf(round));
  const conflict = found.unknownCount > 0 && !isStopped(state);
  const next: StreamState = {
    ...state,
    position,
    conflictsInRow,
    setAsideInRow,
    ...(found.setAsideCount === 0 ? {} : { suspect: null, openTrial: null }),
    alarm: conflict ? 'sequence_conflict' : state.alarm,
  };
  if (found.setAsideCount > 0 && setAsideInRow >= SET_ASIDE_TO_STOP) return stopWith(next, 'records_refused', round);
  if (isBehind(source) && expected > batch.first) return { ...next, conflictsInRow: state.conflictsInRow };
  if (conflictsInRow < 2) return { ...next, retry: READY };
  const quarrel = expected < batch.first && conflictsInRow >= CONFLICTS_TO_ALARM;
  return quarrel ? stopWith(next, 'history_missing', round) : afterFailure(next, round);
}

/** Any other outcome. `setAside` is a lone record that is to be set aside now, unless the PMS has it all the same. */
export function afterOutcome(
  state: StreamState,
  round: Round,
  outcome: Exclude<Outcome, { kind: 'answered' | 'resume' }>,
): { readonly state: StreamState; readonly setAside: StoredRecord | null } {
  const sent = sentOf(round.batch);
  const only = (next: StreamState) => ({ state: next, setAside: null });
  switch (outcome.kind) {
    case 'unauthorised':
      return only(stopWith(state, 'authentication', round));
    case 'no_service':
      return only(stopWith(state, 'no_service', round));
    case 'failed':
      return only(afterFailed(state, round, outcome));
    case 'coding_refused':
      if (state.coding === 'identity') return only(afterFailure(state, round));
      return only({ ...state, coding: 'identity', codingPinned: true });
    case 'too_large':
      if (sent.count === 1) return afterLoneRefusal(state, round);
      return only({ ...state, window: lightened(state.window, sent), retry: READY });
    case 'refused':
      if (sent.count === 1) return afterLoneRefusal(state, round);
      return only({ ...state, window: narrowed(state.window, sent), retry: READY });
  }
}

/**
 * An attempt that failed. Once the breaker has opened over it, a batch that failed over what it holds is searched by
 * prefix as after a refusal, with the back-off between the steps.
 */
function afterFailed(state: StreamState, round: Round, outcome: Outcome & { readonly kind: 'failed' }): StreamState {
  const { batch, options, heartbeatOk } = round;
  const count = batch.entries.length;
  const next = afterFailure(state, round, outcome.askedMs);
  const pace = outcome.fault === 'timed_out' ? slowed(state.pace, count, options.batchSize) : state.pace;
  const searching = state.window.suspectUpTo !== null || next.retry.failures >= options.breakerThreshold;
  if (count === 1 || !searching || !heartbeatOk || !mayBeTheRecord(outcome)) return { ...next, pace };
  return { ...next, pace, window: narrowed(state.window, sentOf(batch)) };
}

/** Whether a failed attempt is reason to ask what the PMS makes of this lone record. */
export function isSuspicious(state: StreamState, round: Round, outcome: Outcome): boolean {
  const { batch, heartbeatOk, options } = round;
  const [entry, ...others] = batch.entries;
  if (entry === undefined || others.length > 0 || isGap(entry) || entry.state !== 'PENDING') return false;
  const tried = state.retry.failures >= options.breakerThreshold;
  return tried && heartbeatOk && !isStopped(state) && mayBeTheRecord(outcome);
}

/** The look-up after a failed attempt passed, and the PMS does not have the lone record. */
export function afterSuspicion(state: StreamState, round: Round, sequence: number): StreamState {
  const suspect = suspected(state.suspect, sequence, round.nowMs);
  const next = { ...state, suspect };
  if (onTrial(next, round.nowMs, round.options) === null) return next;
  return { ...next, retry: { ...state.retry, notBeforeMs: round.nowMs } };
}

/** The trial came to nothing. Without an answer the PMS may have noted the marker all the same. */
export function afterTrial(state: StreamState, round: Round, record: { readonly sequence: number }): StreamState {
  return { ...state, suspect: acquitted(state.suspect, round.nowMs), openTrial: record.sequence };
}

function sentOf(batch: Batch) {
  return { last: batch.last, count: batch.entries.length, bytes: batch.body.length };
}

function afterLoneRefusal(state: StreamState, round: Round) {
  const [entry] = round.batch.entries;
  // A captive portal says 400 too: only while the heartbeat passes is it the record's own fault.
  const counts = entry !== undefined && !isGap(entry) && entry.state === 'PENDING' && round.heartbeatOk;
  if (!counts) return { state: afterFailure(state, round), setAside: null };
  if (state.alarm === 'records_refused') return { state: stopWith(state, 'records_refused', round), setAside: null };
  const times = state.refusal?.sequence === entry.sequence ? state.refusal.times + 1 : 1;
  if (times < REFUSALS_TO_SET_ASIDE) {
    return { state: afterFailure({ ...state, refusal: { sequence: entry.sequence, times } }, round), setAside: null };
  }
  const setAsideInRow = state.setAsideInRow + 1;
  const next: StreamState = { ...state, refusal: null, setAsideInRow, retry: READY };
  const stops = setAsideInRow >= SET_ASIDE_TO_STOP;
  return { state: stops ? stopWith(next, 'records_refused', round) : next, setAside: entry };
}
