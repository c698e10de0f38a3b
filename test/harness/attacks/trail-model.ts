/**
 * Trails as data: a trail folder can be taken apart into what its entries say and put together again, with every hash,
 * index, framing line, root and signature made anew. That is how tests make trails without the gateway's writer, and it is what
 * somebody can do who owns the box and has the signing key. Written after docs/FORMATS.md; shares nothing with src/trail.
 */
import { createHash, type KeyObject } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import canonicalize from 'canonicalize';
import { formatCheckpoint, parseCheckpoint } from '../../../src/tlog/checkpoint.ts';
import { TreeHead } from '../../../src/tlog/merkle.ts';
import { noteSigner, parseNote, signNote } from '../../../src/tlog/note.ts';

export const LOGS = ['audit', 'schedule_two'] as const;
export type Log = (typeof LOGS)[number];
export type Body = Readonly<Record<string, unknown>>;

/** An entry without what its place gives it (`i`, `p`). */
export interface ModelEntry {
  readonly b: string;
  readonly k: string;
  readonly m: number;
  readonly r: Body;
  readonly t: string;
}

export interface ModelSegment {
  /** Time of its framing line. */
  readonly t: string;
  /** Whether its framing line counts; without it everything is torn tail. */
  readonly framed: boolean;
  readonly entries: readonly ModelEntry[];
  /** What stands behind the last line that counts. */
  readonly tail: Buffer;
}

export type TrailModel = readonly ModelSegment[];
/** Both trails of a gateway. */
export type Models = Readonly<Record<Log, TrailModel>>;

/** A trail put together. */
export interface Written {
  /** Contents of the segment files in order. */
  readonly files: readonly Buffer[];
  /** Leaf of each entry. */
  readonly leaves: readonly Buffer[];
  /** Root of the first n entries, at n. */
  readonly roots: readonly Buffer[];
  /** Where each entry's line begins. */
  readonly places: readonly { readonly segment: number; readonly offset: number; readonly length: number }[];
}

const sha256 = (...parts: readonly Uint8Array[]) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};
const leafOf = (entry: string) => sha256(Buffer.from([0]), Buffer.from(entry));
const base64 = (bytes: Buffer) => bytes.toString('base64');

/** One line of a segment. */
export const lineOf = (entry: string): string => `${entry}\t${base64(leafOf(entry))}\n`;

/** RFC 8785 text of an entry at its place. */
function entryAt(entry: ModelEntry, i: number, p: string): string {
  const text = canonicalize({ ...entry, i, p });
  if (text === undefined) throw new Error('an entry is an object');
  return text;
}

/**
 * Puts a trail together. Checkpoints are signed with this key, whatever key signed them before; without a key they stay as
 * they are.
 */
export function write(model: TrailModel, privateKey: KeyObject | null): Written {
  const tree = new TreeHead();
  const roots = [tree.root()];
  const files: Buffer[] = [];
  const leaves: Buffer[] = [];
  const places: { segment: number; offset: number; length: number }[] = [];
  const framings: string[] = [];
  /** [n, pl, pv, ph] of each segment so far. */
  const told: [number, number, number, string][] = [];
  for (const [n, segment] of model.entries()) {
    let text = '';
    if (segment.framed) {
      const line = lineOf(framingOf(n, segment.t, told));
      framings[n] = base64(leafOf(line.slice(0, -46)));
      text += line;
      let offset = Buffer.byteLength(line);
      for (const entry of segment.entries) {
        const p = base64(leaves.at(-1) ?? Buffer.alloc(32));
        const made = entryAt({ ...entry, r: bodyAt(entry, framings, roots, privateKey) }, leaves.length, p);
        const next = lineOf(made);
        const length = Buffer.byteLength(next);
        places.push({ segment: n, offset, length });
        offset += length;
        text += next;
        leaves.push(leafOf(made));
        tree.append(leafOf(made));
        roots.push(tree.root());
      }
    }
    const valid = Buffer.from(text);
    files.push(Buffer.concat([valid, segment.tail]));
    told.push([n, valid.length + segment.tail.length, valid.length, base64(sha256(segment.tail))]);
  }
  return { files, leaves, roots, places };
}

function framingOf(n: number, t: string, told: readonly [number, number, number, string][]): string {
  const [, pl, pv, ph] = told.at(-1) ?? [0, 0, 0, base64(sha256())];
  const below: [number, number, number, string][] = [];
  for (let at = told.length - 1; at > 0 && told[at]?.[2] === 0; at--) below.push(...told.slice(at - 1, at));
  const text = canonicalize({ k: 'seg', r: { n, ...(below.length > 0 ? { o: below } : {}), ph, pl, pv, v: 1 }, t });
  if (text === undefined) throw new Error('a framing line is an object');
  return text;
}

/** What an entry says where its place decides: the framing line it names, the checkpoint it carries. */
function bodyAt(
  { k, r }: ModelEntry,
  framings: readonly string[],
  roots: readonly Buffer[],
  privateKey: KeyObject | null,
): Body {
  if (k === 'segment') return { ...r, hash: framings[Number(r.n)] ?? r.hash };
  if (k !== 'cp' || privateKey === null) return r;
  const { origin, size } = checkpointIn(String(r.note));
  // A forger who took entries away has no tree of that size any more: the largest there is.
  const most = Math.min(size, roots.length - 1);
  return { note: checkpointNote(origin, most, roots[most] ?? Buffer.alloc(32), privateKey) };
}

/** A signed checkpoint. */
export function checkpointNote(origin: string, size: number, root: Buffer, privateKey: KeyObject): string {
  return signNote(formatCheckpoint({ origin, size, root }), noteSigner(origin, privateKey));
}

/** Origin, size and root of a note, unproved. */
export function checkpointIn(note: string): { readonly origin: string; readonly size: number; readonly text: string } {
  const parsed = parseNote(note);
  const reading = parsed.ok ? parseCheckpoint(parsed.note.text) : parsed;
  if (!parsed.ok || !reading.ok || !('checkpoint' in reading)) throw new Error('no checkpoint');
  return { ...reading.checkpoint, text: parsed.note.text };
}

const segmentName = (n: number) => `s${String(n).padStart(8, '0')}.log`;

/** Writes the files of both trails into a new folder, except what is not there. */
export function writeFiles(folder: string, files: Readonly<Record<Log, readonly (Buffer | null)[] | null>>): void {
  mkdirSync(folder, { recursive: true });
  for (const log of LOGS) {
    const segments = files[log];
    if (segments === null) continue;
    mkdirSync(join(folder, log));
    for (const [n, content] of segments.entries()) {
      if (content !== null) writeFileSync(join(folder, log, segmentName(n)), content);
    }
  }
}

/** The files of both trails of a folder; empty ones at the end, made ready ahead, are left out. */
export function readFiles(folder: string): Record<Log, Buffer[]> {
  const of = (log: Log) => {
    const names = readdirSync(join(folder, log)).filter((name) => /^s\d{8}\.log$/.test(name));
    const files = names.sort().map((name) => readFileSync(join(folder, log, name)));
    while (files.at(-1)?.length === 0) files.pop();
    return files;
  };
  return { audit: of('audit'), schedule_two: of('schedule_two') };
}

/** Takes a good trail apart. */
export function takeApart(files: readonly Buffer[]): TrailModel {
  const valid = validLengths(files);
  return files.map((file, n) => {
    const lines = file.toString('utf8', 0, valid[n]).split('\n').slice(0, -1);
    const [framing, ...entries] = lines.map((line) => JSON.parse(line.slice(0, -45)) as ModelEntry);
    return {
      t: framing?.t ?? '',
      framed: framing !== undefined,
      entries: entries.map(({ b, k, m, r, t }) => ({ b, k, m, r, t })),
      tail: file.subarray(valid[n]),
    };
  });
}

function validLengths(files: readonly Buffer[]): number[] {
  const valid = files.map((file) => file.length);
  for (const file of files.slice(1).reverse()) {
    const line = file.toString('utf8', 0, file.indexOf('\n'));
    if (line === '' || !line.startsWith('{"k":"seg"')) continue;
    const { r } = JSON.parse(line.slice(0, -45)) as {
      r: { n: number; pv: number; o?: [number, number, number, string][] };
    };
    valid[r.n - 1] = r.pv;
    for (const [n, , pv] of r.o ?? []) valid[n] = pv;
  }
  return valid;
}
