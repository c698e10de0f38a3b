/** Rows of the buffer read out as kept records: what an archive file holds of them, and what a search finds. */
import type { Database } from 'better-sqlite3';
import type { KeptDelivery, KeptRecord } from '../archive-api.ts';
import { clockName, flagsOf, GAP_NOTED, logName, SCHEDULE_TWO, scheduleName, stateName } from '../codes.ts';
import type { Keyring } from '../keyring.ts';
import { isIntact, openPack } from '../pack.ts';

export interface KeptRow {
  recordId: number;
  state: number;
  schedule: number;
  number: number | null;
  lane: string;
  instance: string | null;
  laneSequence: number | null;
  receivedMs: number;
  clock: number;
  flags: number;
  pack: number;
  slot: number;
  key: Buffer;
  fill: Buffer | null;
  undoes: number | null;
  prior: number | null;
  laneHash: Buffer;
  payloadHash: Buffer;
}

interface CarrierRow {
  boot: string;
  monotonicMs: number;
  committedMs: number;
  trailIndex: number;
  leaf: Buffer;
  sealed: Buffer;
}

interface DeliveryRow {
  answeredMs: number;
  outcome: number;
  pmsId: string | null;
  reason: string | null;
  proof: number;
}

interface EpochBase {
  epoch: string;
  base: number;
  standard: number;
  two: number;
}

/** Ends in WHERE. */
const ROWS = `SELECT r.record_id AS recordId, r.state, r.schedule, r.stream_sequence AS number, l.name AS lane,
  i.name AS instance, r.lane_sequence AS laneSequence, r.received_ms AS receivedMs, r.clock, r.flags, r.pack, r.slot, r.key,
  r.fill, r.undoes, r.prior, r.lane_hash AS laneHash, r.payload_hash AS payloadHash
  FROM record r JOIN lane l ON l.lane = r.lane LEFT JOIN lane_instance i ON i.instance = r.instance WHERE`;

const PACKS_KEPT = 8;

/** One pack, opened. */
export interface OpenedPack {
  readonly carrier: CarrierRow;
  /** By slot; null when it does not open any more. */
  readonly payloads: readonly Buffer[] | null;
}

export class KeptReader {
  readonly #ring: Keyring;
  readonly #bufferId: string;
  readonly #epochs: readonly EpochBase[];
  readonly #sql;
  readonly #packs = new Map<number, OpenedPack>();

  constructor(db: Database, ring: Keyring) {
    this.#ring = ring;
    const meta = db.prepare<[string], { value: string }>('SELECT value FROM meta WHERE name = ?');
    this.#bufferId = meta.get('buffer_id')?.value ?? '';
    this.#epochs = db
      .prepare<[], EpochBase>(
        `SELECT epoch, base_record_id AS base, base_standard AS standard, base_schedule_two AS two FROM epoch
         ORDER BY ordinal DESC`,
      )
      .all();
    this.#sql = {
      carrier: db.prepare<[number], CarrierRow>(
        `SELECT b.boot_id AS boot, monotonic_ms AS monotonicMs, committed_ms AS committedMs, trail_index AS trailIndex, leaf,
         sealed FROM record r JOIN boot b ON b.boot = r.boot WHERE record_id = ?`,
      ),
      // A group has at most some hundred records, so a pack's rows are close together.
      members: db.prepare<[number, number, number], KeptRow>(
        `${ROWS} r.record_id >= ? AND r.pack = ? ORDER BY r.record_id LIMIT ?`,
      ),
      from: db.prepare<[number, number], KeptRow>(`${ROWS} r.record_id > ? ORDER BY r.record_id LIMIT ?`),
      deliveries: db.prepare<[number], DeliveryRow>(
        `SELECT answered_ms AS answeredMs, outcome, pms_id AS pmsId, reason, proof FROM delivery WHERE record_id = ?
         ORDER BY delivery_id`,
      ),
      gap: db.prepare<[number], { state: number | null; notedMs: number | null }>(
        'SELECT state, noted_ms AS notedMs FROM gap WHERE record_id = ?',
      ),
    };
  }

  /** A pack by its carrier's number; null when it has none. */
  open(packId: number): OpenedPack | null {
    const known = this.#packs.get(packId);
    if (known !== undefined) return known;
    const carrier = this.#sql.carrier.get(packId);
    if (carrier === undefined) return null;
    const opened = { carrier, payloads: openPack(this.#ring, this.#bufferId, packId, carrier.sealed) };
    if (this.#packs.size >= PACKS_KEPT)
      for (const [oldest] of this.#packs.entries().take(1)) this.#packs.delete(oldest);
    this.#packs.set(packId, opened);
    return opened;
  }

  /** Rows of a pack of `count` records, in order of slots. */
  rowsOf(packId: number, count: number): KeptRow[] {
    return this.#sql.members.all(packId, packId, count);
  }

  /** Rows above a number, whatever their state. */
  rowsFrom(after: number, limit: number): KeptRow[] {
    return this.#sql.from.all(after, limit);
  }

  gapOf(recordId: number): KeptRecord['gap'] {
    const row = this.#sql.gap.get(recordId);
    if (row === undefined) return null;
    return { state: stateName(row.state ?? 0), noted_ms: row.notedMs };
  }

  /** A row with its bytes; null when the row's carrier is gone. */
  kept(row: KeptRow): KeptRecord | null {
    const pack = this.open(row.pack);
    if (pack === null) return null;
    const { carrier, payloads } = pack;
    const payload = payloads?.[row.slot];
    const epoch = this.#epochs.find(({ base }) => base < row.recordId);
    const two = row.schedule === SCHEDULE_TWO;
    const onWire = row.number === null ? 0 : row.number - ((two ? epoch?.two : epoch?.standard) ?? 0);
    return {
      record_id: row.recordId,
      epoch: epoch?.epoch ?? '',
      sequence: row.recordId - (epoch?.base ?? 0),
      stream_number: row.number,
      stream_sequence: onWire > 0 ? onWire : null,
      state: stateName(row.state),
      schedule: scheduleName(row.schedule),
      lane: row.lane,
      lane_instance: row.instance,
      lane_sequence: row.laneSequence,
      received_ms: row.receivedMs,
      clock: clockName(row.clock),
      flags: flagsOf(row.flags),
      key: row.key.toString('base64'),
      fill: row.fill?.toString('base64') ?? null,
      undoes: row.undoes,
      prior: row.prior,
      lane_hash: row.laneHash.toString('base64'),
      payload_hash: row.payloadHash.toString('base64'),
      pack: row.pack,
      slot: row.slot,
      trail: {
        log: logName(two ? 1 : 0),
        index: carrier.trailIndex,
        leaf: carrier.leaf.toString('base64'),
        boot: carrier.boot,
        monotonic_ms: carrier.monotonicMs,
        committed_ms: carrier.committedMs,
      },
      deliveries: this.#sql.deliveries.all(row.recordId).map(deliveryOf),
      gap: this.gapOf(row.recordId),
      payload: isIntact(payload, row.payloadHash) ? Buffer.from(payload).toString() : null,
    };
  }
}

function deliveryOf({ answeredMs, outcome, pmsId, reason, proof }: DeliveryRow): KeptDelivery {
  return {
    answered_ms: answeredMs,
    outcome: outcome === GAP_NOTED ? 'gap_noted' : stateName(outcome),
    pms_id: pmsId,
    reason,
    proof: proof === 1,
  };
}
