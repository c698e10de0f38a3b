/** What a rule may demand of an answer. Each throws a `Shortfall` that says what was seen and what was wanted. */
import {
  ConflictResponse,
  type GapMarker,
  isGapMarker,
  LookupResponse,
  type LookupResult,
  type SyncRecord,
  SyncResponse,
  type SyncResult,
  type SyncStatus,
} from '../../../record/wire.ts';
import type { Peer, PeerAnswer } from './peer.ts';

/** The PMS falls short of a rule. */
export class Shortfall extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Shortfall';
  }
}

/** One of these HTTP statuses. */
export function wantStatus(answer: PeerAnswer, ...statuses: readonly number[]): void {
  if (statuses.includes(answer.status)) return;
  throw new Shortfall(`answered ${answer.status} where ${statuses.join(' or ')} is right`);
}

/** 409 with this number. */
export function wantConflict(answer: PeerAnswer, expected: number): void {
  wantStatus(answer, 409);
  const parsed = ConflictResponse.safeParse(answer.body);
  if (!parsed.success) throw new Shortfall('409 has no expected_sequence');
  if (parsed.data.expected_sequence === expected) return;
  throw new Shortfall(`409 expects ${parsed.data.expected_sequence} where ${expected} is right`);
}

/** 200 with one result for each entry, in order, echoing number, key and hash, with these statuses. */
export function wantResults(
  answer: PeerAnswer,
  entries: readonly (SyncRecord | GapMarker)[],
  ...statuses: readonly (SyncStatus | readonly SyncStatus[])[]
): SyncResult[] {
  wantStatus(answer, 200);
  const parsed = SyncResponse.safeParse(answer.body);
  if (!parsed.success) throw new Shortfall(notTheWireFormat(answer, parsed.error.issues[0]));
  const { results } = parsed.data;
  if (results.length !== statuses.length) {
    throw new Shortfall(
      `${results.length} results where ${statuses.length} ${statuses.length === 1 ? 'is' : 'are'} right`,
    );
  }
  for (const [index, result] of results.entries()) {
    wantEcho(entries[index], result, index);
    const wanted = [statuses[index] ?? []].flat();
    if (wanted.includes(result.status)) continue;
    throw new Shortfall(`result ${index + 1} is ${result.status} where ${wanted.join(' or ')} is right`);
  }
  return results;
}

function notTheWireFormat(answer: PeerAnswer, issue: { path: PropertyKey[]; message: string } | undefined): string {
  const coding = answer.headers['content-encoding'];
  if (coding !== undefined) return `the answer is coded ${String(coding)}, which nobody asked for`;
  if (answer.body === undefined) return 'the answer is not JSON';
  return `the answer is not of the wire format: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`;
}

function wantEcho(entry: SyncRecord | GapMarker | undefined, result: SyncResult, index: number): void {
  const which = `result ${index + 1}`;
  if (entry === undefined) throw new Shortfall(`${which} answers nothing that was sent`);
  if (result.stream_sequence !== entry.stream_sequence) throw new Shortfall(`${which} echoes another stream_sequence`);
  if (result.payload_hash !== entry.payload_hash) throw new Shortfall(`${which} echoes another payload_hash`);
  if (isGapMarker(entry)) return;
  if (result.idempotency_key !== entry.idempotency_key) throw new Shortfall(`${which} echoes another idempotency_key`);
}

/** 200 with exactly one result for the key. */
export function wantLookup(answer: PeerAnswer, key: string): LookupResult {
  wantStatus(answer, 200);
  const parsed = LookupResponse.safeParse(answer.body);
  if (!parsed.success) throw new Shortfall('the look-up answer is not of the wire format');
  const [result, ...more] = parsed.data.results.filter((each) => each.idempotency_key === key);
  if (result === undefined || more.length > 0)
    throw new Shortfall(`${more.length + (result ? 1 : 0)} answers for one key`);
  return result;
}

/** What the look-up says of a record that the PMS must hold as accepted. */
export function wantHeld(result: LookupResult, record: SyncRecord): void {
  if (result.status !== 'accepted') throw new Shortfall(`look-up says ${result.status} where accepted is right`);
  if (result.payload_hash !== record.payload_hash) throw new Shortfall('look-up echoes another payload_hash');
}

/** The PMS's second verification of a Schedule II record, for its very hash. */
export function wantVerified(result: SyncResult | LookupResult, record: SyncRecord): void {
  if (result.verification == null) throw new Shortfall('a Schedule II record is accepted without verification');
  if (result.verification.payload_hash === record.payload_hash) return;
  throw new Shortfall('the verification names another payload_hash');
}

/** Nothing is held under the keys of these records; `of` says what they came in. */
export async function wantNothingStored(
  peer: Peer,
  gatewayId: string,
  records: readonly SyncRecord[],
  of: string,
): Promise<void> {
  const keys = records.map(({ idempotency_key }) => idempotency_key);
  const answer = await peer.lookup(gatewayId, keys);
  const stored = keys.filter((key) => wantLookup(answer, key).status !== 'unknown');
  if (stored.length > 0) throw new Shortfall(`kept ${stored.length} of ${keys.length} records of ${of}`);
}
