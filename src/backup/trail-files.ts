/**
 * The segments that belong to a copy of the buffer: all lines of entries the copy has fixed. Those below `stored` it knows to
 * be synced there, and may have them nowhere else; of the others it has the rows, but the first lines of their segments
 * are told of in entries. The copy must be the older of the two. Segments only grow, so what is read here is the same
 * whenever it is read, and the gateway may go on writing behind it.
 */
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CounterfoilError } from '../base/errors.ts';
import { leafHash } from '../tlog/merkle.ts';

const LF = 10;
const TAB = 9;
const LEAF_CHARACTERS = 44;
/** A framing line and the head of the first entry. */
const HEAD_BYTES = 16 * 1024;
const SEGMENT_NAME = /^s\d{8}\.log$/;
const INDEX = /^\{"b":"[^"\\]*","i":(\d{1,15}),/;

export interface SegmentPart {
  readonly name: string;
  readonly path: string;
  /** How many of its bytes belong. */
  readonly bytes: number;
}

/** How far a copy of the buffer goes. */
export interface CopiedTrail {
  /** Entries fixed. */
  readonly size: number;
  readonly stored: number;
  /** Leaf of entry `stored` - 1, base64. */
  readonly stored_leaf: string;
}

/**
 * @throws CounterfoilError `trail_damaged` when the segments do not hold all entries below `stored`, or another last one.
 */
export function segmentsUpTo(directory: string, { size, stored, stored_leaf }: CopiedTrail): SegmentPart[] {
  const names = existsSync(directory) ? readdirSync(directory).filter((name) => SEGMENT_NAME.test(name)) : [];
  const whole = names.sort().map((name) => {
    const path = join(directory, name);
    return { name, path, bytes: statSync(path).size, first: firstIndex(path) };
  });
  // A torn tail may hold the same entries as the segment after it, so the last one that begins early enough counts.
  const lastBelow = (index: number) => whole.findLastIndex(({ first }) => first !== null && first < index);
  const known = whole[lastBelow(stored)];
  if (stored > 0 && (known === undefined || leafOf(readFileSync(known.path), stored - 1) !== stored_leaf)) {
    throw lacking(directory, stored);
  }
  const parts = whole.slice(0, lastBelow(size) + 1);
  for (const [n, { name }] of parts.entries()) {
    if (name !== `s${String(n).padStart(8, '0')}.log`) throw lacking(directory, stored);
  }
  return parts.map(({ name, path, bytes }, at) => {
    const isLast = at === parts.length - 1;
    return { name, path, bytes: isLast ? endBelow(readFileSync(path), size) : bytes };
  });
}

/** Index of the entry behind the framing line; null where there is none. */
function firstIndex(path: string): number | null {
  const head = Buffer.alloc(HEAD_BYTES);
  const file = openSync(path, 'r');
  try {
    const bytes = readSync(file, head, 0, HEAD_BYTES, 0);
    const line = head.subarray(0, bytes);
    return indexAt(line, line.indexOf(LF) + 1);
  } finally {
    closeSync(file);
  }
}

function indexAt(bytes: Buffer, from: number): number | null {
  const found = from === 0 ? null : INDEX.exec(bytes.toString('latin1', from, from + 256));
  return found === null ? null : Number(found[1]);
}

interface Line {
  readonly index: number;
  /** Base64; that of the line, if it is the entry's. */
  readonly leaf: string | null;
  /** Offset behind it. */
  readonly end: number;
}

/** The complete lines of entries in a segment. */
function* linesOf(bytes: Buffer): Generator<Line> {
  for (let at = bytes.indexOf(LF) + 1; at > 0 && at < bytes.length; ) {
    const lf = bytes.indexOf(LF, at);
    const index = indexAt(bytes, at);
    if (lf < 0 || index === null) return;
    const tab = lf - 1 - LEAF_CHARACTERS;
    const told = bytes.toString('latin1', tab + 1, lf);
    const isWhole = tab > at && bytes[tab] === TAB && leafHash(bytes.subarray(at, tab)).toString('base64') === told;
    yield { index, leaf: isWhole ? told : null, end: lf + 1 };
    at = lf + 1;
  }
}

function leafOf(bytes: Buffer, index: number): string | null {
  for (const line of linesOf(bytes)) if (line.index === index) return line.leaf;
  return null;
}

/** Offset behind the last line of an entry below `size`. */
function endBelow(bytes: Buffer, size: number): number {
  let end = bytes.indexOf(LF) + 1;
  for (const line of linesOf(bytes)) {
    if (line.index >= size || line.leaf === null) break;
    end = line.end;
  }
  return end;
}

function lacking(directory: string, stored: number): CounterfoilError {
  return new CounterfoilError(
    'trail_damaged',
    `the segments in ${directory} do not hold the ${stored} entries that the buffer knows to be there`,
    'Run "counterfoil trail verify"; it names what is missing. Put the segments back from a copy and make the backup again.',
  );
}
