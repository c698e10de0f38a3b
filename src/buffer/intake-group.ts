/**
 * One commit group of intake, inside the writer's transaction: sort items into new records, duplicates, conflicts and
 * refusals; seal the new ones as packs; fix their trail entries; insert everything.
 *
 * Nothing here touches the ledger: `IntakeGroup` collects what must change there, and the writer applies it only after
 * COMMIT has returned. If the power goes before that, the file has none of the group; after it, all of it.
 */
import type { IntakeItem, IntakeResult, TrailPlace } from './api.ts';
import { archivedSale, duplicateOf, scheduleOf } from './archive/receipt.ts';
import {
  clockCode,
  flagBits,
  flagsOf,
  HELD,
  PENDING,
  SCHEDULE_TWO,
  scheduleCode,
  stateName,
  streamCodeOfSchedule,
  withFlag,
} from './codes.ts';
import { intakeBody } from './entry.ts';
import { EvidenceKeeper } from './evidence.ts';
import { UNDONE } from './key-tail.ts';
import { PACK_PLAIN_BYTES, PACK_RECORDS, sealPack } from './pack.ts';
import { copyHeads, type Heads, type Moment, nextEntry, type Session, storeEntry } from './session.ts';

type RecordItem = Extract<IntakeItem, { type: 'record' }>;

/** A record about to be inserted. */
export interface Draft {
  readonly item: RecordItem;
  readonly recordId: number;
  readonly schedule: number;
  /** PENDING, or HELD: then without a stream number. */
  readonly state: number;
  readonly streamSequence: number | null;
  readonly lane: number;
  readonly instance: number | null;
  readonly key: string;
  readonly fill: string | null;
  readonly undoes: number | null;
  readonly prior: number | null;
  readonly flags: number;
  pack: number;
  place: TrailPlace | null;
}

export class IntakeGroup {
  readonly #session: Session;
  readonly #moment: Moment;
  readonly heads: Heads;
  readonly drafts: Draft[] = [];
  readonly evidence: EvidenceKeeper;
  duplicates = 0;
  readonly #keys = new Map<string, Draft>();
  readonly #fills = new Map<string, number>();
  readonly #numbers: [number, number];
  readonly #late: (() => void)[] = [];
  readonly #results: (IntakeResult | null)[] = [];

  constructor(session: Session, moment: Moment, evidenceBytes: ReadonlyMap<number, number>) {
    this.#session = session;
    this.#moment = moment;
    this.heads = copyHeads(session.ledger);
    this.evidence = new EvidenceKeeper(session, moment, this.heads, evidenceBytes);
    this.#numbers = [...session.ledger.lastNumber];
  }

  /** Does the whole group; result i belongs to item i. Throws when SQLite does; the caller then rolls back. */
  write(items: readonly IntakeItem[]): IntakeResult[] {
    for (const [at, item] of items.entries()) {
      this.#results.push(null);
      if (item.type === 'refused') this.#late.push(() => this.#put(at, this.evidence.refuse(item)));
      else this.#sortRecord(at, item);
    }
    this.#insertPacks(this.drafts.filter((draft) => draft.schedule !== SCHEDULE_TWO));
    this.#insertPacks(this.drafts.filter((draft) => draft.schedule === SCHEDULE_TWO));
    for (const finish of this.#late) finish();
    return this.#results.map((result) => {
      if (result === null) throw new Error('an intake item got no result');
      return result;
    });
  }

  #put(at: number, result: IntakeResult): void {
    this.#results[at] = result;
  }

  #sortRecord(at: number, item: RecordItem): void {
    const { ring, ledger } = this.#session;
    const key = ring.lookupHash('key', item.record.idempotencyKey);
    const twin = this.#keys.get(key);
    const holder = twin?.recordId ?? this.#holderOf(key);
    if (holder === undefined) {
      const draft = this.#draft(item, key);
      this.drafts.push(draft);
      this.#keys.set(key, draft);
      this.#late.push(() => this.#put(at, accepted(draft, ledger.baseRecordId)));
      return;
    }
    this.#late.push(() => this.#put(at, this.#answerKnown(item, key, holder)));
  }

  /** The record that holds a key; undefined also where its month has been destroyed by an act of expiry. */
  #holderOf(key: string): number | undefined {
    const { archive, ledger, sql } = this.#session;
    const holder = ledger.findKey(key);
    if (holder === undefined || sql.head.get(holder) !== undefined) return holder;
    const archived = archive.keyOf(key);
    return archived !== undefined && archive.find(archived) === 'expired' ? undefined : holder;
  }

  #draft(item: RecordItem, key: string): Draft {
    const { ledger, names, ring } = this.#session;
    const { record } = item;
    const schedule = scheduleCode(record.schedule);
    const recordId = ledger.lastRecordId + this.drafts.length + 1;
    const stream = streamCodeOfSchedule(schedule) === 1 ? 1 : 0;
    // Only Schedule II is ever held: the standard stream's numbers must rise with record_id.
    const held = item.hold === true && schedule === SCHEDULE_TWO;
    if (!held) this.#numbers[stream] += 1;
    const lane = names.lane(item.lane);
    const instance = record.laneInstance === null ? null : names.instance(lane, record.laneInstance);
    let flags = flagBits(record.flags);
    if (instance !== null && record.laneSequence !== null && names.leavesGap(instance, record.laneSequence)) {
      flags = withFlag(flags, 'lane_sequence_gap');
    }
    let fill: string | null = null;
    let undoes: number | null = null;
    let prior: number | null = null;
    if (record.kind === 'VOID' || record.kind === 'RETURN') {
      const target = record.refersTo === null ? undefined : this.#findKey(ring.lookupHash('key', record.refersTo));
      if (target === undefined) flags = withFlag(flags, 'refers_to_unknown');
      else {
        undoes = target;
        const sale = this.#saleOf(target, record.refersTo ?? '');
        fill = sale.fill;
        if (fill !== null && this.#findFill(fill) === target) this.#fills.set(fill, sale.prior ?? UNDONE);
      }
    } else if (record.fillIdentity !== null) {
      fill = ring.lookupHash('fill', record.fillIdentity);
      prior = this.#findFill(fill) ?? null;
      if (prior !== null) flags = withFlag(flags, 'possible_double_sale');
      this.#fills.set(fill, recordId);
    }
    return {
      item,
      recordId,
      schedule,
      state: held ? HELD : PENDING,
      streamSequence: held ? null : this.#numbers[stream],
      lane,
      instance,
      key,
      fill,
      undoes,
      prior,
      flags,
      pack: 0,
      place: null,
    };
  }

  #findKey(hash: string): number | undefined {
    return this.#keys.get(hash)?.recordId ?? this.#session.ledger.findKey(hash);
  }

  #findFill(hash: string): number | undefined {
    const here = this.#fills.get(hash);
    if (here !== undefined) return here === UNDONE ? undefined : here;
    return this.#session.ledger.findFill(hash);
  }

  #saleOf(recordId: number, key: string): { fill: string | null; prior: number | null } {
    const { archive, ledger, ring, sql } = this.#session;
    const draft = this.drafts[recordId - ledger.lastRecordId - 1];
    if (draft !== undefined) return draft;
    const head = sql.head.get(recordId);
    if (head === undefined) return archivedSale(archive, ring.lookupHash('key', key));
    return { fill: head?.fill?.toString('latin1') ?? null, prior: head?.prior ?? null };
  }

  /** One pack, one trail entry and the rows for each run of at most PACK_RECORDS drafts of one trail. */
  #insertPacks(drafts: readonly Draft[]): void {
    let pack: Draft[] = [];
    let bytes = 0;
    for (const draft of drafts) {
      const more = draft.item.record.payload.length;
      if (pack.length === PACK_RECORDS || (pack.length > 0 && bytes + more > PACK_PLAIN_BYTES)) {
        this.#insertPack(pack);
        pack = [];
        bytes = 0;
      }
      pack.push(draft);
      bytes += more;
    }
    this.#insertPack(pack);
  }

  #insertPack(drafts: readonly Draft[]): void {
    const first = drafts[0];
    if (first === undefined) return;
    const { ring, bufferId, ledger } = this.#session;
    const rows = drafts.map((draft) => ({
      sequence: draft.recordId - ledger.baseRecordId,
      lane: draft.item.lane,
      schedule: draft.schedule,
      laneHash: draft.item.record.laneHash,
      payloadHash: draft.item.record.payloadHash,
      receivedMs: draft.item.receivedAtMs,
      clock: clockCode(draft.item.clock),
      flags: draft.flags,
    }));
    const log = streamCodeOfSchedule(first.schedule) === 1 ? 1 : 0;
    const { place } = nextEntry(this.#session, this.heads, log, this.#moment, 'intake', intakeBody(rows));
    const sealed = sealPack(
      ring,
      bufferId,
      first.recordId,
      drafts.map((draft) => draft.item.record.payload),
    );
    for (const [slot, draft] of drafts.entries()) {
      draft.pack = first.recordId;
      draft.place = place;
      this.#insertRow(draft, slot, slot === 0 ? sealed : null, place);
    }
    this.#noteHeld(drafts, log);
  }

  /** Being held is a step of its own, so it has an entry of its own; why is in the flags that `intake` states. */
  #noteHeld(drafts: readonly Draft[], log: 0 | 1): void {
    const held = drafts.filter((draft) => draft.state === HELD);
    if (held.length === 0) return;
    const sequences = held.map((draft) => draft.recordId - this.#session.ledger.baseRecordId);
    storeEntry(this.#session, this.heads, log, this.#moment, 'hold', { sequences });
  }

  #insertRow(draft: Draft, slot: number, sealed: Buffer | null, place: TrailPlace): void {
    const { item } = draft;
    const carries = sealed !== null;
    this.#session.sql.insertRecord.run(
      draft.recordId,
      draft.state,
      draft.schedule,
      draft.streamSequence,
      draft.lane,
      draft.instance,
      item.record.laneSequence,
      item.receivedAtMs,
      clockCode(item.clock),
      draft.flags,
      draft.pack,
      slot,
      Buffer.from(draft.key, 'latin1'),
      draft.fill === null ? null : Buffer.from(draft.fill, 'latin1'),
      draft.undoes,
      draft.prior,
      item.record.laneHash,
      item.record.payloadHash,
      carries ? this.#session.boot : null,
      carries ? this.#moment.monotonicMs : null,
      carries ? this.#moment.utcMs : null,
      carries ? place.index : null,
      carries ? place.leaf : null,
      sealed,
    );
  }

  /** The key is taken: by the same record (duplicate, told with its present state) or by another one (conflict). */
  #answerKnown(item: RecordItem, key: string, holder: number): IntakeResult {
    const { sql, ledger } = this.#session;
    const head = sql.head.get(holder);
    if (head === undefined) return this.#answerArchived(item, key, holder);
    if (!head.lane_hash.equals(item.record.laneHash)) {
      return this.evidence.conflict(item, key, holder, head.schedule);
    }
    const carrier = sql.carrier.get(head.pack);
    if (carrier === undefined) throw new Error(`pack ${head.pack} has no carrier row`);
    this.duplicates += 1;
    return {
      status: 'duplicate',
      state: stateName(head.state),
      sequence: holder - ledger.baseRecordId,
      receivedAtMs: head.received_ms,
      flags: flagsOf(head.flags),
      laneHash: head.lane_hash,
      payloadHash: head.payload_hash,
      trail: {
        log: head.schedule === SCHEDULE_TWO ? 'schedule_two' : 'audit',
        index: carrier.trail_index,
        leaf: carrier.leaf,
      },
    };
  }

  /**
   * The same for a record whose rows have left: its key says whether it is the same record, its frame has the first
   * receipt. Without the frame nothing is stored and nothing is answered: the lane keeps the record, and it is never taken
   * for a new sale.
   */
  #answerArchived(item: RecordItem, key: string, holder: number): IntakeResult {
    const { archive } = this.#session;
    const known = archive.keyOf(key);
    if (known === undefined) throw new Error(`record ${holder} is in the key index but neither in buffer nor archive`);
    const found = archive.find(known);
    const record = found === 'expired' ? null : found;
    if (!known.laneHash.equals(item.record.laneHash)) {
      return this.evidence.conflict(item, key, holder, scheduleCode(scheduleOf(record) ?? item.record.schedule));
    }
    if (record === null) return { status: 'failed' };
    this.duplicates += 1;
    return duplicateOf(record, holder - this.#session.ledger.baseRecordId);
  }

  /** Called after COMMIT: the ledger learns what is now on disk. */
  apply(): void {
    const { ledger } = this.#session;
    ledger.heads = [{ ...this.heads[0] }, { ...this.heads[1] }];
    ledger.lastNumber = [...this.#numbers];
    for (const draft of this.drafts) {
      ledger.lastRecordId = draft.recordId;
      ledger.tail.addKey(draft.key, draft.recordId);
      ledger.count(draft.schedule, draft.state, 1);
      if (draft.state === PENDING) {
        ledger.notePending(draft.schedule, draft.recordId, draft.item.receivedAtMs, draft.pack);
      }
    }
    for (const [fill, recordId] of this.#fills) ledger.tail.setFill(fill, recordId);
  }
}

function accepted(draft: Draft, baseRecordId: number): IntakeResult {
  if (draft.place === null) throw new Error('a draft has no place in the trail');
  return {
    status: 'accepted',
    state: stateName(draft.state),
    sequence: draft.recordId - baseRecordId,
    receivedAtMs: draft.item.receivedAtMs,
    flags: flagsOf(draft.flags),
    laneHash: draft.item.record.laneHash,
    payloadHash: draft.item.record.payloadHash,
    trail: draft.place,
  };
}
