/**
 * Practice records of lanes in training, inside the writer's transaction: answered as records are, and kept apart from all
 * of them. Only hashes are stored, enough to tell a duplicate and a conflict; they go when the lane's training ends.
 */
import type { IntakeItem, IntakeResult, TrailPlace } from './api.ts';
import { flagBits, flagsOf, logName, PENDING, stateName } from './codes.ts';
import { copyHeads, type Heads, type Moment, type Session, storeEntry } from './session.ts';

export class PracticeGroup {
  readonly #session: Session;
  readonly #moment: Moment;
  readonly heads: Heads;

  constructor(session: Session, moment: Moment) {
    this.#session = session;
    this.#moment = moment;
    this.heads = copyHeads(session.ledger);
  }

  /** Result i belongs to item i. `sequence` is the practice record's own number; it is no record's. */
  write(items: readonly IntakeItem[]): IntakeResult[] {
    return items.map((item) => (item.type === 'record' ? this.#record(item) : this.#refused(item)));
  }

  #refused(item: Extract<IntakeItem, { type: 'refused' }>): IntakeResult {
    const trail = this.#enter(item.lane, 'refused', item.hash);
    return { status: 'refused', state: 'REFUSED', receivedAtMs: item.receivedAtMs, trail };
  }

  #record(item: Extract<IntakeItem, { type: 'record' }>): IntakeResult {
    const { sql, names, ring } = this.#session;
    const { record, receivedAtMs } = item;
    const lane = names.lane(item.lane);
    const key = Buffer.from(ring.lookupHash('key', record.idempotencyKey), 'latin1');
    const known = sql.findPractice.get(lane, key);
    if (known === undefined) return this.#add(item, lane, key);
    if (!known.lane_hash.equals(record.laneHash)) {
      const trail = this.#enter(item.lane, 'conflict', record.laneHash);
      return { status: 'conflict', state: 'CONFLICT', receivedAtMs, trail };
    }
    return {
      status: 'duplicate',
      state: stateName(PENDING),
      sequence: known.practice_id,
      receivedAtMs: known.received_ms,
      flags: flagsOf(known.flags),
      laneHash: known.lane_hash,
      payloadHash: known.payload_hash,
      trail: { log: logName(known.log), index: known.trail_index, leaf: known.leaf },
    };
  }

  #add(item: Extract<IntakeItem, { type: 'record' }>, lane: number, key: Buffer): IntakeResult {
    const { sql } = this.#session;
    const { record, receivedAtMs } = item;
    const { flags, laneHash, payloadHash } = record;
    const trail = this.#enter(item.lane, 'accepted', laneHash);
    const row = [lane, key, receivedAtMs, flagBits(flags), laneHash, payloadHash, 0, trail.index, trail.leaf];
    const sequence = Number(sql.addPractice.run(null, ...row).lastInsertRowid);
    return { status: 'accepted', state: 'PENDING', sequence, receivedAtMs, flags, laneHash, payloadHash, trail };
  }

  #enter(lane: string, status: 'accepted' | 'conflict' | 'refused', hash: Buffer): TrailPlace {
    const body = { hash: hash.toString('base64'), lane, status };
    return storeEntry(this.#session, this.heads, 0, this.#moment, 'practice', body);
  }

  /** Puts a lane in training, or ends it; what it practised before is forgotten either way. */
  setTraining(name: string, untilMs: number | null): void {
    const { sql, names } = this.#session;
    const lane = names.lane(name);
    sql.forgetPractice.run(lane);
    if (untilMs === null) sql.endTraining.run(lane);
    else sql.setTraining.run(lane, Math.trunc(untilMs));
    const body = { lane: name, until_ms: untilMs === null ? null : Math.trunc(untilMs) };
    storeEntry(this.#session, this.heads, 0, this.#moment, 'training', body);
  }
}
