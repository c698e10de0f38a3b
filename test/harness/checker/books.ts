/**
 * Compares the books of a PMS with the buffer of the gateway that filled them: every acknowledged record stands there
 * once, in the order of its stream, and each state in the buffer is one the PMS has given reason for.
 */
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { Expectation } from './expectation.ts';

/** An entry of the PMS's books; its stream and number are where it stands. */
export interface BookEntry {
  readonly kind: 'record' | 'refused' | 'gap';
  readonly sequence: number;
  readonly laneHash: string | null;
  readonly payloadHash: string;
  readonly standing: 'final' | 'verifying' | 'declined';
}

export interface Books {
  /** By stream; entry i stands at number i + 1. */
  readonly streams: ReadonlyMap<string, readonly BookEntry[]>;
  /** Final words ever said about a record, by payload hash; some may never have reached the gateway. */
  readonly said: ReadonlyMap<string, ReadonlySet<string>>;
}

export interface BooksRules {
  /** Most records that may have been given up (`SET_ASIDE`). */
  readonly mayGiveUp: number;
  /** Most records whose bytes were damaged on purpose. */
  readonly damaged: number;
}

interface BufferRow {
  readonly sequence: number;
  readonly stream: string;
  readonly number: number;
  readonly state: string;
  readonly lane_hash: Buffer;
  readonly payload_hash: Buffer;
}

const ROWS = `SELECT record_id - (SELECT base_record_id FROM epoch ORDER BY ordinal DESC LIMIT 1) AS sequence,
  CASE schedule WHEN 2 THEN 'schedule_two' ELSE 'standard' END AS stream, stream_sequence AS number, state.name AS state,
  lane_hash, payload_hash FROM record JOIN state USING (state) ORDER BY record_id`;

/** Sentences, one for each promise that was broken; empty when all is well. At most the first few. */
export function checkBooks(books: Books, dataDir: string, expected: Expectation, rules: BooksRules): string[] {
  const db = new Database(join(dataDir, 'buffer.db'), { readonly: true, fileMustExist: true });
  try {
    const rows = db.prepare<[], BufferRow>(ROWS).all();
    const problems = [
      ...rows.flatMap((row) => checkRow(row, books)),
      ...checkPlaces(books, rows),
      ...checkArrival(books, rows, expected),
      ...checkGivenUp(rows, rules),
    ];
    return problems.length > 8 ? [...problems.slice(0, 8), `and ${problems.length - 8} more`] : problems;
  } finally {
    db.close();
  }
}

/** What a state in the buffer needs at the PMS. */
function checkRow(row: BufferRow, books: Books): string[] {
  const name = `${row.stream} ${row.number} (sequence ${row.sequence})`;
  const entry = books.streams.get(row.stream)?.[row.number - 1];
  const hash = row.payload_hash.toString('hex');
  if (entry === undefined) return [`${name} is ${row.state} and the PMS has nothing at that number`];
  if (entry.payloadHash !== hash || entry.sequence !== row.sequence) return [`the PMS has another record at ${name}`];
  const said = books.said.get(hash) ?? new Set();
  switch (row.state) {
    case 'SYNCED':
      if (entry.kind === 'gap') return [`${name} is SYNCED and the PMS has only a gap marker for it`];
      return said.has('accepted') ? [] : [`${name} is SYNCED and the PMS never said yes to it`];
    case 'REJECTED':
      return said.has('rejected') || entry.standing === 'declined'
        ? []
        : [`${name} is REJECTED and the PMS never said no to it`];
    case 'SET_ASIDE':
    case 'QUARANTINED':
      return [];
    default:
      return [`${name} is still ${row.state}`];
  }
}

/** Nothing stands in the books twice, or that no buffer holds. */
function checkPlaces(books: Books, rows: readonly BufferRow[]): string[] {
  const problems: string[] = [];
  for (const [stream, line] of books.streams) {
    const numbers = rows.filter((row) => row.stream === stream).length;
    if (line.length > numbers) problems.push(`the PMS has ${line.length} entries of ${stream}, the buffer ${numbers}`);
  }
  const seen = new Set<string>();
  for (const { kind, payloadHash, sequence } of [...books.streams.values()].flat()) {
    if (kind !== 'gap' && seen.has(payloadHash))
      problems.push(`the PMS holds sequence ${sequence} for the second time`);
    seen.add(payloadHash);
  }
  return problems;
}

/** What was acknowledged to a lane is at the PMS, unless the buffer shows it to a person. */
function checkArrival(books: Books, rows: readonly BufferRow[], expected: Expectation): string[] {
  const held = new Set([...books.streams.values()].flat().flatMap(({ laneHash }) => laneHash ?? []));
  const shown = new Set(
    rows.filter(({ state }) => state !== 'SYNCED').map(({ lane_hash }) => lane_hash.toString('hex')),
  );
  const missing = [...expected.acknowledged].filter((laneHash) => !held.has(laneHash) && !shown.has(laneHash)).length;
  const invented = [...held].filter((laneHash) => !expected.published.has(laneHash)).length;
  return [
    ...(missing > 0 ? [`the PMS lacks ${missing} of ${expected.acknowledged.size} acknowledged records`] : []),
    ...(invented > 0 ? [`the PMS holds ${invented} records that nobody sent`] : []),
  ];
}

function checkGivenUp(rows: readonly BufferRow[], rules: BooksRules): string[] {
  const count = (wanted: string) => rows.filter(({ state }) => state === wanted).length;
  const [setAside, quarantined] = [count('SET_ASIDE'), count('QUARANTINED')];
  return [
    ...(setAside > rules.mayGiveUp ? [`${setAside} records were set aside, ${rules.mayGiveUp} had reason to be`] : []),
    ...(quarantined > rules.damaged ? [`${quarantined} records are quarantined, ${rules.damaged} were damaged`] : []),
  ];
}
