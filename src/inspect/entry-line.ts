/**
 * One line of a segment: `entry TAB base64(SHA-256(00 ‖ entry)) LF`. Read in place, without a string for each member: the seven
 * members of an entry stand in the one order that RFC 8785 gives them (b i k m p r t).
 */
import { hash } from 'node:crypto';
import { canonicalEnd } from './canonical.ts';
import { HASH_BYTES } from './merkle.ts';

const MAX_ENTRY_BYTES = 65_535;
/** Base64 of a hash. */
export const LINK_BYTES = 44;
/** What stands behind an entry in its line, without the line end. */
const SEAL_BYTES = 1 + LINK_BYTES;
export const MAX_LINE_BYTES = MAX_ENTRY_BYTES + SEAL_BYTES + 1;
const TAB = 9;
/** `,"t":"2026-11-25T00:00:00.000Z"}`: the end of every entry. */
const TIME_TAIL_BYTES = 32;
const TIME = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/;
const MAX_NAME_BYTES = 64;

/** A line taken apart. One object is used again and again: copy what is to be kept. */
export interface EntryLine {
  bytes: Buffer;
  /** The entry is `bytes` from here to here. */
  from: number;
  to: number;
  /** SHA-256(00 ‖ entry), 32 bytes; overwritten by the next line. */
  readonly leaf: Buffer;
  /** Base64 as it is written behind the entry. */
  written: string;
  /** Members. Valid only when `readMembers` said so. */
  boot: string;
  index: number;
  kind: string;
  monotonicMs: number;
  previous: string;
  bodyFrom: number;
  bodyTo: number;
  /** RFC 3339, UTC, milliseconds, and the same in ms since 1970. */
  time: string;
  utcMs: number;
}

export function newEntryLine(): EntryLine {
  const nothing = Buffer.alloc(0);
  return {
    bytes: nothing,
    from: 0,
    to: 0,
    leaf: Buffer.alloc(HASH_BYTES),
    written: '',
    boot: '',
    index: -1,
    kind: '',
    monotonicMs: 0,
    previous: '',
    bodyFrom: 0,
    bodyTo: 0,
    time: '',
    utcMs: 0,
  };
}

/**
 * Finds entry and hash in the line `bytes` from..to (without its line end). False when it is no line of ours.
 * The byte before `from` is set to 0 and back, so that the hash needs no copy: there must be one.
 */
export function readLine(line: EntryLine, bytes: Buffer, from: number, to: number): boolean {
  const end = to - SEAL_BYTES;
  if (end - from < 2 || end - from > MAX_ENTRY_BYTES || bytes[end] !== TAB) return false;
  line.bytes = bytes;
  line.from = from;
  line.to = end;
  line.written = bytes.toString('latin1', end + 1, to);
  const before = bytes[from - 1] ?? 0;
  bytes[from - 1] = 0;
  line.leaf.write(hash('sha256', bytes.subarray(from - 1, end), 'latin1'), 0, HASH_BYTES, 'latin1');
  bytes[from - 1] = before;
  return true;
}

/** Whether the hash behind the entry is the entry's. */
export function hashHolds(line: EntryLine): boolean {
  return line.leaf.toString('base64', 0, HASH_BYTES) === line.written;
}

/** Reads the members; false when the entry is not the RFC 8785 form of an entry of ours. */
export function readMembers(line: EntryLine): boolean {
  const { bytes, to } = line;
  const timeFrom = to - TIME_TAIL_BYTES;
  let at = name(line, line.from, '{"b":"', 'boot');
  at = digits(line, at, '","i":', 'index');
  at = name(line, at, ',"k":"', 'kind');
  at = digits(line, at, '","m":', 'monotonicMs');
  at = skip(bytes, at, ',"p":"');
  if (at === -1 || at + LINK_BYTES >= timeFrom) return false;
  line.previous = bytes.toString('latin1', at, at + LINK_BYTES);
  at = skip(bytes, at + LINK_BYTES, '","r":{');
  if (at === -1 || skip(bytes, timeFrom, ',"t":"') === -1) return false;
  if (bytes[to - 2] !== 0x22 || bytes[to - 1] !== 0x7d) return false;
  line.bodyFrom = at - 1;
  line.bodyTo = timeFrom;
  return (
    readTime(line, bytes.toString('latin1', to - 26, to - 2)) && canonicalEnd(bytes, at - 1, timeFrom) === timeFrom
  );
}

/** The body as a value. Only for bodies that `readMembers` accepted. */
export function bodyOf({ bytes, bodyFrom, bodyTo }: EntryLine): Readonly<Record<string, unknown>> {
  return JSON.parse(bytes.toString('utf8', bodyFrom, bodyTo)) as Readonly<Record<string, unknown>>;
}

/** Copy of the entry's bytes as text. */
export function entryText({ bytes, from, to }: EntryLine): string {
  return bytes.toString('utf8', from, to);
}

/** Position behind `text` when it stands at `at`, else -1. */
function skip(bytes: Buffer, at: number, text: string): number {
  if (at === -1) return -1;
  for (let k = 0; k < text.length; k += 1) if (bytes[at + k] !== text.charCodeAt(k)) return -1;
  return at + text.length;
}

/** A short plain text after `lead`: printable ASCII without quote or backslash. Gives the position of its closing quote. */
function name(line: EntryLine, from: number, lead: string, member: 'boot' | 'kind'): number {
  const start = skip(line.bytes, from, lead);
  if (start === -1) return -1;
  for (let at = start; at - start <= MAX_NAME_BYTES; at += 1) {
    const byte = line.bytes[at] ?? 0;
    if (byte === 0x22) {
      line[member] = line.bytes.toString('latin1', start, at);
      return at;
    }
    if (byte < 0x20 || byte > 0x7e || byte === 0x5c) return -1;
  }
  return -1;
}

/** A non-negative integer of at most 15 digits in its one form. Gives the position behind it. */
function digits(line: EntryLine, from: number, lead: string, member: 'index' | 'monotonicMs'): number {
  const start = skip(line.bytes, from, lead);
  if (start === -1) return -1;
  let value = 0;
  for (let at = start; at - start <= 15; at += 1) {
    const digit = (line.bytes[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) {
      line[member] = value;
      const isPlain = at - start === 1 || line.bytes[start] !== 0x30;
      return at > start && isPlain ? at : -1;
    }
    value = value * 10 + digit;
  }
  return -1;
}

let lastDay = '';
let lastDayMs = 0;

function readTime(line: EntryLine, text: string): boolean {
  if (text === line.time) return true;
  if (!TIME.test(text)) return false;
  const day = text.slice(0, 10);
  if (day !== lastDay) {
    const dayMs = Date.parse(`${day}T00:00:00.000Z`);
    // A day that is in no calendar (31 April) is parsed to none, or to another.
    if (Number.isNaN(dayMs) || new Date(dayMs).toISOString().slice(0, 10) !== day) return false;
    lastDay = day;
    lastDayMs = dayMs;
  }
  const two = (at: number) => (text.charCodeAt(at) - 0x30) * 10 + text.charCodeAt(at + 1) - 0x30;
  const milliseconds = two(20) * 10 + text.charCodeAt(22) - 0x30;
  line.time = text;
  line.utcMs = lastDayMs + two(11) * 3_600_000 + two(14) * 60_000 + two(17) * 1000 + milliseconds;
  return true;
}
