/** The young end of the key and fill indexes goes into the tables, a slice with each commit; see `key-tail.ts`. */
import type { MergeSlice } from './key-tail.ts';
import type { Heads, Session } from './session.ts';

/** Writes one slice of the young indexes into their tables, within the writer's transaction. */
export function mergeSlice({ sql, ledger, names }: Session, slice: MergeSlice, heads: Heads): void {
  for (const [key, recordId] of slice.keys) sql.putKey.run(Buffer.from(key, 'latin1'), recordId);
  for (const [fill, recordId] of slice.fills) {
    if (recordId === 0) sql.dropFill.run(Buffer.from(fill, 'latin1'));
    else sql.putFill.run(Buffer.from(fill, 'latin1'), recordId);
  }
  if (slice.reaches === null) return;
  for (const row of sql.countRange.all(ledger.mergedThrough, slice.reaches))
    sql.addCounter.run(row.schedule, row.state, row.count);
  sql.setMergedThrough.run(slice.reaches);
  for (const stream of [0, 1] as const) {
    sql.setStreamHead.run(ledger.lastNumber[stream], heads[stream].size, heads[stream].leaf, stream);
  }
  names.persist();
}
