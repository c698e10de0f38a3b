/**
 * The segments of one trail as they lie in a directory, and what their framing lines say about each other. Read before the
 * entries: which bytes of a segment count is said by a later one.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { entryText, hashHolds, MAX_LINE_BYTES, newEntryLine, readLine } from './entry-line.ts';
import { attempt, type LineScanner, lineScanner } from './files.ts';

/** What `trail export` puts beside the segments. */
const OF_AN_EXPORT = new Set([
  'checkpoint',
  'checkpoint.text',
  'checkpoint.sig',
  'cosigned-checkpoint',
  'window.json',
  'tile',
]);
const SEGMENT_NAME = /^s(\d{8})\.log$/;

export interface SegmentFile {
  readonly n: number;
  readonly path: string;
  /** As it was when the directory was read; a gateway at work may have added since. */
  readonly bytes: number;
}

/** What a framing line says of an earlier segment. */
export interface Told {
  readonly pl: number;
  readonly pv: number;
  readonly ph: string;
  /** Number of the segment whose framing line says it. */
  readonly by: number;
}

export interface Framing {
  /** Bytes of the line with its line end. */
  readonly bytes: number;
  /** Leaf of the line, base64. */
  readonly leaf: string;
  readonly n: number;
  readonly time: string;
  readonly told: ReadonlyMap<number, Told>;
}

/** A framing line, or why there is none: `torn` when the line was not written to its end, else damage. */
export type FramingFound = Framing | 'torn' | 'damaged';

export interface TrailFiles {
  /** Whether there is a folder at all: a gateway makes those of both trails. */
  readonly isThere: boolean;
  /** In the order of their numbers; those without a byte at the end are left out. */
  readonly segments: readonly SegmentFile[];
  readonly framings: ReadonlyMap<number, FramingFound>;
  /** By segment: the newest word about it. */
  readonly told: ReadonlyMap<number, Told>;
  /** Names in the directory that are no segment's. */
  readonly strangers: readonly string[];
  /** Empty files after the last segment. */
  readonly madeReady: number;
}

/** Reads directory and framing lines. @throws CounterfoilError `storage_io`. */
export function readTrailFiles(directory: string): TrailFiles {
  // A trail whose folder is gone is one without segments: what is missing is for the verdict to say.
  const isThere = existsSync(directory);
  const names = isThere ? attempt(directory, () => readdirSync(directory)).sort() : [];
  const found = names.filter((name) => SEGMENT_NAME.test(name));
  // From the last to the first: while a gateway writes, only what is newest grows, so whatever is measured later is complete.
  const all = found.reverse().map((name): SegmentFile => {
    const path = join(directory, name);
    return { n: segmentNumber(name), path, bytes: attempt(path, () => statSync(path)).size };
  });
  const begun = all.findIndex(({ bytes }) => bytes > 0);
  const segments = (begun === -1 ? [] : all.slice(begun)).reverse();
  // One for all: its buffer is large, and there may be hundreds of segments.
  const scanner = lineScanner();
  const framings = new Map(segments.map((segment) => [segment.n, readFraming(segment, scanner)]));
  const told = new Map<number, Told>();
  for (const framing of framings.values()) {
    if (typeof framing === 'string') continue;
    for (const [n, word] of framing.told) told.set(n, word);
  }
  const strangers = names.filter((name) => !SEGMENT_NAME.test(name) && !OF_AN_EXPORT.has(name));
  return { isThere, segments, framings, told, strangers, madeReady: all.length - segments.length };
}

function segmentNumber(name: string): number {
  return Number(SEGMENT_NAME.exec(basename(name))?.[1] ?? '0');
}

function readFraming({ n, path, bytes }: SegmentFile, scanner: LineScanner): FramingFound {
  let found: FramingFound | undefined;
  scanner.scan(path, 0, Math.min(bytes, MAX_LINE_BYTES), (line, from, to) => {
    found = parseFraming(line, from, to, n);
    return false;
  });
  return found ?? 'torn';
}

function parseFraming(bytes: Buffer, from: number, to: number, n: number): FramingFound {
  const line = newEntryLine();
  if (bytes.subarray(from, to).includes(0)) return 'torn';
  if (!readLine(line, bytes, from, to) || !hashHolds(line)) return 'damaged';
  const text = entryText(line);
  const told = wordsOf(text, n);
  const time = /,"t":"([0-9T:.Z-]{24})"\}$/.exec(text)?.[1];
  if (told === null || time === undefined) return 'damaged';
  return { bytes: to - from + 1, leaf: line.written, n: told.n, time, told: told.words };
}

interface FramingBody {
  readonly n: number;
  readonly o?: readonly (readonly [number, number, number, string])[];
  readonly ph: string;
  readonly pl: number;
  readonly pv: number;
  readonly v: number;
}

function wordsOf(text: string, n: number): { n: number; words: Map<number, Told> } | null {
  const body = framingBody(text);
  if (body === null) return null;
  const words = new Map<number, Told>();
  // What stands in another segment's file tells of nothing: that it is out of place is fault enough.
  if (body.n === n && n > 0) {
    words.set(n - 1, { pl: body.pl, pv: body.pv, ph: body.ph, by: n });
    for (const [of, pl, pv, ph] of body.o ?? []) words.set(of, { pl, pv, ph, by: n });
  }
  const isFirst = body.n > 0 || (body.pl === 0 && body.pv === 0);
  return isFirst && [...words.values()].every(({ pl, pv }) => pv <= pl) ? { n: body.n, words } : null;
}

function framingBody(text: string): FramingBody | null {
  try {
    const { k, r } = JSON.parse(text) as { k: unknown; r: FramingBody };
    const isWhole = (value: unknown) => Number.isSafeInteger(value) && Number(value) >= 0;
    const olds = r.o ?? [];
    const isSound =
      k === 'seg' &&
      r.v === 1 &&
      [r.n, r.pl, r.pv].every(isWhole) &&
      typeof r.ph === 'string' &&
      Array.isArray(olds) &&
      olds.every((old) => old.slice(0, 3).every(isWhole) && typeof old[3] === 'string');
    return isSound ? r : null;
  } catch {
    return null;
  }
}
