/**
 * Reads a trail's segments after docs/FORMATS.md, with code of its own. Beside a running gateway the newest segment is
 * read as far as it has come.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface StoredLine {
  readonly text: string;
  /** Base64. */
  readonly leaf: string;
}

const NAME = /^s[0-9]{8}\.log$/;
const LEAF_LENGTH = 44;

/** Entries in the segments of `directory`, by index. Throws with a sentence at what cannot be read as a trail. */
export function storedLines(directory: string): StoredLine[] {
  const segments = namesOf(directory).map((name) => readFileSync(join(directory, name)));
  const valid = validParts(segments);
  const entries: StoredLine[] = [];
  for (const [n, bytes] of segments.entries()) {
    const end = valid.get(n);
    const lines = bytes.subarray(0, end).toString('utf8').split('\n');
    if (lines.pop() !== '' && end !== undefined) throw new Error(`segment ${n} ends inside an entry`);
    for (const [at, line] of lines.entries()) {
      const read = parsed(line);
      // What was being written when the power went, or is being written now, is at the very end.
      if (read === null && end === undefined) break;
      if (read === null) throw new Error(`segment ${n}, line ${at + 1} is not what its hash was taken of`);
      if (at > 0) entries.push(read);
    }
  }
  return entries;
}

function namesOf(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter((name) => NAME.test(name))
      .sort();
  } catch (error) {
    // A gateway that has not written its first segment yet.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

/** How many bytes of each segment count, by what later framing lines say; the newest says it of those before it. */
function validParts(segments: readonly Buffer[]): Map<number, number> {
  const valid = new Map<number, number>();
  for (const bytes of segments) {
    const framing = parsed(bytes.toString('utf8', 0, Math.max(bytes.indexOf('\n'), 0)));
    if (framing === null) continue;
    const { r } = JSON.parse(framing.text) as { r: { n: number; pv: number; o?: readonly [number, number, number][] } };
    if (r.n > 0) valid.set(r.n - 1, r.pv);
    for (const [n, , pv] of r.o ?? []) valid.set(n, pv);
  }
  return valid;
}

function parsed(line: string): StoredLine | null {
  const text = line.slice(0, -LEAF_LENGTH - 1);
  const leaf = line.slice(-LEAF_LENGTH);
  if (line[text.length] !== '\t') return null;
  const digest = createHash('sha256').update('\0').update(text).digest('base64');
  return digest === leaf ? { text, leaf } : null;
}
