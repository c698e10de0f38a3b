/** Asking the PMS what it holds under our keys: request and check of the answer. Pure. */

import type { Settlement } from '../buffer/api.ts';
import { LookupResult } from '../record/wire.ts';
import { resultsIn } from './answer.ts';
import { lookupVerdictOn, type Subject, type Verdict } from './verdict.ts';

/** Most keys in one look-up (the wire allows 1000). */
export const LOOKUP_LIMIT = 500;

export interface CheckedLookup {
  readonly settlements: readonly Settlement[];
  /** Sequences of records the PMS says it does not hold. */
  readonly unknown: readonly number[];
  /** Sequences without a word that counts. */
  readonly left: readonly number[];
}

export function lookupBody(gatewayId: string, subjects: readonly Subject[]): Buffer {
  return Buffer.from(
    JSON.stringify({ gateway_id: gatewayId, keys: subjects.map((subject) => subject.idempotencyKey) }),
  );
}

/** Checks a 200 answer; null when it is no look-up answer. */
export function checkLookup(subjects: readonly Subject[], json: unknown, gatewayId: string): CheckedLookup | null {
  const elements = resultsIn(json);
  if (elements === null) return null;
  const settlements: Settlement[] = [];
  const unknown: number[] = [];
  const left: number[] = [];
  const byKey = wordsByKey(elements, gatewayId);
  for (const subject of subjects) {
    const verdict = oneVerdict(subject, byKey.get(subject.idempotencyKey) ?? []);
    if (verdict === null) left.push(subject.sequence);
    else if ('settle' in verdict) settlements.push(verdict.settle);
    else if (verdict.left === 'not_known') unknown.push(subject.sequence);
    else left.push(subject.sequence);
  }
  return { settlements, unknown, left };
}

/** Words about our own records only: keys are unique per store, and the PMS may name other gateways' too. */
function wordsByKey(elements: readonly unknown[], gatewayId: string): ReadonlyMap<string, readonly LookupResult[]> {
  const byKey = new Map<string, LookupResult[]>();
  for (const element of elements) {
    const { data } = LookupResult.safeParse(element);
    if (data === undefined || (data.gateway_id ?? gatewayId) !== gatewayId) continue;
    const words = byKey.get(data.idempotency_key);
    if (words === undefined) byKey.set(data.idempotency_key, [data]);
    else words.push(data);
  }
  return byKey;
}

/** One word counts. Several count only when they say the same (one key in two epochs); else nobody knows. */
function oneVerdict(subject: Subject, words: readonly LookupResult[]): Verdict | null {
  const [first, ...others] = words.map((word) => lookupVerdictOn(subject, word));
  if (first === undefined || others.some((other) => outcomeName(other) !== outcomeName(first))) return null;
  return first;
}

function outcomeName(verdict: Verdict): string {
  return 'settle' in verdict ? verdict.settle.to : verdict.left;
}
