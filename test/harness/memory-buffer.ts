/**
 * A record buffer in memory for tests of the sync stage. It keeps the buffer's rules (legal steps, order, gap markers,
 * payload checked against its hash) and none of its durability. Whoever waits for something asks `until`.
 */
import { hash } from 'node:crypto';
import type {
  AwaitingRecord,
  GapMarker,
  PendingPage,
  SettledRecord,
  Settlement,
  StoredRecord,
  StreamEntry,
  TrailBody,
  TrailLog,
  TrailPlace,
} from '../../src/buffer/api.ts';
import type { TrailBodyOf, TrailKind } from '../../src/record/trail-kinds.ts';
import { type Schedule, type State, type Stream, streamOf } from '../../src/record/types.ts';
import type { SyncBuffer } from '../../src/sync/ports.ts';

interface Row {
  record: StoredRecord;
  state: State;
  noted: boolean;
  /** Set when a settled verdict came. */
  settlement: Settlement | null;
}

export interface Note {
  readonly log: TrailLog;
  readonly kind: string;
  readonly body: TrailBody;
}

const STEPS: Readonly<Partial<Record<State, readonly State[]>>> = {
  PENDING: ['SYNCED', 'REJECTED', 'AWAITING_VERIFICATION', 'SET_ASIDE'],
  AWAITING_VERIFICATION: ['SYNCED', 'REJECTED'],
};

export class MemoryBuffer implements SyncBuffer {
  readonly gatewayId = 'gw-0042';
  readonly epoch = '0123abcd';
  readonly notes: Note[] = [];
  /** Set to make the next write of that name fail, as a full disk would. */
  failNext: 'settle' | 'note' | 'noteGaps' | 'quarantine' | null = null;
  readonly #rows: Row[] = [];
  readonly #watchers = new Set<() => void>();

  /** Adds a record of this schedule and returns its row. */
  add(schedule: Schedule = 'IV', extra: Readonly<Record<string, unknown>> = {}): StoredRecord {
    const sequence = this.#rows.length + 1;
    const stream = streamOf(schedule);
    const idempotencyKey = `key-${String(sequence).padStart(8, '0')}`;
    const payload = Buffer.from(JSON.stringify({ idempotency_key: idempotencyKey, quantity: 30, schedule, ...extra }));
    const record: StoredRecord = {
      sequence,
      streamSequence: this.#inStream(stream).length + 1,
      idempotencyKey,
      state: 'PENDING',
      lane: 'lane-1',
      laneHash: hash('sha256', payload, 'buffer'),
      payloadHash: hash('sha256', payload, 'buffer'),
      schedule,
      receivedAtMs: 1_790_000_000_000 + sequence,
      flags: [],
      payload,
    };
    this.#rows.push({ record, state: 'PENDING', noted: false, settlement: null });
    return record;
  }

  addMany(count: number, schedule: Schedule = 'IV'): StoredRecord[] {
    return Array.from({ length: count }, () => this.add(schedule));
  }

  /** Changes a stored byte. */
  damage(sequence: number): void {
    const row = this.#row(sequence);
    const payload = Buffer.from(row.record.payload);
    payload[0] = (payload[0] ?? 0) ^ 1;
    row.record = { ...row.record, payload };
  }

  setState(sequence: number, state: State): void {
    this.#row(sequence).state = state;
  }

  stateOf(sequence: number): State {
    return this.#row(sequence).state;
  }

  settlementOf(sequence: number): Settlement | null {
    return this.#row(sequence).settlement;
  }

  isNoted(sequence: number): boolean {
    return this.#row(sequence).noted;
  }

  /** How many records stand in each state. */
  counts(): Partial<Record<State, number>> {
    const counts: Partial<Record<State, number>> = {};
    for (const { state } of this.#rows) counts[state] = (counts[state] ?? 0) + 1;
    return counts;
  }

  notesOf(kind: string): Note[] {
    return this.notes.filter((note) => note.kind === kind);
  }

  /** Resolves when `holds` does; looked at after every write. */
  until(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!holds()) return;
        this.#watchers.delete(look);
        resolve();
      };
      this.#watchers.add(look);
      look();
    });
  }

  readPending(stream: Stream, limit: number, maxBytes: number): PendingPage {
    const waiting = this.#inStream(stream).filter((row) => row.state === 'PENDING' || (isGivenUp(row) && !row.noted));
    return pageOf(waiting, limit, maxBytes);
  }

  readFrom(stream: Stream, streamSequence: number, limit: number, maxBytes: number): PendingPage {
    const rows = this.#inStream(stream).filter((row) => row.record.streamSequence >= streamSequence);
    return pageOf(rows, limit, maxBytes);
  }

  readAwaiting(stream: Stream, afterStreamSequence: number, limit: number): readonly AwaitingRecord[] {
    return this.#inStream(stream)
      .filter((row) => row.state === 'AWAITING_VERIFICATION' && row.record.streamSequence > afterStreamSequence)
      .slice(0, limit)
      .map((row) => row.record);
  }

  newestSynced(stream: Stream): AwaitingRecord | null {
    const row = this.#inStream(stream).findLast((each) => each.state === 'SYNCED');
    return row?.record ?? null;
  }

  async settle(stream: Stream, settlements: readonly Settlement[]): Promise<SettledRecord[]> {
    await this.#write('settle');
    const settled = settlements.flatMap((settlement) => {
      const row = this.#row(settlement.sequence);
      if (!STEPS[row.state]?.includes(settlement.to)) return [];
      row.state = settlement.to;
      row.settlement = settlement;
      return [{ ...row.record, state: row.state, trail: placeOf(stream) }];
    });
    this.#changed();
    return settled;
  }

  async noteGaps(_stream: Stream, sequences: readonly number[]): Promise<void> {
    await this.#write('noteGaps');
    for (const sequence of sequences) this.#row(sequence).noted = true;
    this.#changed();
  }

  async quarantine(_stream: Stream, sequences: readonly number[]): Promise<void> {
    await this.#write('quarantine');
    for (const sequence of sequences) this.#row(sequence).state = 'QUARANTINED';
    this.#changed();
  }

  async note<K extends TrailKind>(log: TrailLog, kind: K, body: TrailBodyOf<K>): Promise<TrailPlace> {
    await this.#write('note');
    this.notes.push({ log, kind, body: { ...body } });
    this.#changed();
    return placeOf('standard');
  }

  /** A commit takes a turn of the event loop, as with the real writer. */
  async #write(name: NonNullable<MemoryBuffer['failNext']>): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    if (this.failNext !== name) return;
    this.failNext = null;
    throw new Error('disk full');
  }

  #changed(): void {
    for (const look of [...this.#watchers]) look();
  }

  #inStream(stream: Stream): Row[] {
    return this.#rows.filter((row) => streamOf(row.record.schedule) === stream);
  }

  #row(sequence: number): Row {
    const row = this.#rows[sequence - 1];
    if (row === undefined) throw new Error(`no record ${sequence}`);
    return row;
  }
}

function placeOf(stream: Stream): TrailPlace {
  return { log: stream === 'schedule_two' ? 'schedule_two' : 'audit', index: 0, leaf: Buffer.alloc(32) };
}

function isGivenUp(row: Row): boolean {
  return row.state === 'QUARANTINED' || row.state === 'SET_ASIDE';
}

function markerOf(row: Row, gap: GapMarker['gap']): GapMarker {
  const { sequence, streamSequence, payloadHash } = row.record;
  return { gap, sequence, streamSequence, payloadHash };
}

function isIntact(row: Row): boolean {
  return hash('sha256', row.record.payload, 'hex') === row.record.payloadHash.toString('hex');
}

function pageOf(rows: readonly Row[], limit: number, maxBytes: number): PendingPage {
  const entries: StreamEntry[] = [];
  let bytes = 0;
  for (const [index, row] of rows.slice(0, limit).entries()) {
    if (isGivenUp(row)) {
      entries.push(markerOf(row, row.state === 'SET_ASIDE' ? 'set_aside' : 'quarantined'));
      continue;
    }
    if (!isIntact(row)) {
      if (row.state === 'PENDING') return { entries, damaged: damagedFrom(rows.slice(index)) };
      entries.push(markerOf(row, 'quarantined'));
      continue;
    }
    bytes += row.record.payload.length;
    if (entries.length > 0 && bytes > maxBytes) break;
    entries.push({ ...row.record, state: row.state });
  }
  return { entries, damaged: [] };
}

function damagedFrom(rows: readonly Row[]): number[] {
  const end = rows.findIndex((row) => row.state !== 'PENDING' || isIntact(row));
  return (end < 0 ? rows : rows.slice(0, end)).map((row) => row.record.sequence);
}
