/** What every writing operation needs, put together once by the writer. */
import type { Clock } from '../base/clock.ts';
import type { TrailBodyOf, TrailKind } from '../record/trail-kinds.ts';
import type { FixedEntry, TrailLog, TrailPlace } from './api.ts';
import type { FrameReader } from './archive/frames.ts';
import { logName } from './codes.ts';
import { bodyJson, entryText, leafOf, MAX_ENTRY_BYTES } from './entry.ts';
import type { Keyring } from './keyring.ts';
import type { Ledger, TrailHead } from './ledger.ts';
import type { Names } from './names.ts';
import type { Statements } from './statements.ts';

/** What intake asks of the archive; null where it has no directory. */
export type ArchiveLookup = Pick<FrameReader, 'keyOf' | 'find'>;

export interface Session {
  readonly archive: ArchiveLookup;
  readonly sql: Statements;
  readonly ring: Keyring;
  readonly ledger: Ledger;
  readonly names: Names;
  readonly clock: Clock;
  readonly bufferId: string;
  /** This boot as the machine names it, and its row. */
  readonly bootId: string;
  readonly boot: number;
  /** Entries of the transaction under way, by trail code: for the trail's writer once it has committed. */
  fixed: FixedByLog;
}

export type FixedByLog = readonly [FixedEntry[], FixedEntry[]];

/** Times of one transaction: all its entries carry the same. */
export interface Moment {
  readonly utcMs: number;
  readonly monotonicMs: number;
}

export function momentOf(clock: Clock): Moment {
  return { utcMs: Math.trunc(clock.utcMs()), monotonicMs: Math.trunc(clock.monotonicMs()) };
}

/** Trail heads as they will be if the transaction under way commits. */
export type Heads = readonly [TrailHead, TrailHead];

export function copyHeads(ledger: Ledger): Heads {
  return [{ ...ledger.heads[0] }, { ...ledger.heads[1] }];
}

/** Fixes the next entry of a trail: its text and its place. The caller stores it. */
export function nextEntry(
  session: Session,
  heads: Heads,
  log: 0 | 1,
  moment: Moment,
  kind: TrailKind,
  body: string,
): { text: string; place: TrailPlace } {
  const head = heads[log];
  const text = entryText(
    {
      bootId: session.bootId,
      index: head.size,
      monotonicMs: moment.monotonicMs,
      previousLeaf: head.leaf,
      utcMs: moment.utcMs,
    },
    kind,
    body,
  );
  if (Buffer.byteLength(text) > MAX_ENTRY_BYTES)
    throw new Error(`trail entry ${kind} is over ${MAX_ENTRY_BYTES} bytes`);
  const leaf = leafOf(text);
  const place = { log: logName(log) as TrailLog, index: head.size, leaf };
  head.size += 1;
  head.leaf = leaf;
  session.fixed[log].push({ index: place.index, text, leaf: leaf.toString('base64') });
  return { text, place };
}

/** Fixes and stores one entry of its own. */
export function storeEntry<K extends TrailKind>(
  session: Session,
  heads: Heads,
  log: 0 | 1,
  moment: Moment,
  kind: K,
  body: TrailBodyOf<K>,
): TrailPlace {
  const { text, place } = nextEntry(session, heads, log, moment, kind, bodyJson(body));
  session.sql.addEntry.run(log, place.index, text, place.leaf);
  return place;
}
