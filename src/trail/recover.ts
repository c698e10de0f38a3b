/**
 * The start of one trail: what of the segments counts, where to go on, and who has seen more than is here. Nothing is
 * repaired in place. What the buffer does not know to be synced (`storedSize`) is appended again in a new segment, even
 * where it reads back whole: after a failed fsync the page cache shows bytes the disk does not have.
 */
import type { FixedEntry, TrailLog, TrailOutbox } from '../buffer/api.ts';
import type { Tip } from './appender.ts';
import { codeOf, type SegmentFile, type TrailDisk } from './disk.ts';
import { headOf } from './line.ts';
import { logDirectory, segmentPath } from './names.ts';
import { tellsSomething } from './own-kinds.ts';
import { notedIn, readHead, type SegmentHead, type SegmentScan, scanSegment } from './scan.ts';
import { SegmentIndex } from './segment-index.ts';

const ROWS_AT_ONCE = 1000;
const ROW_BYTES_AT_ONCE = 4 * 1024 * 1024;
/** Rows looked through for entries `segment`; beyond, one is written a second time, which harms nobody. */
const ROWS_SURVEYED = 5000;
const NO_LEAF: string = Buffer.alloc(32).toString('base64');
/** Somebody has seen `known` entries where there are `have`. */
export interface Loss {
  readonly by: 'segments' | 'buffer';
  readonly have: number;
  readonly known: number;
}

export interface Recovery {
  /** Entries that stand in the valid parts: the next one appended has this index. */
  readonly stored: number;
  /** Leaf of the entry before that, base64. */
  readonly lastLeaf: string;
  readonly tip: Tip;
  readonly index: SegmentIndex;
  /** Framing leaves (base64) that no entry tells of yet. */
  readonly unnoted: readonly { readonly n: number; readonly hash: string }[];
  /** Index of the newest entry that is more than the trail's word about itself; -1 for none. */
  readonly newestTelling: number;
  readonly losses: readonly Loss[];
  /** Segments whose tail could not be synced, with the disk's code. */
  readonly doubtful: readonly { readonly n: number; readonly code: string }[];
  /** Why the trail cannot go on here; null when it can. */
  readonly stopped: 'hole' | 'fork' | null;
}

export interface RecoverParts {
  readonly log: TrailLog;
  readonly trailDir: string;
  readonly disk: TrailDisk;
  readonly outbox: TrailOutbox;
  /** Entries the buffer has fixed. */
  readonly fixedSize: number;
}

/** @throws Node's error when the directory cannot be read. */
export async function recover(parts: RecoverParts): Promise<Recovery> {
  const { disk, log, trailDir } = parts;
  const pathOf = (n: number) => segmentPath(trailDir, log, n);
  const files = await disk.list(logDirectory(trailDir, log));
  const written = files.slice(0, files.findLastIndex(({ bytes }) => bytes > 0) + 1);
  const heads = new Map<number, SegmentHead>();
  for (const { n } of written) heads.set(n, await readHead(disk, pathOf(n), n));
  const told = validByFraming(heads);
  const tail = await scanTail(parts, written, told);
  const holder = tail.at(-1);
  const place = decide(parts, holder, holder !== undefined && told.has(holder.n));
  const ends = endsOf(tail, place.size);
  const index = indexOf(new SegmentIndex(disk, pathOf), heads, told, tail, place.size);
  const tip = tipOf(parts, written, tail, ends, place);
  const survey = place.stopped === null ? surveyRows(parts, place.size) : new Set<number>();
  return {
    stored: place.size,
    lastLeaf: place.lastLeaf,
    tip,
    index,
    unnoted: await unnoted(parts, { heads, told, tail, ends, inRows: survey }),
    newestTelling: newestTelling(tail, place.size),
    losses: place.losses,
    // A segment that is gone on with has nothing left to sync; and were that to fail, it could not be gone on with.
    doubtful: tip.current === null ? await syncTails(disk, pathOf, ends) : [],
    stopped: place.stopped,
  };
}

/** How many bytes of each segment count by the newest framing line that tells of it, by number. */
function validByFraming(heads: ReadonlyMap<number, SegmentHead>): Map<number, number> {
  const told = new Map<number, number>();
  for (const { framing } of heads.values()) {
    for (const { n, valid } of framing?.framing.ends ?? []) told.set(n, valid);
  }
  return new Map([...told].sort(([a], [b]) => a - b));
}

/** The last segments, newest first, down to the first one with an entry that counts. */
async function scanTail(
  { disk, trailDir, log }: RecoverParts,
  written: readonly SegmentFile[],
  told: ReadonlyMap<number, number>,
): Promise<SegmentScan[]> {
  const tail: SegmentScan[] = [];
  for (const { n } of written.toReversed()) {
    const scan = await scanSegment(disk, segmentPath(trailDir, log, n), n, told.get(n));
    tail.push(scan);
    if (scan.first !== null) break;
  }
  return tail;
}

interface Place {
  readonly size: number;
  readonly lastLeaf: string;
  readonly losses: readonly Loss[];
  readonly stopped: Recovery['stopped'];
}

/** Where to go on: `storedSize`, as far as the segments can still say so. */
function decide(parts: RecoverParts, holder: SegmentScan | undefined, isClosed: boolean): Place {
  const { outbox, log, fixedSize } = parts;
  const first = holder?.first ?? 0;
  const have = first + (holder?.leaves.length ?? 0);
  const known = outbox.storedSize(log);
  const leafBefore = (index: number) => {
    if (index === first) return first === 0 ? NO_LEAF : (holder?.firstPrevious ?? NO_LEAF);
    return holder?.leaves[index - 1 - first]?.toString('base64') ?? NO_LEAF;
  };
  // Below the last segment nothing is in doubt: it was begun after they were synced, and says how they ended.
  const least = isClosed ? have : first;
  const size = Math.min(Math.max(known, least), have);
  const lastLeaf = leafBefore(size);
  const losses: Loss[] = known > have ? [{ by: 'buffer', have, known }] : [];
  if (size > fixedSize) {
    return { size, lastLeaf, losses: [...losses, { by: 'segments', have: fixedSize, known: have }], stopped: 'hole' };
  }
  const next = firstRow(parts, size);
  // The rows that would fill the gap are gone (or damaged): whatever was appended now would stand behind a hole.
  if (next === 'gone' || (known > have && next === undefined)) return { size, lastLeaf, losses, stopped: 'hole' };
  if (next !== undefined && headOf(next.text)?.previous !== lastLeaf)
    return { size, lastLeaf, losses, stopped: 'fork' };
  const agreed = agreement(parts, size, have, (index) => leafBefore(index + 1));
  if (agreed < have) losses.push({ by: 'segments', have: agreed, known: have });
  return { size, lastLeaf, losses, stopped: null };
}

/** The row of an entry; undefined when nothing was fixed from there on. */
function firstRow({ outbox, log }: RecoverParts, index: number): FixedEntry | 'gone' | undefined {
  try {
    const row = outbox.read(log, index, 1, ROW_BYTES_AT_ONCE)[0];
    return row === undefined || row.index === index ? row : 'gone';
  } catch (error) {
    if (codeOf(error) === 'buffer_damaged') return 'gone';
    throw error;
  }
}

/** Up to which entry the rows are those of the segments, from `size` on. */
function agreement(parts: RecoverParts, size: number, have: number, leafAt: (index: number) => string): number {
  for (let at = size; at < have; ) {
    const rows = parts.outbox.read(parts.log, at, ROWS_AT_ONCE, ROW_BYTES_AT_ONCE);
    const wrong = rows.findIndex((row) => row.index < have && row.leaf !== leafAt(row.index));
    if (wrong >= 0) return at + wrong;
    if (rows.length === 0) return at;
    at += rows.length;
  }
  return have;
}

/**
 * How many bytes count of the segments at the end, newest first, down to one of which some do. A framing line without an
 * entry that counts does not count either: it was never known to be synced.
 */
function endsOf(tail: readonly SegmentScan[], size: number): Tip['ends'] {
  const ends: { n: number; valid: number }[] = tail.map((scan) => ({ n: scan.n, valid: validIn(scan, size) }));
  for (const { n, valid } of tail.at(-1)?.framing?.framing.ends ?? []) {
    if ((ends.at(-1)?.valid ?? 0) > 0) break;
    ends.push({ n, valid });
  }
  return ends;
}

function validIn(scan: SegmentScan, size: number): number {
  if (scan.first === null || size <= scan.first) return 0;
  return scan.ends[size - scan.first - 1] ?? scan.ends.at(-1) ?? 0;
}

/** The last segment is gone on with only when all of it is known to be synced. */
function tipOf(
  { outbox, log }: RecoverParts,
  written: readonly SegmentFile[],
  tail: readonly SegmentScan[],
  ends: Tip['ends'],
  { size, losses }: Place,
): Tip {
  const last = tail[0];
  const next = (written.at(-1)?.n ?? -1) + 1;
  const isWhole =
    last !== undefined &&
    last.framing !== null &&
    last.first !== null &&
    size > last.first &&
    size === outbox.storedSize(log) &&
    last.bytes === ends[0]?.valid &&
    losses.length === 0;
  if (!isWhole || last.framing === null) return { current: null, next, ends };
  return { current: { n: last.n, bytes: last.bytes, begunAt: last.framing.framing.t }, next, ends };
}

function indexOf(
  index: SegmentIndex,
  heads: ReadonlyMap<number, SegmentHead>,
  told: ReadonlyMap<number, number>,
  tail: readonly SegmentScan[],
  size: number,
): SegmentIndex {
  const lowest = tail.at(-1)?.n ?? 0;
  for (const [n, { framing, first }] of heads) {
    if (first === null || framing === null || n > lowest) continue;
    const counts = n === lowest ? size > first : (told.get(n) ?? 0) > framing.end;
    if (counts) index.add(n, first);
  }
  return index;
}

/** Of which segments the rows from `size` on tell. */
function surveyRows({ outbox, log }: RecoverParts, size: number): ReadonlySet<number> {
  const noted = new Set<number>();
  for (let at = size; at < size + ROWS_SURVEYED; ) {
    const rows: readonly FixedEntry[] = outbox.read(log, at, ROWS_AT_ONCE, ROW_BYTES_AT_ONCE);
    if (rows.length === 0) break;
    for (const { text } of rows) if (headOf(text)?.kind === 'segment') for (const n of notedIn(text)) noted.add(n);
    at += rows.length;
  }
  return noted;
}

interface Survey {
  readonly heads: ReadonlyMap<number, SegmentHead>;
  readonly told: ReadonlyMap<number, number>;
  readonly tail: readonly SegmentScan[];
  readonly ends: Tip['ends'];
  readonly inRows: ReadonlySet<number>;
}

/** The last two segments that count, if no entry tells of them; earlier starts looked at what is older. */
async function unnoted(
  { disk, trailDir, log }: RecoverParts,
  { heads, told, tail, ends, inRows }: Survey,
): Promise<{ n: number; hash: string }[]> {
  const last = ends.find(({ valid }) => valid > 0)?.n;
  if (last === undefined) return [];
  const before = [...told].findLast(([n, valid]) => n < last && valid > 0)?.[0];
  const candidates = before === undefined ? [last] : [before, last];
  const noted = new Set([...inRows, ...tail.flatMap((scan) => scan.noted)]);
  for (const n of candidates) {
    if (tail.some((scan) => scan.n === n)) continue;
    for (const other of (await scanSegment(disk, segmentPath(trailDir, log, n), n)).noted) noted.add(other);
  }
  return candidates.flatMap((n) => {
    const framing = heads.get(n)?.framing;
    return framing === null || framing === undefined || noted.has(n)
      ? []
      : [{ n, hash: framing.leaf.toString('base64') }];
  });
}

function newestTelling(tail: readonly SegmentScan[], size: number): number {
  const scan = tail.at(-1);
  if (scan === undefined || scan.first === null) return -1;
  const kinds = scan.kinds.slice(0, size - scan.first);
  const at = kinds.findLastIndex(tellsSomething);
  return at < 0 ? -1 : scan.first + at;
}

/**
 * The next framing line commits to these bytes, so they must be on disk before it is. What cannot be synced stays in
 * doubt and is told; it never counts.
 */
async function syncTails(
  disk: TrailDisk,
  pathOf: (n: number) => string,
  ends: Tip['ends'],
): Promise<{ n: number; code: string }[]> {
  const doubtful: { n: number; code: string }[] = [];
  for (const { n } of ends) {
    await disk.sync(pathOf(n)).catch((error: unknown) => doubtful.push({ n, code: codeOf(error) }));
  }
  return doubtful;
}
