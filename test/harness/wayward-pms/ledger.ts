/**
 * The honest books of a PMS that may misbehave: what it really took, by the rules and in order. However odd its answers
 * are, these books are what the checker compares with. Written apart from the reference PMS and from the gateway.
 */
import type { Request, SentBatch, SentEntry } from './request.ts';

/** What the PMS thinks of a record; the same whenever it is asked. */
export type Opinion = 'accept' | 'reject' | 'verify' | 'decline' | 'mismatch_once' | 'mismatch_always';

export interface Place {
  readonly kind: 'record' | 'refused' | 'gap';
  readonly sequence: number;
  readonly key: string | null;
  readonly laneHash: string | null;
  readonly payloadHash: string;
  readonly two: boolean;
  /** A record under verification is neither held for good nor refused. */
  standing: 'final' | 'verifying' | 'declined';
}

export interface HonestAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** Look-ups until a verification is decided. */
const LOOKUPS_TO_DECIDE = 2;
const VERIFIED_AT = '2026-11-22T09:03:00Z';

export class Ledger {
  /** By stream; entry i stands at number i + 1. */
  readonly streams = new Map<string, Place[]>([
    ['standard', []],
    ['schedule_two', []],
  ]);
  /** Final words ever said about a record by its payload hash, lost answers and lost books included. */
  readonly said = new Map<string, Set<string>>();
  /** Whether verifications end at all; false: they stay open. */
  decides = true;
  readonly #opinionOf: (key: string) => Opinion;
  readonly #lookups = new Map<string, number>();
  readonly #mismatched = new Set<string>();

  constructor(opinionOf: (key: string) => Opinion = () => 'accept') {
    this.#opinionOf = opinionOf;
  }

  expected(stream: string): number {
    return this.#line(stream).length + 1;
  }

  answer(request: Request): HonestAnswer {
    if (request.batch !== null) return this.#take(request.batch);
    return { status: 200, body: { results: (request.lookup ?? []).map((key) => this.#lookUp(key)) } };
  }

  /** The PMS comes back from an older backup: the newest `count` entries of each stream were never there. */
  forget(count: number): void {
    for (const line of this.streams.values()) line.splice(Math.max(0, line.length - count));
  }

  #line(stream: string): Place[] {
    const line = this.streams.get(stream);
    if (line === undefined) throw new Error(`a stream nobody knows: ${stream}`);
    return line;
  }

  #take(batch: SentBatch): HonestAnswer {
    const line = this.#line(batch.stream);
    const expected = line.length + 1;
    const repeated = batch.records.filter((entry) => entry.stream_sequence < expected);
    const conflict = { status: 409, body: { expected_sequence: expected } };
    if (batch.first_sequence > expected) return conflict;
    if (repeated.some((entry) => !isRepeat(line[entry.stream_sequence - 1], entry))) return conflict;
    const results: unknown[] = [];
    for (const entry of batch.records) {
      const result = this.#takeEntry(line, entry);
      results.push(result);
      // Its number stays free for the same record read again, so nothing behind it can be taken.
      if (result.status === 'hash_mismatch') break;
    }
    return { status: 200, body: { results } };
  }

  #takeEntry(line: Place[], entry: SentEntry): Record<string, unknown> {
    const held = line[entry.stream_sequence - 1];
    if (entry.gap !== undefined) {
      if (held === undefined) line.push(placeOf(entry, 'gap'));
      return { stream_sequence: entry.stream_sequence, payload_hash: entry.payload_hash, status: 'noted' };
    }
    if (held !== undefined) return this.#result(entry, held, 'duplicate');
    const opinion = this.#opinionOf(entry.idempotency_key ?? '');
    if (this.#mismatches(opinion, entry)) return { ...echoOf(entry), status: 'hash_mismatch' };
    const place = placeOf(entry, opinion === 'reject' ? 'refused' : 'record');
    if (opinion === 'verify' || opinion === 'decline') place.standing = 'verifying';
    line.push(place);
    return this.#result(entry, place, 'accepted');
  }

  #mismatches(opinion: Opinion, entry: SentEntry): boolean {
    if (opinion === 'mismatch_always') return true;
    if (opinion !== 'mismatch_once' || this.#mismatched.has(entry.payload_hash)) return false;
    this.#mismatched.add(entry.payload_hash);
    return true;
  }

  /** `yes`: what a held record is answered with. */
  #result(entry: SentEntry, place: Place, yes: 'accepted' | 'duplicate'): Record<string, unknown> {
    const status = this.#word(place, yes);
    if (status === 'rejected') return { ...echoOf(entry), status, reason: 'not_wanted' };
    return { ...echoOf(entry), status, pms_id: `P${entry.sequence}`, ...this.#verification(place) };
  }

  #lookUp(key: string): unknown {
    const place = [...this.streams.values()].flat().find((each) => each.key === key);
    if (place === undefined) return { idempotency_key: key, status: 'unknown' };
    this.#decide(key, place);
    const status = place.standing === 'declined' ? 'declined' : this.#word(place, 'accepted');
    return { idempotency_key: key, payload_hash: place.payloadHash, status, ...this.#verification(place) };
  }

  #decide(key: string, place: Place): void {
    if (place.standing !== 'verifying' || !this.decides) return;
    const lookups = (this.#lookups.get(key) ?? 0) + 1;
    this.#lookups.set(key, lookups);
    if (lookups < LOOKUPS_TO_DECIDE) return;
    place.standing = this.#opinionOf(key) === 'decline' ? 'declined' : 'final';
    this.#word(place, 'accepted');
  }

  #word(place: Place, yes: string): string {
    if (place.kind === 'gap') return 'rejected';
    const status =
      place.kind === 'refused' || place.standing === 'declined'
        ? 'rejected'
        : place.standing === 'verifying'
          ? 'pending_verification'
          : yes;
    const words = this.said.get(place.payloadHash) ?? new Set();
    this.said.set(place.payloadHash, words.add(status === 'duplicate' ? 'accepted' : status));
    return status;
  }

  #verification(place: Place): object {
    if (!place.two || place.kind !== 'record' || place.standing !== 'final') return {};
    const { payloadHash: payload_hash } = place;
    return { verification: { status: 'verified', payload_hash, verifier_id: 'V-1', verified_at_utc: VERIFIED_AT } };
  }
}

/** A marker may come for a number that a record has used: its answer was lost and the record given up since. */
function isRepeat(place: Place | undefined, entry: SentEntry): boolean {
  if (place?.payloadHash !== entry.payload_hash) return false;
  return entry.gap !== undefined || place.key === entry.idempotency_key;
}

function echoOf(entry: SentEntry) {
  const { stream_sequence, idempotency_key, payload_hash } = entry;
  return { stream_sequence, idempotency_key, payload_hash };
}

function placeOf(entry: SentEntry, kind: Place['kind']): Place {
  return {
    kind,
    sequence: entry.sequence,
    key: entry.idempotency_key ?? null,
    laneHash: entry.lane_hash ?? null,
    payloadHash: entry.payload_hash,
    two: entry.schedule === 'II',
    standing: 'final',
  };
}
