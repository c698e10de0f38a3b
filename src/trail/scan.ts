/** Reads segments back: whole ones line by line, or only their heads. Nothing here changes a byte. */
import { createHash } from 'node:crypto';
import type { TrailDisk } from './disk.ts';
import { type FramingLine, readFraming, type SegmentEnd } from './framing.ts';
import { headOf, readLine } from './line.ts';

/** A segment ends at 8 MiB and the group that reached it; what lies further out is no line of ours. */
const SCAN_BYTES = 64 * 1024 * 1024;
/** A framing line and the head of the first entry. */
const HEAD_BYTES = 16 * 1024;
const CHUNK_BYTES = 1024 * 1024;

/** What counts of a segment's bytes, as far as the segment itself can tell. */
export interface SegmentScan {
  readonly n: number;
  readonly bytes: number;
  /** Null: the segment holds nothing that counts. */
  readonly framing: FramingLine | null;
  /** Index of its first entry; null without one. */
  readonly first: number | null;
  /** Link of its first entry, base64. */
  readonly firstPrevious: string;
  readonly leaves: readonly Buffer[];
  /** Offset behind each entry. */
  readonly ends: readonly number[];
  readonly kinds: readonly string[];
  /** Segments of which an entry here tells (kind `segment`). */
  readonly noted: readonly number[];
}

/** Lines from the beginning that continue each other, up to `limit` bytes. */
export async function scanSegment(disk: TrailDisk, path: string, n: number, limit?: number): Promise<SegmentScan> {
  const bytes = await disk.read(path, 0, SCAN_BYTES);
  const end = Math.min(limit ?? bytes.length, bytes.length);
  const framing = readFraming(bytes.subarray(0, end), n);
  const scan = {
    n,
    bytes: bytes.length,
    framing,
    first: null as number | null,
    firstPrevious: '',
    leaves: [] as Buffer[],
    ends: [] as number[],
    kinds: [] as string[],
    noted: [] as number[],
  };
  if (framing === null) return scan;
  let next = -1;
  let previous = '';
  for (let at = framing.end; at < end; ) {
    const line = readLine(bytes, at);
    const head = line === null ? null : headOf(line.text);
    if (line === null || head === null || line.end > end) break;
    if (next >= 0 && (head.index !== next || head.previous !== previous)) break;
    if (next < 0) {
      scan.first = head.index;
      scan.firstPrevious = head.previous;
    }
    scan.leaves.push(line.leaf);
    scan.ends.push(line.end);
    scan.kinds.push(head.kind);
    if (head.kind === 'segment') scan.noted.push(...notedIn(line.text.toString()));
    next = head.index + 1;
    previous = line.leaf.toString('base64');
    at = line.end;
  }
  return scan;
}

/** The segment of which an entry of kind `segment` tells. */
export function notedIn(text: string): number[] {
  const { r } = JSON.parse(text) as { r: { n?: unknown } };
  return typeof r.n === 'number' ? [r.n] : [];
}

export interface SegmentHead {
  readonly framing: FramingLine | null;
  /** Index of the entry behind the framing line, whether it counts or not. */
  readonly first: number | null;
}

export async function readHead(disk: TrailDisk, path: string, n: number): Promise<SegmentHead> {
  const bytes = await disk.read(path, 0, HEAD_BYTES);
  const framing = readFraming(bytes, n);
  const first = framing === null ? null : headOf(bytes.subarray(framing.end));
  return { framing, first: first?.index ?? null };
}

/** How a segment ended, of which `valid` bytes count. */
export async function describeEnd(disk: TrailDisk, path: string, n: number, valid: number): Promise<SegmentEnd> {
  const tail = createHash('sha256');
  let length = valid;
  for (;;) {
    const chunk = await disk.read(path, length, CHUNK_BYTES);
    tail.update(chunk);
    length += chunk.length;
    if (chunk.length < CHUNK_BYTES) break;
  }
  return { n, length, valid, tailHash: tail.digest('base64') };
}
