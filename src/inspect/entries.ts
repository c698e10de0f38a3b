/** The entries of a trail for who wants to read them; what does not hold is passed over (that is for `verify` to say). */
import { bodyOf, hashHolds, newEntryLine, readLine, readMembers } from './entry-line.ts';
import { type LineScanner, lineScanner } from './files.ts';
import { readTrailFiles, type SegmentFile } from './segments.ts';

export interface ShownEntry {
  readonly log: string;
  readonly segment: number;
  readonly offset: number;
  readonly index: number;
  readonly kind: string;
  readonly boot: string;
  readonly time: string;
  readonly utcMs: number;
  /** Leaf in base64. */
  readonly leaf: string;
  /** Entry as it is written. */
  readonly text: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What to show; every member that is null lets everything pass. */
export interface Filter {
  readonly kinds: ReadonlySet<string> | null;
  readonly fromMs: number | null;
  readonly toMs: number | null;
  readonly firstIndex: number;
  readonly lastIndex: number;
  /** Sequence of a record the entry must tell of. */
  readonly sequence: number | null;
}

/** Where a reader stands in a trail, so that it can go on later. */
export interface Position {
  segment: number;
  offset: number;
}

/** Hears one entry; false ends the reading. */
export type OnShown = (entry: ShownEntry) => boolean;

/** Reads on from `position` to what is there now, and moves it. False when the listener had enough. */
export function readEntries(
  directory: string,
  log: string,
  filter: Filter,
  position: Position,
  onShown: OnShown,
): boolean {
  const { segments, told, framings } = readTrailFiles(directory);
  const scanner = lineScanner();
  for (const segment of segments) {
    if (segment.n < position.segment) continue;
    if (segment.n > position.segment) Object.assign(position, { segment: segment.n, offset: 0 });
    const framing = framings.get(segment.n);
    if (position.offset === 0 && typeof framing === 'object') position.offset = framing.bytes;
    const to = Math.min(segment.bytes, told.get(segment.n)?.pv ?? segment.bytes);
    if (!readSegment(segment, log, filter, position, to, scanner, onShown)) return false;
  }
  return true;
}

function readSegment(
  { n, path }: SegmentFile,
  log: string,
  filter: Filter,
  position: Position,
  to: number,
  scanner: LineScanner,
  onShown: OnShown,
): boolean {
  const line = newEntryLine();
  let goesOn = true;
  position.offset = scanner.scan(path, position.offset, to, (bytes, from, end, offset) => {
    const holds = readLine(line, bytes, from, end) && hashHolds(line) && readMembers(line);
    if (!holds || !fits(filter, line.kind, line.index, line.utcMs)) return true;
    const body = bodyOf(line);
    if (filter.sequence !== null && !sequencesOf(body).includes(filter.sequence)) return true;
    const { boot, index, kind, time, utcMs, written } = line;
    const text = bytes.toString('utf8', line.from, line.to);
    goesOn = onShown({ log, segment: n, offset, index, kind, boot, time, utcMs, leaf: written, text, body });
    return goesOn;
  });
  return goesOn;
}

function fits(
  { kinds, fromMs, toMs, firstIndex, lastIndex }: Filter,
  kind: string,
  index: number,
  utcMs: number,
): boolean {
  if (kinds !== null && !kinds.has(kind)) return false;
  if (index < firstIndex || index > lastIndex) return false;
  return (fromMs === null || utcMs >= fromMs) && (toMs === null || utcMs <= toMs);
}

/** Sequences of the records that a body tells of: first in each list of `records`, whole in `sequences`, or by name. */
export function sequencesOf({ records, sequences, sequence, subjects, correction }: ShownEntry['body']): number[] {
  const found: unknown[] = [sequence, correction];
  if (Array.isArray(records))
    found.push(...records.map((record: unknown) => (Array.isArray(record) ? record[0] : undefined)));
  if (Array.isArray(sequences)) found.push(...sequences);
  if (Array.isArray(subjects)) {
    found.push(
      ...subjects.map((subject: unknown) =>
        Array.isArray(subject) && subject[0] === 'record' ? subject[1] : undefined,
      ),
    );
  }
  return found.filter((each) => typeof each === 'number');
}
