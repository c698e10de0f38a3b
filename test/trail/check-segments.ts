/**
 * Reads a trail as a stranger would, by docs/FORMATS.md alone: nothing of src/ is used. Gives every entry, from the
 * segments' valid parts, and what is wrong.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const sha256 = (...parts: readonly (Buffer | string)[]): string => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('base64');
};
const leafHash = (text: Buffer): string => sha256(Buffer.from([0]), text);

export interface FoundEntry {
  readonly i: number;
  readonly k: string;
  readonly p: string;
  readonly r: Readonly<Record<string, unknown>>;
  readonly leaf: string;
  readonly text: string;
}

export interface FoundTrail {
  readonly entries: readonly FoundEntry[];
  readonly problems: readonly string[];
  /** Leaf of each segment's framing line; null where it is not whole. */
  readonly framings: readonly (string | null)[];
}

interface Line {
  readonly text: Buffer;
  readonly leaf: string;
  readonly end: number;
}

function lineAt(bytes: Buffer, from: number): Line | null {
  const end = bytes.indexOf('\n', from);
  if (end < 0) return null;
  const text = bytes.subarray(from, end);
  const tab = text.lastIndexOf('\t');
  if (tab < 0) return null;
  const leaf = leafHash(text.subarray(0, tab));
  return text.subarray(tab + 1).toString() === leaf ? { text: text.subarray(0, tab), leaf, end: end + 1 } : null;
}

type Told = readonly [number, number, number, string];

/** The trail in a directory. */
export function checkDirectory(directory: string): FoundTrail {
  const names = existsSync(directory) ? readdirSync(directory) : [];
  return checkSegments(new Map(names.map((name) => [name, readFileSync(join(directory, name))])));
}

/** Files by name. `doubtful`: segments whose disk said that it failed; their tails may be anything. */
export function checkSegments(
  byName: ReadonlyMap<string, Buffer>,
  doubtful: ReadonlySet<number> = new Set(),
): FoundTrail {
  const problems: string[] = [];
  const names = [...byName.keys()].sort();
  const files = names.map((name) => byName.get(name) ?? Buffer.alloc(0));
  while (files.at(-1)?.length === 0) files.pop();
  names.slice(0, files.length).forEach((name, n) => {
    if (name !== `s${String(n).padStart(8, '0')}.log`) problems.push(`${name} stands where segment ${n} should`);
  });
  const framings = files.map((bytes) => lineAt(bytes, 0));
  const told = new Map<number, Told>();
  framings.forEach((line, n) => {
    if (line === null) return;
    const { k, r } = JSON.parse(line.text.toString()) as { k: string; r: Record<string, unknown> };
    if (k !== 'seg' || r.n !== n || r.v !== 1) problems.push(`segment ${n} has another framing line`);
    if (n === 0) return;
    const before: Told = [n - 1, Number(r.pl), Number(r.pv), String(r.ph)];
    for (const end of [before, ...((r.o as Told[] | undefined) ?? [])]) told.set(end[0], end);
    if (before[2] === 0 && n > 1 && r.o === undefined) problems.push(`segment ${n} does not tell of ${n - 2}`);
  });
  const entries: FoundEntry[] = [];
  files.forEach((bytes, n) => {
    const end = told.get(n);
    if (end !== undefined && !doubtful.has(n)) {
      if (bytes.length !== end[1]) problems.push(`segment ${n} has ${bytes.length} bytes, not ${end[1]}`);
      if (sha256(bytes.subarray(end[2])) !== end[3]) problems.push(`segment ${n}: the torn tail was changed`);
    }
    if (end === undefined && n < files.length - 1 && framings.slice(n + 1).some((line) => line !== null))
      problems.push(`nobody tells how segment ${n} ended`);
    const limit = end?.[2] ?? bytes.length;
    let at = framings[n]?.end ?? 0;
    if (framings[n] === null || at > limit) {
      if (limit > 0 && end !== undefined) problems.push(`segment ${n} counts without its framing line`);
      return;
    }
    while (at < limit) {
      const line = lineAt(bytes, at);
      const entry = line === null ? null : (JSON.parse(line.text.toString()) as Omit<FoundEntry, 'leaf' | 'text'>);
      const previous = entries.at(-1)?.leaf ?? Buffer.alloc(32).toString('base64');
      if (line === null || entry === null || entry.i !== entries.length || entry.p !== previous) {
        if (end !== undefined) problems.push(`segment ${n}: byte ${at} does not continue the trail`);
        return;
      }
      entries.push({ ...entry, leaf: line.leaf, text: line.text.toString() });
      at = line.end;
    }
    if (at !== limit) problems.push(`segment ${n}: its valid part ends inside a line`);
  });
  return { entries, problems, framings: framings.map((line) => line?.leaf ?? null) };
}

/** Root by the recursive definition of RFC 6962 section 2.1. */
export function rootOfLeaves(leaves: readonly string[]): Buffer {
  if (leaves.length === 0) return createHash('sha256').digest();
  if (leaves.length === 1) return Buffer.from(leaves[0] ?? '', 'base64');
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  const [left, right] = [rootOfLeaves(leaves.slice(0, split)), rootOfLeaves(leaves.slice(split))];
  return createHash('sha256')
    .update(Buffer.concat([Buffer.from([1]), left, right]))
    .digest();
}

/** What else must hold: checkpoints name the root of what stands before them, `segment` entries the framing lines. */
export function checkEntries({ entries, framings }: FoundTrail): string[] {
  const problems: string[] = [];
  const noted = new Map<number, unknown>();
  for (const { i, k, r } of entries) {
    if (k === 'segment') noted.set(Number(r.n), r.hash);
    if (k !== 'cp') continue;
    const [, size, root] = String(r.note).split('\n');
    if (Number(size) > i) problems.push(`checkpoint at ${i} tells of ${size} entries`);
    const own = rootOfLeaves(entries.slice(0, Number(size)).map(({ leaf }) => leaf)).toString('base64');
    if (own !== root) problems.push(`checkpoint at ${i} names another root`);
  }
  for (const [n, hash] of noted) if (framings[n] !== hash) problems.push(`entry segment ${n} names another line`);
  return problems;
}
