/**
 * The entries of one trail, read from its segments line by line with little memory. Whether they are what was written is
 * not judged here: whoever makes a report has the trail verified beside it and prints what that found. Which bytes count is
 * what the framing lines say (docs/FORMATS.md, "The trail on disk"), so that a torn tail is not counted twice.
 */
import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { CounterfoilError, messageOf } from '../../base/errors.ts';
import type { TrailLog } from '../../buffer/api.ts';

/** An entry as it stands in a trail. Its body has been read as JSON and not looked at yet. */
export interface TrailEntry {
  readonly log: TrailLog;
  readonly index: number;
  readonly kind: string;
  readonly boot: string;
  readonly monotonicMs: number;
  /** The wall clock's word when it was written. */
  readonly utcMs: number;
  readonly body: unknown;
}

/** What could not be read: lines that are no entries, and entries that are missing. */
export interface ReadingFaults {
  unreadable: number;
  missing: number;
}

const PIECE_BYTES = 256 * 1024;
const LF = 10;
const TAB = 9;
/** TAB, 44 characters of base64. */
const LEAF_BYTES = 45;
const SEGMENT = /^s(\d{8})\.log$/;

/**
 * Entries from the first segment's on, in order. Skips what is no entry and counts it in `faults`.
 * @throws CounterfoilError `storage_io` when a file cannot be read.
 */
export function* readEntries(trailDir: string, log: TrailLog, faults: ReadingFaults): Generator<TrailEntry, undefined> {
  const directory = join(trailDir, log);
  const names = reading(directory, () => readdirSync(directory)).filter((name) => SEGMENT.test(name));
  const files = names.sort().map((name) => ({ n: Number(name.slice(1, 9)), path: join(directory, name) }));
  const ends = validEnds(files);
  let next: number | null = null;
  for (const { n, path } of files) {
    for (const line of linesOf(path, ends.get(n) ?? Number.POSITIVE_INFINITY)) {
      const entry = entryOf(log, line);
      if (entry === 'framing') continue;
      if (entry === null) {
        faults.unreadable += 1;
        continue;
      }
      // What stands again behind a torn tail is the same entry.
      if (next !== null && entry.index < next) continue;
      if (next !== null && entry.index > next) faults.missing += entry.index - next;
      next = entry.index + 1;
      yield entry;
    }
  }
  return undefined;
}

interface SegmentPath {
  readonly n: number;
  readonly path: string;
}

/** By segment: how many of its bytes count, as a later framing line tells. */
function validEnds(files: readonly SegmentPath[]): Map<number, number> {
  const ends = new Map<number, number>();
  for (const { path } of files) {
    for (const line of linesOf(path, Number.POSITIVE_INFINITY)) {
      for (const [n, valid] of framingWords(line)) ends.set(n, valid);
      break;
    }
  }
  return ends;
}

function framingWords(line: Buffer): [number, number][] {
  const seg = parsed(line);
  if (seg?.k !== 'seg' || typeof seg.r !== 'object' || seg.r === null) return [];
  const { n, pv, o } = seg.r as { n?: unknown; pv?: unknown; o?: unknown };
  if (typeof n !== 'number' || typeof pv !== 'number' || n === 0) return [];
  const older = Array.isArray(o) ? o.map((each) => [Number(each[0]), Number(each[2])] as [number, number]) : [];
  return [[n - 1, pv], ...older];
}

function entryOf(log: TrailLog, line: Buffer): TrailEntry | 'framing' | null {
  const entry = parsed(line);
  if (entry === null) return null;
  const { b, i, k, m, r, t } = entry;
  if (k === 'seg' && i === undefined) return 'framing';
  const utcMs = typeof t === 'string' ? Date.parse(t) : Number.NaN;
  if (typeof i !== 'number' || typeof k !== 'string' || typeof b !== 'string' || typeof m !== 'number') return null;
  if (Number.isNaN(utcMs) || typeof r !== 'object' || r === null) return null;
  return { log, index: i, kind: k, boot: b, monotonicMs: m, utcMs, body: r };
}

function parsed(line: Buffer): Record<string, unknown> | null {
  const end = line.length - LEAF_BYTES;
  if (end <= 0 || line[end] !== TAB) return null;
  try {
    const value: unknown = JSON.parse(line.toString('utf8', 0, end));
    return typeof value === 'object' && value !== null ? { ...value } : null;
  } catch {
    return null;
  }
}

/** Whole lines below an offset, without their ends. A line is valid until the next one is asked for. */
function* linesOf(path: string, limit: number): Generator<Buffer, undefined> {
  const descriptor = reading(path, () => openSync(path, 'r'));
  try {
    let held: Buffer = Buffer.alloc(0);
    for (let at = 0; at < limit; ) {
      const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, limit - at));
      const length = reading(path, () => readSync(descriptor, piece, 0, piece.length, at));
      if (length === 0) return undefined;
      at += length;
      const bytes = held.length === 0 ? piece.subarray(0, length) : Buffer.concat([held, piece.subarray(0, length)]);
      let from = 0;
      for (let end = bytes.indexOf(LF); end !== -1; end = bytes.indexOf(LF, from)) {
        yield bytes.subarray(from, end);
        from = end + 1;
      }
      held = bytes.subarray(from);
    }
  } finally {
    closeSync(descriptor);
  }
  return undefined;
}

function reading<T>(path: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    const hint = 'Check that the path is the trail_dir of the gateway and that you may read it.';
    throw new CounterfoilError('storage_io', `${path} cannot be read: ${messageOf(error)}`, hint, error);
  }
}
