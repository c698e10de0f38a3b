/**
 * Where the last segment stops to count: no later framing line says it. Everything up to the last line that continues the chain
 * counts. What follows is a torn tail when it looks as an interrupted write leaves it: the beginning of a line, or
 * bytes that never came (zeros). A whole line without a zero that does not continue the chain was not left by a power cut: it is read
 * as part of the trail, where it is a fault.
 */
import { hashHolds, newEntryLine, readLine, readMembers } from './entry-line.ts';
import { type LineScanner, pieces } from './files.ts';
import type { SegmentFile } from './segments.ts';

/** Offset of the end of what counts, when `index` and `head` (base64 leaf) are where the chain stands at `from`. */
export function openEnd(segment: SegmentFile, from: number, index: number, head: string, scanner: LineScanner): number {
  const line = newEntryLine();
  let expected = index;
  let previous = head;
  let good = from;
  let isBroken = false;
  const linesEnd = scanner.scan(segment.path, from, segment.bytes, (bytes, start, end, offset) => {
    const holds = readLine(line, bytes, start, end) && hashHolds(line) && readMembers(line);
    isBroken = !holds || line.index !== expected || line.previous !== previous;
    if (isBroken) return false;
    expected += 1;
    previous = line.written;
    good = offset + (end - start) + 1;
    return true;
  });
  if (!isBroken || hasZero(segment, good)) return good;
  return endOfLines(segment, linesEnd, scanner);
}

function hasZero({ path, bytes }: SegmentFile, from: number): boolean {
  for (const piece of pieces(path, from, bytes)) if (piece.includes(0)) return true;
  return false;
}

function endOfLines({ path, bytes }: SegmentFile, from: number, scanner: LineScanner): number {
  return scanner.scan(path, from, bytes, () => true);
}
