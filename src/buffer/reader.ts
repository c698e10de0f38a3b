/**
 * Reading the line: what goes to the PMS next, with every payload checked against its hash before it is handed out.
 * Uses a read-only connection of its own; in WAL mode it sees the last commit and never waits for the writer.
 */
import type { Database } from 'better-sqlite3';
import type { Stream } from '../record/types.ts';
import type { AwaitingRecord, GapMarker, PendingPage, StoredRecord, StreamEntry } from './api.ts';
import type { FrameReader } from './archive/frames.ts';
import { streamEntryOf } from './archive/receipt.ts';
import type { KeptRecord } from './archive-api.ts';
import { flagsOf, PENDING, QUARANTINED, SCHEDULE_TWO, scheduleName, stateName, streamCode } from './codes.ts';
import type { Keyring } from './keyring.ts';
import { isIntact, openPack } from './pack.ts';
import type { EpochRow } from './statements.ts';

interface LineRow {
  record_id: number;
  state: number;
  schedule: number;
  stream_sequence: number;
  lane: string;
  received_ms: number;
  flags: number;
  pack: number;
  slot: number;
  lane_hash: Buffer;
  payload_hash: Buffer;
}

type NewestRow = Pick<LineRow, 'record_id' | 'stream_sequence' | 'payload_hash'>;

const LINE = `SELECT r.record_id, r.state, r.schedule, r.stream_sequence, l.name AS lane, r.received_ms, r.flags, r.pack, r.slot,
  r.lane_hash, r.payload_hash FROM record r JOIN lane l ON l.lane = r.lane`;

/** Opened packs kept at hand: a page of records mostly comes from a few. */
const PACKS_KEPT = 32;
/** Keys of records handed out, so that their receipts need no second look. */
const KEYS_KEPT = 8192;

export class Reader {
  readonly #ring: Keyring;
  readonly #archive: Pick<FrameReader, 'line'> | null;
  readonly #bufferId: string;
  readonly #baseRecordId: number;
  /** By stream code: what a row's stream number has over the one on the wire. */
  readonly #streamBase: readonly [number, number];
  readonly #sql;
  readonly #packs = new Map<number, Buffer[] | null>();
  readonly #keys = new Map<number, string>();

  /** `archive`: where records stand that have left the buffer; null when nothing reads that far back. */
  constructor(db: Database, ring: Keyring, archive: Pick<FrameReader, 'line'> | null = null) {
    this.#ring = ring;
    this.#archive = archive;
    const meta = db.prepare<[string], { value: string }>('SELECT value FROM meta WHERE name = ?');
    this.#bufferId = meta.get('buffer_id')?.value ?? '';
    const epoch = db.prepare<[], EpochRow>('SELECT * FROM epoch ORDER BY ordinal DESC LIMIT 1').get();
    this.#baseRecordId = epoch?.base_record_id ?? 0;
    this.#streamBase = [epoch?.base_standard ?? 0, epoch?.base_schedule_two ?? 0];
    this.#sql = {
      settledThrough: db.prepare<[number], { through: number }>(
        'SELECT settled_through AS through FROM stream WHERE stream = ?',
      ),
      standard: db.prepare<[number, number], LineRow>(
        `${LINE} WHERE r.record_id > ? AND r.state = 0 AND r.schedule <> 2 ORDER BY r.record_id LIMIT ?`,
      ),
      two: db.prepare<[number], LineRow>(
        `${LINE} WHERE r.schedule = 2 AND r.state = 0 ORDER BY r.stream_sequence LIMIT ?`,
      ),
      gaps: db.prepare<[number, number], LineRow>(
        `${LINE} JOIN gap g ON g.record_id = r.record_id WHERE g.stream = ? AND g.noted_ms IS NULL ORDER BY g.stream_sequence LIMIT ?`,
      ),
      fromTwo: db.prepare<[number, number], LineRow>(
        `${LINE} WHERE r.schedule = 2 AND r.stream_sequence >= ? ORDER BY r.stream_sequence LIMIT ?`,
      ),
      fromStandard: db.prepare<[number, number], LineRow>(
        `${LINE} WHERE r.record_id >= ? AND r.schedule <> 2 ORDER BY r.record_id LIMIT ?`,
      ),
      standardAt: db.prepare<[number], { record_id: number; stream_sequence: number }>(
        'SELECT record_id, stream_sequence FROM record WHERE record_id >= ? AND schedule <> 2 ORDER BY record_id LIMIT 1',
      ),
      newestTwo: db.prepare<[], NewestRow>(
        'SELECT record_id, stream_sequence, payload_hash FROM record WHERE schedule = 2 AND stream_sequence IS NOT NULL AND state = 1 ORDER BY stream_sequence DESC LIMIT 1',
      ),
      newestStandard: db.prepare<[], NewestRow>(
        'SELECT record_id, stream_sequence, payload_hash FROM record WHERE schedule <> 2 AND state = 1 ORDER BY record_id DESC LIMIT 1',
      ),
      lastRecord: db.prepare<[], { last: number | null }>('SELECT MAX(record_id) AS last FROM record'),
      gapState: db.prepare<[number], { state: number | null }>('SELECT state FROM gap WHERE record_id = ?'),
      awaiting: db.prepare<[number, number, number], LineRow>(
        `${LINE} WHERE r.state = 2 AND (r.schedule = 2) = ? AND r.stream_sequence > ? ORDER BY r.stream_sequence LIMIT ?`,
      ),
      place: db.prepare<[number], { pack: number; slot: number; lane_hash: Buffer; payload_hash: Buffer }>(
        'SELECT pack, slot, lane_hash, payload_hash FROM record WHERE record_id = ?',
      ),
      free: db.prepare<[], { bytes: number }>(
        'SELECT f.freelist_count * p.page_size AS bytes FROM pragma_freelist_count f, pragma_page_size p',
      ),
      sealed: db.prepare<[number], { sealed: Buffer | null }>('SELECT sealed FROM record WHERE record_id = ?'),
    };
  }

  /** Bytes of free pages in the file: they take new rows before the file grows (sqlite.org/fileformat2.html#the_freelist). */
  reusableBytes(): number {
    return this.#sql.free.get()?.bytes ?? 0;
  }

  readPending(stream: Stream, limit: number, maxBytes: number): PendingPage {
    const rows =
      stream === 'schedule_two'
        ? this.#sql.two.all(limit)
        : this.#sql.standard.all(this.#sql.settledThrough.get(0)?.through ?? 0, limit);
    const gaps = this.#sql.gaps.all(streamCode(stream), limit);
    const line = [...rows, ...gaps].sort((a, b) => a.stream_sequence - b.stream_sequence);
    return this.#page(line, limit, maxBytes);
  }

  readFrom(stream: Stream, streamSequence: number, limit: number, maxBytes: number): PendingPage {
    const code = streamCode(stream) === 1 ? 1 : 0;
    const number = streamSequence + this.#streamBase[code];
    const rows =
      code === 1
        ? this.#sql.fromTwo.all(number, limit)
        : this.#sql.fromStandard.all(this.#standardPlace(number), limit);
    const archived = this.#archived(code, number, rows, limit);
    if (archived.length === 0) return this.#page(rows, limit, maxBytes);
    const taken = new Set(archived.map(({ record_id: id }) => id));
    const here = rows.filter((row) => !taken.has(row.record_id));
    return this.#mixedPage(archived, here, limit, maxBytes);
  }

  /** Records from a number on that are in the archive, without those whose rows are still here. */
  #archived(code: 0 | 1, number: number, rows: readonly LineRow[], limit: number): readonly KeptRecord[] {
    // Everything that is asked for is here: the common case, and no file is opened for it.
    const asked = Math.min(limit, rows.length);
    if (asked > 0 && rows[0]?.stream_sequence === number && rows[asked - 1]?.stream_sequence === number + asked - 1) {
      return [];
    }
    const here = new Set(rows.map((row) => row.record_id));
    return this.#archive?.line(code, number, limit).filter(({ record_id: id }) => !here.has(id)) ?? [];
  }

  /** Entries that stand partly in the archive; those are settled and were checked when they were sealed. */
  #mixedPage(archived: readonly KeptRecord[], rows: readonly LineRow[], limit: number, maxBytes: number): PendingPage {
    const line = [
      ...archived.map((record) => ({
        number: record.stream_number ?? 0,
        sequence: record.record_id - this.#baseRecordId,
        entry: () => this.#archivedEntry(record),
      })),
      ...rows.map((row) => ({ ...this.#placed(row), number: row.stream_sequence })),
    ].sort((a, b) => a.number - b.number);
    return cutPage(line, limit, maxBytes);
  }

  #archivedEntry(record: KeptRecord): StreamEntry {
    const code = record.schedule === 'II' ? 1 : 0;
    const streamSequence = (record.stream_number ?? 0) - this.#streamBase[code];
    return streamEntryOf(record, record.record_id - this.#baseRecordId, streamSequence);
  }

  /** Smallest record_id of the standard stream from this number on: its numbers rise with record_id, so halving finds it. */
  #standardPlace(number: number): number {
    let low = number; // every record of the stream has used up at least one record_id
    let high = (this.#sql.lastRecord.get()?.last ?? 0) + 1;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const found = this.#sql.standardAt.get(middle);
      if (found === undefined || found.stream_sequence >= number) high = middle;
      else low = found.record_id + 1;
    }
    return low;
  }

  readAwaiting(stream: Stream, afterStreamSequence: number, limit: number): AwaitingRecord[] {
    const code = streamCode(stream) === 1 ? 1 : 0;
    const base = this.#streamBase[code];
    const rows = this.#sql.awaiting.all(code, afterStreamSequence + base, limit);
    return rows.map((row) => ({
      sequence: row.record_id - this.#baseRecordId,
      streamSequence: row.stream_sequence - base,
      idempotencyKey: this.keyOf(row.record_id - this.#baseRecordId),
      payloadHash: row.payload_hash,
    }));
  }

  newestSynced(stream: Stream): AwaitingRecord | null {
    const code = streamCode(stream) === 1 ? 1 : 0;
    const row = code === 1 ? this.#sql.newestTwo.get() : this.#sql.newestStandard.get();
    const base = this.#streamBase[code];
    // What was settled before this epoch began has no number in it.
    if (row === undefined || row.stream_sequence <= base) return null;
    const sequence = row.record_id - this.#baseRecordId;
    const idempotencyKey = this.keyOf(sequence);
    if (idempotencyKey === '') return null;
    return { sequence, streamSequence: row.stream_sequence - base, idempotencyKey, payloadHash: row.payload_hash };
  }

  /** The idempotency key of a record; empty when its bytes cannot be read any more. */
  keyOf(sequence: number): string {
    const known = this.#keys.get(sequence);
    if (known !== undefined) return known;
    const place = this.#sql.place.get(sequence + this.#baseRecordId);
    const payload = place === undefined ? undefined : this.#pack(place.pack)?.[place.slot];
    return payload === undefined ? '' : this.#noteKey(sequence, payload);
  }

  #page(rows: readonly LineRow[], limit: number, maxBytes: number): PendingPage {
    return cutPage(
      rows.map((row) => this.#placed(row)),
      limit,
      maxBytes,
    );
  }

  #placed(row: LineRow): PlacedEntry {
    return { sequence: row.record_id - this.#baseRecordId, entry: () => this.#entry(row) };
  }

  /** Null for a record that waits to be sent but whose bytes are damaged. */
  #entry(row: LineRow): StreamEntry | null {
    const sequence = row.record_id - this.#baseRecordId;
    const asGap = (gap: GapMarker['gap']): GapMarker => ({
      gap,
      sequence,
      streamSequence: this.#wireNumber(row),
      payloadHash: row.payload_hash,
    });
    const marked = this.#sql.gapState.get(row.record_id);
    if (marked !== undefined) return asGap(marked.state === QUARANTINED ? 'quarantined' : 'set_aside');
    const payload = this.#pack(row.pack)?.[row.slot];
    if (!isIntact(payload, row.payload_hash)) return row.state === PENDING ? null : asGap('quarantined');
    return this.#stored(row, sequence, Buffer.from(payload));
  }

  #stored(row: LineRow, sequence: number, payload: Buffer): StoredRecord {
    return {
      sequence,
      idempotencyKey: this.#noteKey(sequence, payload),
      streamSequence: this.#wireNumber(row),
      state: stateName(row.state),
      lane: row.lane,
      laneHash: row.lane_hash,
      payloadHash: row.payload_hash,
      schedule: scheduleName(row.schedule),
      receivedAtMs: row.received_ms,
      flags: flagsOf(row.flags),
      payload,
    };
  }

  #wireNumber(row: LineRow): number {
    return row.stream_sequence - this.#streamBase[row.schedule === SCHEDULE_TWO ? 1 : 0];
  }

  /** `lane_hash` of a record; null when there is none of that number. */
  laneHashOf(sequence: number): Buffer | null {
    return this.#sql.place.get(sequence + this.#baseRecordId)?.lane_hash ?? null;
  }

  /** As `bytesOf`, for a record by its sequence. */
  payloadOf(sequence: number): Buffer | null {
    const place = this.#sql.place.get(sequence + this.#baseRecordId);
    return place === undefined ? null : this.bytesOf(place.pack, place.slot, place.payload_hash);
  }

  /** The stored bytes of a record; null when they can no longer be read or are not those that were hashed. */
  bytesOf(pack: number, slot: number, payloadHash: Buffer): Buffer | null {
    const payload = this.#pack(pack)?.[slot];
    return isIntact(payload, payloadHash) ? Buffer.from(payload) : null;
  }

  #noteKey(sequence: number, payload: Buffer): string {
    const record: unknown = JSON.parse(payload.toString());
    const held =
      typeof record === 'object' && record !== null && 'idempotency_key' in record ? record.idempotency_key : '';
    const key = typeof held === 'string' ? held : '';
    if (this.#keys.size >= KEYS_KEPT) dropOldest(this.#keys);
    this.#keys.set(sequence, key);
    return key;
  }

  #pack(packId: number): Buffer[] | null {
    const known = this.#packs.get(packId);
    if (known !== undefined) return known;
    const sealed = this.#sql.sealed.get(packId)?.sealed ?? null;
    const payloads = sealed === null ? null : openPack(this.#ring, this.#bufferId, packId, sealed);
    if (this.#packs.size >= PACKS_KEPT) dropOldest(this.#packs);
    // Damage is not remembered: the next look reads the disk again.
    if (payloads !== null) this.#packs.set(packId, payloads);
    return payloads;
  }
}

interface PlacedEntry {
  readonly sequence: number;
  /** Read when it is its turn; null where the bytes are damaged. */
  readonly entry: () => StreamEntry | null;
}

function cutPage(line: readonly PlacedEntry[], limit: number, maxBytes: number): PendingPage {
  const entries: StreamEntry[] = [];
  const damaged: number[] = [];
  let bytes = 0;
  for (const { sequence, entry: read } of line.slice(0, limit)) {
    const entry = read();
    if (entry === null) damaged.push(sequence);
    // The line ends before the first damaged record: it must be quarantined before anything behind it may go.
    else if (damaged.length > 0) break;
    else {
      bytes += 'payload' in entry ? entry.payload.length : 0;
      if (bytes > maxBytes && entries.length > 0) break;
      entries.push(entry);
    }
  }
  return { entries, damaged: entries.length > 0 ? [] : damaged };
}

function dropOldest<K>(map: Map<K, unknown>): void {
  const oldest = map.keys().next();
  if (!oldest.done) map.delete(oldest.value);
}
