/**
 * The first line of a segment: it commits to how the segment before it ended, torn tail and all. Where that one does not
 * count (nothing of it was ever known to be on disk), it tells of the one below it too, so that no segment's end is ever
 * told only by a line that does not count itself.
 */
import { leafHash } from '../tlog/merkle.ts';
import { formatLine, readLine } from './line.ts';

const VERSION = 1;

/** How a segment ended. */
export interface SegmentEnd {
  readonly n: number;
  /** Bytes of the file as found. */
  readonly length: number;
  /** How many of them count. */
  readonly valid: number;
  /** SHA-256 of the rest, base64. */
  readonly tailHash: string;
}

export interface Framing {
  readonly n: number;
  /** The segments below, newest first; none for segment 0. The first is n - 1; the others are told because it has `valid` 0. */
  readonly ends: readonly SegmentEnd[];
  /** UTC as text. */
  readonly t: string;
}

/** SHA-256 of nothing, base64. */
const NOTHING_HASHED = '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=';

/** The line with its line feed, and its leaf. */
export function formatFraming({ n, ends, t }: Framing): { readonly line: string; readonly leaf: Buffer } {
  const [before, ...older] = ends;
  const { length, valid, tailHash } = before ?? { length: 0, valid: 0, tailHash: NOTHING_HASHED };
  const told = older.map((end) => `[${end.n},${end.length},${end.valid},"${end.tailHash}"]`);
  const o = told.length === 0 ? '' : `"o":[${told.join(',')}],`;
  const text = `{"k":"seg","r":{"n":${n},${o}"ph":"${tailHash}","pl":${length},"pv":${valid},"v":${VERSION}},"t":"${t}"}`;
  const leaf = leafHash(text);
  return { line: formatLine(text, leaf.toString('base64')), leaf };
}

export interface FramingLine {
  readonly framing: Framing;
  readonly leaf: Buffer;
  readonly end: number;
}

/** The framing line at the beginning of segment `n`; null when it is not whole or not this segment's. */
export function readFraming(bytes: Buffer, n: number): FramingLine | null {
  const line = readLine(bytes, 0);
  if (line === null) return null;
  const framing = framingOf(line.text.toString(), n);
  return framing === null ? null : { framing, leaf: line.leaf, end: line.end };
}

function framingOf(text: string, n: number): Framing | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const { k, r, t } = value as { k?: unknown; r?: Readonly<Record<string, unknown>>; t?: unknown };
  if (k !== 'seg' || typeof t !== 'string' || typeof r !== 'object' || r === null || r.n !== n || r.v !== VERSION)
    return null;
  if (n === 0) return { n, ends: [], t };
  const ends = [[n - 1, r.pl, r.pv, r.ph], ...(Array.isArray(r.o) ? (r.o as unknown[]) : [])].map(endOf);
  const whole = ends.filter((end) => end !== null);
  return whole.length === ends.length ? { n, ends: whole, t } : null;
}

function endOf(told: unknown): SegmentEnd | null {
  if (!Array.isArray(told)) return null;
  const [n, length, valid, tailHash] = told as unknown[];
  if (!isCount(n) || !isCount(length) || !isCount(valid) || typeof tailHash !== 'string') return null;
  return { n, length, valid, tailHash };
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
