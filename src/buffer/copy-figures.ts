/** What a copy of a buffer is, in figures that must be the same wherever it is put back. */
import type { Database } from 'better-sqlite3';
import { STATES, type State } from '../record/types.ts';
import type { TrailLog } from './api.ts';
import { logCode, stateName } from './codes.ts';
import { withCopy } from './copy.ts';
import { NO_LEAF } from './entry.ts';
import { Ledger, TAIL_LIMITS } from './ledger.ts';
import { Names } from './names.ts';
import { prepareStatements } from './statements.ts';
import { TrailReader } from './trail-reader.ts';

const ENTRY_BYTES = 64 * 1024;

export interface TrailFigures {
  readonly size: number;
  readonly leaf: string;
  readonly stored: number;
  readonly stored_leaf: string;
  readonly checkpoint: string | null;
  readonly cosigned_size: number;
}

export interface CopyFigures {
  readonly format: number;
  readonly buffer_id: string;
  readonly gateway_id: string;
  readonly epoch: string;
  readonly states: Partial<Record<State, number>>;
  readonly records: number;
  readonly schedule_two: number;
  readonly last_sequence: number;
  readonly trails: Readonly<Record<TrailLog, TrailFigures>>;
  readonly tables: Readonly<Record<string, number>>;
}

/** Opens a copy and gives its figures. Throws what opening a buffer throws, `buffer_damaged` where it contradicts itself. */
export function figuresOf(path: string): CopyFigures {
  return withCopy(path, (db) => {
    const sql = prepareStatements(db);
    const names = new Names(sql);
    const ledger = new Ledger(sql, names, TAIL_LIMITS);
    names.reload();
    ledger.load();
    const reader = new TrailReader(db);
    const states: Partial<Record<State, number>> = {};
    const counted = db
      .prepare<[], { state: number; count: number }>(
        'SELECT state, COUNT(*) AS count FROM (SELECT state FROM record UNION ALL SELECT state FROM evidence) GROUP BY state',
      )
      .all();
    for (const name of STATES) {
      const row = counted.find(({ state }) => stateName(state) === name);
      if (row !== undefined) states[name] = row.count;
    }
    const one = (query: string) => db.prepare<[], number>(query).pluck().get() ?? 0;
    return {
      format: Number(db.pragma('user_version', { simple: true })),
      buffer_id: sql.meta.get('buffer_id')?.value ?? '',
      gateway_id: sql.meta.get('gateway_id')?.value ?? '',
      epoch: ledger.epoch,
      states,
      records: one('SELECT COUNT(*) FROM record'),
      schedule_two: one('SELECT COUNT(*) FROM record WHERE schedule = 2'),
      last_sequence: ledger.lastRecordId - ledger.baseRecordId,
      trails: {
        audit: trailFigures(reader, ledger, 'audit'),
        schedule_two: trailFigures(reader, ledger, 'schedule_two'),
      },
      tables: tablesOf(db),
    };
  });
}

function trailFigures(reader: TrailReader, ledger: Ledger, log: TrailLog): TrailFigures {
  const code = logCode(log) === 1 ? 1 : 0;
  const { size, leaf } = ledger.heads[code];
  const { stored, note, cosigned } = reader.store(code);
  const head = leaf.toString('base64');
  return {
    size,
    leaf: head,
    stored,
    stored_leaf: stored === size ? head : linkOf(reader, code, stored),
    checkpoint: note,
    cosigned_size: cosigned,
  };
}

/** Leaf of the entry before this one, as it names it. */
function linkOf(reader: TrailReader, log: 0 | 1, index: number): string {
  if (index === 0) return NO_LEAF.toString('base64');
  const [entry] = reader.read(log, index, 1, ENTRY_BYTES);
  const { p } = JSON.parse(entry?.text ?? '{}') as { p?: unknown };
  return typeof p === 'string' ? p : '';
}

function tablesOf(db: Database): Record<string, number> {
  const names = db
    .prepare<[], string>(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name",
    )
    .pluck()
    .all();
  // Names come from the schema itself, quoted as identifiers (sqlite.org/lang_keywords.html).
  const count = (name: string) => db.prepare<[], number>(`SELECT COUNT(*) FROM "${name}"`).pluck().get() ?? 0;
  return Object.fromEntries(names.map((name) => [name, count(name)]));
}
