/** From the PMS's answer to a batch to what the buffer is told. Every element is checked alone. Pure. */
import type { GapMarker, Settlement, StreamEntry } from '../buffer/api.ts';
import { SyncResult } from '../record/wire.ts';
import type { Batch } from './batch.ts';
import { isGap } from './ports.ts';
import { type LeftWhy, verdictOn } from './verdict.ts';

interface Left {
  readonly sequence: number;
  readonly streamSequence: number;
  readonly why: LeftWhy;
}

export interface CheckedAnswer {
  readonly settlements: readonly Settlement[];
  /** Sequences of gap markers the PMS has noted. */
  readonly noted: readonly number[];
  /** Entries without a checked verdict, in order. */
  readonly left: readonly Left[];
  /** Entries with a checked verdict: records settled now or settled before and delivered again, and noted markers. */
  readonly countedCount: number;
}

/**
 * Most records that one answer sets aside. A PMS that reckons hashes wrongly says `hash_mismatch` to whole batches: the
 * stream stops after so many, and the rest of the batch must not be given up before it does.
 */
const MOST_SET_ASIDE = 3;
const NOBODY: ReadonlySet<number> = new Set();

/**
 * Checks a 200 answer. Null when the body is no batch answer at all (a captive portal, another service): that is a
 * failed attempt. `resent` holds the sequences that met `hash_mismatch` before.
 */
export function checkAnswer(batch: Batch, json: unknown, resent: ReadonlySet<number>): CheckedAnswer | null {
  const check = checkInSlices(batch, json, resent);
  for (;;) {
    const step = check.next();
    if (step.done) return step.value;
  }
}

/** Results looked at before others get their turn: about 2 ms. */
const SLICE_RESULTS = 500;

/** The same, stopping after every slice so that a long answer does not keep the thread. */
export function* checkInSlices(
  batch: Batch,
  json: unknown,
  resent: ReadonlySet<number>,
): Generator<void, CheckedAnswer | null, void> {
  const elements = resultsIn(json);
  if (elements === null) return null;
  const results = yield* resultsByNumber(elements, batch);
  const settlements: Settlement[] = [];
  const noted: number[] = [];
  const left: Left[] = [];
  let countedCount = 0;
  let setAsideCount = 0;
  for (const [at, entry] of batch.entries.entries()) {
    if (at % SLICE_RESULTS === SLICE_RESULTS - 1) yield;
    const mayGiveUp = setAsideCount < MOST_SET_ASIDE ? resent : NOBODY;
    const outcome = outcomeOf(entry, results.get(entry.streamSequence), mayGiveUp);
    if (typeof outcome === 'string') {
      left.push({ sequence: entry.sequence, streamSequence: entry.streamSequence, why: outcome });
      continue;
    }
    countedCount += 1;
    if (outcome.settle?.to === 'SET_ASIDE') setAsideCount += 1;
    if (outcome.settle !== null) settlements.push(outcome.settle);
    else if (isGap(entry)) noted.push(entry.sequence);
  }
  return { settlements, noted, left, countedCount };
}

/** The `results` of an answer, unchecked; null when it has none. */
export function resultsIn(json: unknown): readonly unknown[] | null {
  if (typeof json !== 'object' || json === null || !('results' in json)) return null;
  return Array.isArray(json.results) ? json.results : null;
}

type Found = SyncResult | 'not_understood' | 'contradictory';

/** Elements of the answer by stream number; those outside the batch are nobody's. */
function* resultsByNumber(
  elements: readonly unknown[],
  batch: Batch,
): Generator<void, ReadonlyMap<number, Found>, void> {
  const found = new Map<number, Found>();
  for (const [at, element] of elements.entries()) {
    if (at % SLICE_RESULTS === SLICE_RESULTS - 1) yield;
    const number = numberOf(element);
    if (number === null || number < batch.first || number > batch.last) continue;
    const parsed = SyncResult.safeParse(element);
    // Two words about one record are no word: which of them should count?
    if (found.has(number)) found.set(number, 'contradictory');
    else found.set(number, parsed.success ? parsed.data : 'not_understood');
  }
  return found;
}

function numberOf(element: unknown): number | null {
  if (typeof element !== 'object' || element === null || !('stream_sequence' in element)) return null;
  return typeof element.stream_sequence === 'number' ? element.stream_sequence : null;
}

type Outcome = LeftWhy | { readonly settle: Settlement | null };

function outcomeOf(entry: StreamEntry, found: Found | undefined, resent: ReadonlySet<number>): Outcome {
  if (found === undefined) return 'missing';
  if (typeof found === 'string') return found;
  if (isGap(entry)) return notedOutcome(entry, found);
  const verdict = verdictOn(entry, found, resent.has(entry.sequence));
  if ('left' in verdict) return verdict.left;
  return { settle: isStep(entry.state, verdict.settle.to) ? verdict.settle : null };
}

function notedOutcome(marker: GapMarker, found: SyncResult): Outcome {
  if (found.payload_hash !== marker.payloadHash.toString('hex')) return 'hash_not_echoed';
  // A marker in the place of a record the PMS already has: the number is used up, which is all a marker wants.
  return found.status === 'noted' || found.status === 'duplicate' ? { settle: null } : 'not_understood';
}

/** Whether the buffer knows this step. After a 409 settled records are delivered again; states do not change back. */
export function isStep(from: string, to: Settlement['to']): boolean {
  if (from === 'PENDING') return true;
  return from === 'AWAITING_VERIFICATION' && (to === 'SYNCED' || to === 'REJECTED');
}
