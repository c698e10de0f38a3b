/** Reading what waits for a person, and which lanes are in training; on the reading connection, never in the writer's way. */
import type { Database } from 'better-sqlite3';
import type { LaneTraining, WaitingDetail, WaitingItem, WaitingQuery, WaitingState } from './api.ts';
import { WAITING_STATES } from './api.ts';
import { flagsOf, scheduleName, stateCode, stateName } from './codes.ts';
import type { Keyring } from './keyring.ts';
import type { Reader } from './reader.ts';
import type { EpochRow } from './statements.ts';

interface RecordRow {
  record_id: number;
  state: number;
  schedule: number;
  lane: string;
  received_ms: number;
  flags: number;
  pack: number;
  slot: number;
  payload_hash: Buffer;
  /** The PMS's last word on it. */
  reason: string | null;
}

interface EvidenceRow {
  evidence_id: number;
  state: number;
  lane: string;
  received_ms: number;
  hash: Buffer;
  record_id: number | null;
  reasons: string;
}

const RECORD = `SELECT r.record_id, r.state, r.schedule, l.name AS lane, r.received_ms, r.flags, r.pack, r.slot, r.payload_hash,
  (SELECT d.reason FROM delivery d WHERE d.record_id = r.record_id ORDER BY d.delivery_id DESC LIMIT 1) AS reason
  FROM record r JOIN lane l ON l.lane = r.lane WHERE r.state IN (3, 4, 5, 6)`;
const EVIDENCE = `SELECT e.evidence_id, e.state, l.name AS lane, e.received_ms, e.hash, e.record_id, e.reasons
  FROM evidence e JOIN lane l ON l.lane = e.lane WHERE e.state IN (7, 8)`;

export class WaitingReader {
  readonly #ring: Keyring;
  readonly #reader: Reader;
  readonly #bufferId: string;
  readonly #baseRecordId: number;
  readonly #sql;

  constructor(db: Database, ring: Keyring, reader: Reader) {
    this.#ring = ring;
    this.#reader = reader;
    const meta = db.prepare<[string], { value: string }>('SELECT value FROM meta WHERE name = ?');
    this.#bufferId = meta.get('buffer_id')?.value ?? '';
    const epoch = db.prepare<[], EpochRow>('SELECT * FROM epoch ORDER BY ordinal DESC LIMIT 1').get();
    this.#baseRecordId = epoch?.base_record_id ?? 0;
    this.#sql = {
      records: db.prepare<[number, string], RecordRow>(
        `${RECORD} AND r.record_id > ? AND r.state IN (SELECT value FROM json_each(?)) ORDER BY r.record_id`,
      ),
      record: db.prepare<[number], RecordRow>(`${RECORD} AND r.record_id = ?`),
      evidence: db.prepare<[number, string], EvidenceRow>(
        `${EVIDENCE} AND e.evidence_id > ? AND e.state IN (SELECT value FROM json_each(?)) ORDER BY e.evidence_id`,
      ),
      oneEvidence: db.prepare<[number], EvidenceRow>(`${EVIDENCE} AND e.evidence_id = ?`),
      sealedEvidence: db.prepare<[number], { sealed: Buffer }>('SELECT sealed FROM evidence WHERE evidence_id = ?'),
      training: db.prepare<[], { name: string; until_ms: number }>(
        'SELECT l.name, t.until_ms FROM lane_training t JOIN lane l ON l.lane = t.lane ORDER BY l.name',
      ),
    };
  }

  list({ of, states, after, limit }: WaitingQuery): WaitingItem[] {
    const codes = JSON.stringify(states.map(stateCode));
    const found: WaitingItem[] = [];
    if (of === 'record') {
      const above = Math.max(0, after) + this.#baseRecordId;
      for (const row of this.#sql.records.iterate(above, codes)) {
        found.push(this.#record(row));
        if (found.length >= limit) break;
      }
      return found;
    }
    for (const row of this.#sql.evidence.iterate(after, codes)) {
      found.push(evidenceItem(row));
      if (found.length >= limit) break;
    }
    return found;
  }

  detail(of: WaitingItem['of'], number: number): WaitingDetail | null {
    if (of === 'record') {
      const row = this.#sql.record.get(number + this.#baseRecordId);
      if (row === undefined || number < 1) return null;
      return { ...this.#record(row), bytes: this.#reader.bytesOf(row.pack, row.slot, row.payload_hash), holder: null };
    }
    const row = this.#sql.oneEvidence.get(number);
    if (row === undefined) return null;
    const holder = row.record_id === null ? null : row.record_id - this.#baseRecordId;
    return { ...evidenceItem(row), bytes: this.#evidenceBytes(row), holder };
  }

  trainingLanes(): LaneTraining[] {
    return this.#sql.training.all().map(({ name, until_ms }) => ({ lane: name, untilMs: until_ms }));
  }

  #record(row: RecordRow): WaitingItem {
    return {
      of: 'record',
      number: row.record_id - this.#baseRecordId,
      state: waitingState(row.state),
      lane: row.lane,
      schedule: scheduleName(row.schedule),
      receivedAtMs: row.received_ms,
      flags: flagsOf(row.flags),
      hash: row.payload_hash,
      reasons: row.reason === null ? [] : [row.reason],
    };
  }

  #evidenceBytes(row: EvidenceRow): Buffer | null {
    const sealed = this.#sql.sealedEvidence.get(row.evidence_id)?.sealed;
    if (sealed === undefined) return null;
    return this.#ring.unsealBytes(sealed, `counterfoil evidence ${this.#bufferId} ${row.hash.toString('hex')}`);
  }
}

function evidenceItem(row: EvidenceRow): WaitingItem {
  return {
    of: 'evidence',
    number: row.evidence_id,
    state: waitingState(row.state),
    lane: row.lane,
    schedule: null,
    receivedAtMs: row.received_ms,
    flags: [],
    hash: row.hash,
    reasons: codesIn(row.reasons),
  };
}

/** Codes of a refusal, as the row keeps them. */
function codesIn(reasons: string): string[] {
  const parsed: unknown = JSON.parse(reasons);
  if (!Array.isArray(parsed)) return [];
  return parsed.flatMap((reason: unknown) =>
    typeof reason === 'object' && reason !== null && 'code' in reason && typeof reason.code === 'string'
      ? [reason.code]
      : [],
  );
}

function waitingState(code: number): WaitingState {
  const name = stateName(code);
  const known = WAITING_STATES.find((state) => state === name);
  if (known === undefined) throw new Error(`state ${name} does not wait for a person`);
  return known;
}
