/**
 * Reads the segments of a trail as a stranger would, from docs/FORMATS.md alone. May be used beside the gateway that writes
 * them: the end of the newest segment is then wherever it has come to.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface SegmentEntry {
  readonly text: string;
  /** base64. */
  readonly leaf: string;
}

export interface ReadSegments {
  /** In order of their index, from 0. */
  readonly entries: readonly SegmentEntry[];
  /** At most the first thing that is not as the formats say. */
  readonly problems: readonly string[];
}

interface Told {
  readonly length: number;
  readonly valid: number;
  readonly hash: string;
}

const LINE = /^(.*)\t([A-Za-z0-9+/]{43}=)$/s;
const sha256 = (...parts: readonly (string | Uint8Array)[]): string => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('base64');
};

/** A line whose hash is that of its entry; null for anything else. */
function lineOf(text: string): SegmentEntry | null {
  const [, entry, leaf] = LINE.exec(text) ?? [];
  if (entry === undefined || leaf === undefined || sha256(Buffer.from([0]), entry) !== leaf) return null;
  return { text: entry, leaf };
}

/** Whole lines of these bytes, and what stands behind the last. */
function linesOf(bytes: Buffer): { lines: string[]; rest: string } {
  const lines = bytes.toString('utf8').split('\n');
  return { rest: lines.pop() ?? '', lines };
}

/** Segments of one trail by number; empty files behind the last are no segments yet. */
function filesOf(directory: string): Buffer[] {
  if (!existsSync(directory)) return [];
  const names = readdirSync(directory).filter((name) => /^s\d{8}\.log$/.test(name));
  const files = names.sort().map((name, at) => {
    if (name !== `s${String(at).padStart(8, '0')}.log`) throw new Error(`${name} stands where number ${at} is due`);
    return readFileSync(join(directory, name));
  });
  while (files.at(-1)?.length === 0) files.pop();
  return files;
}

/** What newer framing lines say of each segment. */
function told(files: readonly Buffer[]): Map<number, Told> {
  const found = new Map<number, Told>();
  for (const [n, bytes] of files.entries()) {
    const first = lineOf(bytes.toString('utf8', 0, Math.max(0, bytes.indexOf(0x0a))));
    if (first === null) continue;
    const { k, r } = JSON.parse(first.text);
    if (k !== 'seg' || r.n !== n || r.v !== 1) throw new Error(`segment ${n} begins with something else`);
    if (n > 0) found.set(n - 1, { length: r.pl, valid: r.pv, hash: r.ph });
    for (const [of, length, valid, hash] of r.o ?? []) found.set(of, { length, valid, hash });
  }
  return found;
}

/** `{trail_dir}/{log}`; a directory that is not there is an empty trail. */
export function readSegments(directory: string): ReadSegments {
  const entries: SegmentEntry[] = [];
  try {
    const files = filesOf(directory);
    const commitments = told(files);
    for (const [n, bytes] of files.entries()) readSegment(n, bytes, commitments.get(n), entries);
    return { entries, problems: [] };
  } catch (error) {
    return { entries, problems: [error instanceof Error ? error.message : String(error)] };
  }
}

function readSegment(n: number, bytes: Buffer, commitment: Told | undefined, entries: SegmentEntry[]): void {
  const valid = commitment === undefined ? bytes : bytes.subarray(0, commitment.valid);
  // Where a write or an fsync had failed, the disk may show less than it did; what counts is the valid part.
  if (valid.length < (commitment?.valid ?? 0)) throw new Error(`segment ${n} is shorter than its valid part`);
  const { lines, rest } = linesOf(valid);
  if (commitment !== undefined && rest !== '') throw new Error(`segment ${n}: its valid part ends inside a line`);
  for (const [at, text] of lines.entries()) {
    const line = lineOf(text);
    const where = `segment ${n} line ${at}`;
    if (line === null) {
      if (commitment === undefined) return;
      throw new Error(`${where} does not match its hash`);
    }
    if (at === 0) continue;
    const { i, p } = JSON.parse(line.text);
    const previous = entries.at(-1)?.leaf ?? Buffer.alloc(32).toString('base64');
    if (i !== entries.length || p !== previous) throw new Error(`${where}: entry ${i} does not continue the chain`);
    entries.push(line);
  }
}
