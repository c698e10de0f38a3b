/**
 * Strict reading of JSON: what two readers could understand differently is refused, so that the RFC 8785 form of what
 * was sent is certain (RFC 7493 "I-JSON" sections 2.1 to 2.3). `JSON.parse` alone takes the last of two members with
 * the same name, rounds long numbers and lets half surrogate pairs through, all in silence.
 *
 * One scan over the bytes finds what `JSON.parse` hides, without parsing twice: colons outside strings must be as many
 * as members in the parsed tree, else a name came twice. Numbers that could be rounded and `\u` escapes are noted for
 * a closer look; ordinary records have neither.
 */
import { isUtf8 } from 'node:buffer';
import { ALWAYS_EXACT_LENGTH, isExactNumber } from './exact-number.ts';
import { type NamePlace, topLevelNames } from './json-names.ts';
import { reason } from './reason.ts';
import type { Reason } from './types.ts';

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: JsonValue;
}

/** Largest record in bytes. */
export const MAX_RECORD_BYTES = 64 * 1024;
/** How much of a publish that is no record is kept and looked at, in bytes. */
export const MAX_EVIDENCE_BYTES = 256 * 1024;
/** Objects and arrays inside each other, the outermost counted. A record needs 3; every recursion here relies on it. */
export const MAX_DEPTH = 32;

export type StrictReading =
  | { readonly ok: true; readonly value: JsonValue }
  | {
      readonly ok: false;
      readonly reasons: readonly Reason[];
      /** What `JSON.parse` made of it, where it could; good for telling the lane more, never for storing. */
      readonly value: JsonValue | undefined;
    };

/** Reads at most 64 KiB of UTF-8 JSON without byte order mark. Never throws. */
export function readStrictJson(bytes: Uint8Array): StrictReading {
  if (bytes.length > MAX_RECORD_BYTES) {
    return unreadable('too_large', `send at most ${MAX_RECORD_BYTES / 1024} KiB in one record`);
  }
  if (!isUtf8(bytes)) return unreadable('not_utf8', 'send the record as UTF-8');
  const seen = scan(bytes);
  if (seen.depth > MAX_DEPTH) {
    return unreadable('nested_too_deep', `send objects and arrays at most ${MAX_DEPTH} deep`);
  }
  const value = parse(bytes);
  if (value === undefined) {
    return unreadable('not_json', 'send one JSON object (RFC 8259), without byte order mark');
  }
  const sureNames = countMembers(value) === seen.colons;
  if (sureNames && seen.inexactAt.length === 0 && (!seen.escapes || isWellFormed(value))) return { ok: true, value };
  return { ok: false, value, reasons: [...explain(bytes, value, seen, sureNames)] };
}

/** What `JSON.parse` makes of bytes that are not certain to be UTF-8 JSON; undefined when nothing. Never throws. */
export function parse(bytes: Uint8Array): JsonValue | undefined {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch {
    return undefined;
  }
}

interface Scan {
  /** Colons outside strings. */
  readonly colons: number;
  /** Deepest nesting. */
  readonly depth: number;
  /** Whether any string has a `\u` escape. */
  readonly escapes: boolean;
  /** Offsets of numbers that a double cannot hold, at most `INEXACT_LIMIT` of them. */
  readonly inexactAt: readonly number[];
}

/** More than this many rounded numbers are not listed one by one. */
const INEXACT_LIMIT = 16;
const NONE: readonly number[] = [];

const QUOTE = 0x22;
const MINUS = 0x2d;
const COLON = 0x3a;
const BACKSLASH = 0x5c;

/** One pass over the bytes. Its results mean something only if the bytes are JSON; on others it just ends. */
function scan(bytes: Uint8Array): Scan {
  let colons = 0;
  let depth = 0;
  let deepest = 0;
  let escapes = false;
  let inexactAt = NONE;
  const { length } = bytes;
  let at = 0;
  while (at < length) {
    const byte = bytes[at++] as number;
    if (byte === QUOTE) {
      for (; at < length && bytes[at] !== QUOTE; at++) {
        if (bytes[at] !== BACKSLASH) continue;
        at++;
        if (bytes[at] === 0x75) escapes = true;
      }
      at++;
    } else if (byte === COLON) {
      colons++;
    } else if (byte === MINUS || (byte >= 0x30 && byte <= 0x39)) {
      const start = at - 1;
      at = endOfNumber(bytes, at);
      if (inexactAt.length < INEXACT_LIMIT && !isExactAt(bytes, start, at)) inexactAt = [...inexactAt, start];
    } else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > deepest) deepest = depth;
    } else if (byte === 0x7d || byte === 0x5d) {
      depth--;
    }
  }
  return { colons, depth: deepest, escapes, inexactAt };
}

/** First position from `at` on that is none of the characters a JSON number is made of. */
function endOfNumber(bytes: Uint8Array, at: number): number {
  let end = at;
  for (; end < bytes.length; end++) {
    const byte = bytes[end] as number;
    const inNumber = (byte >= 0x30 && byte <= 0x39) || byte === 0x2e || (byte | 0x20) === 0x65 || byte === 0x2b;
    if (!inNumber && byte !== MINUS) break;
  }
  return end;
}

function isExactAt(bytes: Uint8Array, start: number, end: number): boolean {
  let plain = end - start <= ALWAYS_EXACT_LENGTH;
  for (let at = start; plain && at < end; at++) plain = ((bytes[at] as number) | 0x20) !== 0x65;
  return plain || isExactNumber(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1'));
}

/** Members of all objects in the tree, at most `MAX_DEPTH` deep. */
function countMembers(value: JsonValue): number {
  if (typeof value !== 'object' || value === null) return 0;
  let count = 0;
  if (Array.isArray(value)) {
    for (const element of value) if (typeof element === 'object') count += countMembers(element);
    return count;
  }
  // for-in is the fastest walk there is. It also lists inherited names, but nothing enumerable is ever inherited here:
  // a member called `__proto__` becomes an own property in JSON.parse, it does not change the prototype.
  const object = value as JsonObject;
  for (const name in object) {
    count++;
    const member = object[name];
    if (typeof member === 'object') count += countMembers(member);
  }
  return count;
}

/** Whether no string and no name in the tree has half a surrogate pair. */
function isWellFormed(value: JsonValue): boolean {
  if (typeof value === 'string') return value.isWellFormed();
  if (typeof value !== 'object' || value === null) return true;
  if (Array.isArray(value)) return value.every(isWellFormed);
  return Object.entries(value).every(([name, member]) => name.isWellFormed() && isWellFormed(member));
}

function unreadable(code: Reason['code'], message: string): StrictReading {
  return { ok: false, reasons: [reason(code, null, message)], value: undefined };
}

/** Everything that makes parsed JSON uncertain, each member named once. Slow, for refusals only. */
function* explain(bytes: Uint8Array, value: JsonValue, seen: Scan, sureNames: boolean): Generator<Reason> {
  const places = topLevelNames(bytes);
  if (!sureNames) {
    const message = 'send every member name only once in its object';
    for (const name of repeated(places)) yield reason('duplicate_member', name, message);
  }
  if (seen.escapes && !isWellFormed(value)) {
    yield reason('lone_surrogate', null, 'send surrogate escapes (\\ud800 to \\udfff) only as complete pairs');
  }
  const message = 'send numbers that a double holds exactly (at most 15 significant digits), longer ones as strings';
  for (const name of new Set(seen.inexactAt.map((at) => memberAround(places, at)))) {
    yield reason('number_not_exact', name, message);
  }
}

/** Outermost names that come more than once; null in their place when the repeated name is further in. */
function repeated(places: readonly NamePlace[]): ReadonlySet<string | null> {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const { name } of places) (seen.has(name) ? twice : seen).add(name);
  return twice.size > 0 ? twice : new Set([null]);
}

/** Name of the outermost member whose value is, or is around, what stands at this offset. */
function memberAround(places: readonly NamePlace[], offset: number): string | null {
  return places.findLast(({ at }) => at < offset)?.name ?? null;
}
