/**
 * Whether a copy is one of this buffer's own past, so that it may be brought up to date. A medium may hold the only copy of a
 * box that died, or of this box before its disk was replaced: such a one is never written over.
 */
import type { Database } from 'better-sqlite3';

export interface Kin {
  readonly bufferId: string;
  /** Epochs in order; `openedAfter`: the last record of the life before. */
  readonly epochs: readonly { readonly epoch: string; readonly openedAfter: number }[];
  readonly lastRecord: number;
  /** Entries fixed of both trails. */
  readonly entries: readonly [number, number];
}

/** Works on a buffer of any format. */
export function kinOf(db: Database): Kin {
  const format = Number(db.pragma('user_version', { simple: true }));
  const openedAfter = format >= 2 ? 'opened_after' : '0';
  const one = (query: string) => db.prepare<[], number | null>(query).pluck().get() ?? 0;
  const newest = (log: 0 | 1) =>
    Math.max(
      one(`SELECT trail_size FROM stream WHERE stream = ${log}`),
      one(`SELECT max(i) + 1 FROM trail_entry WHERE log = ${log}`),
    );
  return {
    bufferId: db.prepare<[], string>("SELECT value FROM meta WHERE name = 'buffer_id'").pluck().get() ?? '',
    epochs: db
      .prepare<[], Kin['epochs'][number]>(`SELECT epoch, ${openedAfter} AS openedAfter FROM epoch ORDER BY ordinal`)
      .all(),
    lastRecord: Math.max(one('SELECT max(record_id) FROM record'), one('SELECT record_id FROM index_merge')),
    entries: [newest(0), newest(1)],
  };
}

/** True when everything `copy` holds has come from `source`, as far as numbers tell. */
export function isPastOf(copy: Kin, source: Kin): boolean {
  if (copy.bufferId !== source.bufferId || copy.epochs.length > source.epochs.length) return false;
  if (copy.epochs.some(({ epoch }, n) => source.epochs[n]?.epoch !== epoch)) return false;
  const end = source.epochs[copy.epochs.length]?.openedAfter ?? source.lastRecord;
  return copy.lastRecord <= end && copy.entries.every((size, log) => size <= (source.entries[log] ?? 0));
}
