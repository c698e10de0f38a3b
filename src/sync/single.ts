/**
 * `sync.profile: single`, for a PMS that knows only one request: POST a record with its key in `X-Idempotency-Key`,
 * answered by a bare 2xx. What such an answer proves is decided here. Pure.
 *
 * A PMS that names key and hash in its answer gives a checked receipt like any other. One that names neither has proved
 * nothing; its yes counts only where the configuration says so (`sync.accept_unproved`, over verified TLS), and the
 * record is marked as unproved for good. One that names another key or hash has said yes to something else, which
 * never counts.
 */
import type { Settlement, StoredRecord } from '../buffer/api.ts';
import { SyncResult } from '../record/wire.ts';
import { type CheckedAnswer, isStep, resultsIn } from './answer.ts';
import type { Batch } from './batch.ts';
import { type Outcome, outcomeOf, type Reply } from './outcome.ts';
import { isGap } from './ports.ts';
import { type LeftWhy, type Verdict, verdictOn } from './verdict.ts';

/** 203 and 206 come from somebody between, 205 makes no sense. */
const YES = new Set([200, 201, 202, 204]);

/** What a reply to one record means; `answered` here may have nothing to read in it. */
export function singleOutcomeOf(reply: Reply, utcMs: number, retryAfterCapMs: number): Outcome {
  if (reply.kind === 'fault') return outcomeOf(reply, utcMs, retryAfterCapMs);
  // 409: the key is there already.
  if (!YES.has(reply.status) && reply.status !== 409) return outcomeOf(reply, utcMs, retryAfterCapMs);
  // A page for people was not written by the program that takes records.
  if (reply.page) return { kind: 'failed', fault: 'not_json', askedMs: null };
  return { kind: 'answered', json: reply.json };
}

/** Checks the answer to a single record as `checkAnswer` does for a batch. */
export function checkSingle(
  batch: Batch,
  json: unknown,
  resent: ReadonlySet<number>,
  acceptUnproved: boolean,
): CheckedAnswer {
  const empty = { settlements: [], noted: [], left: [], countedCount: 0 };
  const [record] = batch.entries;
  if (record === undefined || isGap(record)) return empty;
  const { sequence, streamSequence } = record;
  const verdict = verdictOfWord(record, wordIn(json), resent.has(sequence));
  if ('settle' in verdict) return { ...empty, settlements: stepsOf(record.state, verdict.settle), countedCount: 1 };
  if (acceptUnproved && PROVES_NOTHING.has(verdict.left)) {
    return { ...empty, settlements: stepsOf(record.state, withoutProof(sequence)), countedCount: 1 };
  }
  return { ...empty, left: [{ sequence, streamSequence, why: verdict.left }] };
}

/** What a yes may leave open where unproved ones are accepted. A word about another key or hash is not among them. */
const PROVES_NOTHING: ReadonlySet<LeftWhy> = new Set(['unproved', 'unverified']);

/** What the answer says of the record: the only result of our own shape, or the object itself; null when it says nothing. */
function wordIn(json: unknown): Readonly<Record<string, unknown>> | null {
  const results = resultsIn(json);
  const word = results === null ? json : results.length === 1 ? results[0] : null;
  return typeof word === 'object' && word !== null ? { ...word } : null;
}

function verdictOfWord(record: StoredRecord, word: ReturnType<typeof wordIn>, resent: boolean): Verdict {
  const key = word?.idempotency_key ?? null;
  const hash = word?.payload_hash ?? null;
  if (key !== null && key !== record.idempotencyKey) return { left: 'key_not_echoed' };
  if (hash !== null && hash !== record.payloadHash.toString('hex')) return { left: 'hash_not_echoed' };
  if (key === null || hash === null) return { left: 'unproved' };
  // A 2xx without a status of our kind is the yes; with one, the status is the word.
  const { data } = SyncResult.safeParse({ status: 'accepted', ...word, stream_sequence: record.streamSequence });
  return data === undefined ? { left: 'unproved' } : verdictOn(record, data, resent);
}

function withoutProof(sequence: number): Settlement {
  return { sequence, to: 'SYNCED', pmsId: null, reason: null, verification: null, unproved: true };
}

function stepsOf(from: string, settlement: Settlement): readonly Settlement[] {
  return isStep(from, settlement.to) ? [settlement] : [];
}
