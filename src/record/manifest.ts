/**
 * The DEA audit manifest of a reconciliation run, as pure data: what its parts and its statement say, and whether a
 * manifest holds. It names records by number and hash only. The buffer signs and stores it in trail `schedule_two`; anyone
 * with the gateway's public key can check it with this file alone.
 */
import { hash, type KeyObject } from 'node:crypto';
import { canonicalBytes } from './canonical.ts';
import { fromCompact, readJws, verifyDetached } from './jws.ts';
import type { TrailBodyOf } from './trail-kinds.ts';
import type { State } from './types.ts';

/** One Schedule II record that a run brought to an end, or is still about. */
export interface ManifestRecord {
  readonly sequence: number;
  readonly streamSequence: number | null;
  /** base64, as in the trail. */
  readonly payloadHash: string;
  readonly laneHash: string | null;
  /** `kid` of every signature on the record that held when it was looked at. */
  readonly signers: readonly string[];
  readonly outcome: State;
  readonly verifierId: string | null;
  readonly verifiedAt: string | null;
  readonly settledAt: string;
}

export interface ManifestHead {
  readonly gatewayId: string;
  readonly store: string;
  readonly deaRegistration: string | null;
  readonly epoch: string;
  readonly beganAtUtc: string;
  readonly endedAtUtc: string;
  /** `drained`: nothing was left. `interrupted`: the link was lost again, or the gateway stopped. */
  readonly ended: 'drained' | 'interrupted';
  /** Newest signed checkpoint of the trail; null before the first. */
  readonly checkpoint: string | null;
}

/** What the buffer adds to both is left out: the part's number and the run's, the parts' hashes, the trail's head. */
export type ManifestPart = Pick<TrailBodyOf<'manifest_part'>, 'records'>;
export type ManifestStatement = Omit<TrailBodyOf<'manifest'>['statement'], 'parts' | 'run' | 'trail'>;

type Body = Readonly<Record<string, unknown>>;

/** Records of one part; keeps a trail entry far below 64 KiB. */
const RECORDS_PER_PART = 100;

/** Bodies of the part entries: one array per record, in the order of the interface above. */
export function manifestParts(records: readonly ManifestRecord[]): ManifestPart[] {
  const parts: ManifestPart[] = [];
  for (let from = 0; from < records.length; from += RECORDS_PER_PART) {
    parts.push({ records: records.slice(from, from + RECORDS_PER_PART).map(rowOf) });
  }
  return parts;
}

function rowOf(record: ManifestRecord): ManifestPart['records'][number] {
  const { sequence, streamSequence, payloadHash, laneHash, signers, outcome } = record;
  const { verifierId, verifiedAt, settledAt } = record;
  return [sequence, streamSequence, payloadHash, laneHash, signers, outcome, verifierId, verifiedAt, settledAt];
}

/** What is signed, without what the buffer adds: the parts' hashes, the run's number and the trail's head. */
export function manifestStatement(head: ManifestHead, records: readonly ManifestRecord[]): ManifestStatement {
  const outcomes: Partial<Record<State, number>> = {};
  for (const { outcome } of records) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  return {
    began_at_utc: head.beganAtUtc,
    checkpoint: head.checkpoint,
    dea_registration: head.deaRegistration,
    ended: head.ended,
    ended_at_utc: head.endedAtUtc,
    epoch: head.epoch,
    gateway_id: head.gatewayId,
    outcomes,
    records: records.length,
    store: head.store,
    unsigned: records.filter(({ signers }) => signers.length === 0).length,
  };
}

/** What is wrong with a manifest, in plain words; empty when it holds. `parts` and `body` as the trail has them. */
export function manifestFaults(
  parts: readonly Body[],
  body: Body,
  keyOf: (kid: string) => KeyObject | undefined,
): string[] {
  const { statement, signature } = body;
  if (!isBody(statement) || typeof signature !== 'string') return ['it has no statement or no signature'];
  const faults = signatureFaults(statement, signature, keyOf);
  const named = Array.isArray(statement.parts) ? statement.parts : [];
  if (named.length !== parts.length) faults.push(`it names ${named.length} parts, ${parts.length} are there`);
  for (const [at, part] of parts.entries()) {
    if (hash('sha256', canonicalBytes(part), 'base64') !== named[at])
      faults.push(`part ${at + 1} is not what was signed`);
  }
  const held = parts.reduce((sum, part) => sum + (Array.isArray(part.records) ? part.records.length : 0), 0);
  if (held !== statement.records) faults.push(`it counts ${String(statement.records)} records, the parts hold ${held}`);
  return faults;
}

function signatureFaults(statement: Body, signature: string, keyOf: (kid: string) => KeyObject | undefined): string[] {
  const compact = fromCompact(signature);
  const jws = compact === null ? null : readJws(compact);
  if (jws === null) return ['its signature cannot be read'];
  const key = keyOf(jws.kid);
  if (key === undefined) return [`its signing key ${jws.kid} is not known`];
  return verifyDetached(jws, canonicalBytes(statement), key) ? [] : ['its signature does not match the statement'];
}

function isBody(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
