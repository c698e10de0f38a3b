/**
 * Publishes that became no record: refused and conflicting ones. Each is kept as evidence with a trail entry of its own,
 * once; a lane that sends the same bytes again gets the first answer and uses no more room.
 */
import type { TrailBodyOf } from '../record/trail-kinds.ts';
import type { IntakeItem, IntakeResult, TrailPlace } from './api.ts';
import { CONFLICT, REFUSED, streamCodeOfSchedule } from './codes.ts';
import { type Heads, type Moment, type Session, storeEntry } from './session.ts';

type RecordItem = Extract<IntakeItem, { type: 'record' }>;
type RefusedItem = Extract<IntakeItem, { type: 'refused' }>;

/** Most bytes of open evidence one lane may hold: a broken till must not fill the disk. */
export const EVIDENCE_BYTES_PER_LANE = 16 * 1024 * 1024;

export interface EvidenceAdded {
  readonly lane: number;
  readonly state: number;
  readonly bytes: number;
}

interface KeptBytes {
  readonly lane: string;
  readonly receivedMs: number;
  readonly key: Buffer | null;
  readonly hash: Buffer;
  /** For a conflict: the record that holds the key. */
  readonly holder: number | null;
  readonly reasons: string;
  readonly bytes: Buffer;
  readonly log: 0 | 1;
}

/** What its entry says. */
type Told =
  | { readonly status: 'conflict'; readonly body: TrailBodyOf<'conflict'> }
  | { readonly status: 'refused'; readonly body: TrailBodyOf<'refused'> };

export class EvidenceKeeper {
  readonly #session: Session;
  readonly #moment: Moment;
  readonly #heads: Heads;
  readonly #usedBytes: ReadonlyMap<number, number>;
  /** What this group added; counted by the writer after COMMIT. */
  readonly added: EvidenceAdded[] = [];

  /** `usedBytes`: open evidence by lane before this group. */
  constructor(session: Session, moment: Moment, heads: Heads, usedBytes: ReadonlyMap<number, number>) {
    this.#session = session;
    this.#moment = moment;
    this.#heads = heads;
    this.#usedBytes = usedBytes;
  }

  /** A record whose key already names another one. */
  conflict(item: RecordItem, key: string, holder: number, schedule: number): IntakeResult {
    const sequence = holder - this.#session.ledger.baseRecordId;
    return this.#keep({
      lane: item.lane,
      receivedMs: item.receivedAtMs,
      status: 'conflict',
      key: Buffer.from(key, 'latin1'),
      hash: item.record.laneHash,
      holder,
      reasons: '[{"code":"key_conflict","field":"idempotency_key"}]',
      bytes: item.record.payload,
      log: streamCodeOfSchedule(schedule) === 1 ? 1 : 0,
      body: { lane: item.lane, lane_hash: item.record.laneHash.toString('base64'), sequence },
    });
  }

  /** A publish that is no record. */
  refuse(item: RefusedItem): IntakeResult {
    const reasons = item.reasons.map(({ code, field }) => ({ code, field }));
    const codes = [...new Set(reasons.map(({ code }) => code))].sort();
    const key = item.idempotencyKey;
    return this.#keep({
      lane: item.lane,
      receivedMs: item.receivedAtMs,
      status: 'refused',
      key: key === null ? null : Buffer.from(this.#session.ring.lookupHash('key', key), 'latin1'),
      hash: item.hash,
      holder: null,
      reasons: JSON.stringify(reasons),
      bytes: item.bytes,
      log: 0,
      body: { codes, hash: item.hash.toString('base64'), lane: item.lane },
    });
  }

  #keep(kept: KeptBytes & Told): IntakeResult {
    const { sql, names } = this.#session;
    const lane = names.lane(kept.lane);
    const state = kept.status === 'conflict' ? CONFLICT : REFUSED;
    const known = sql.findEvidence.get(kept.hash, lane, state);
    if (known !== undefined) {
      const log = known.log === 1 ? 'schedule_two' : 'audit';
      return answer(kept.status, known.received_ms, { log, index: known.trail_index, leaf: known.leaf });
    }
    const here = this.added.reduce((sum, added) => sum + (added.lane === lane ? added.bytes : 0), 0);
    const used = (this.#usedBytes.get(lane) ?? 0) + here;
    if (used + kept.bytes.length > EVIDENCE_BYTES_PER_LANE) return { status: 'evidence_full' };
    const place = storeEntry(this.#session, this.#heads, kept.log, this.#moment, kept.status, kept.body);
    this.#insert(kept, state, lane, place);
    this.added.push({ lane, state, bytes: kept.bytes.length });
    return answer(kept.status, kept.receivedMs, place);
  }

  #insert(kept: KeptBytes, state: number, lane: number, place: TrailPlace): void {
    const { sql, ring, bufferId } = this.#session;
    const { key, hash, holder, reasons, bytes, log } = kept;
    const sealed = ring.sealBytes(bytes, `counterfoil evidence ${bufferId} ${hash.toString('hex')}`);
    const rest = [reasons, bytes.length, log, place.index, place.leaf, sealed];
    sql.addEvidence.run(state, lane, kept.receivedMs, key, hash, holder, ...rest);
  }
}

function answer(status: 'conflict' | 'refused', receivedAtMs: number, trail: TrailPlace): IntakeResult {
  return { status, state: status === 'conflict' ? 'CONFLICT' : 'REFUSED', receivedAtMs, trail };
}
