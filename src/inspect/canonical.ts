/**
 * Is a stretch of bytes exactly one RFC 8785 (JSON Canonicalization Scheme) value? Answered by one pass over the bytes, without
 * building the value: a verifier asks it of every entry. What passes has one spelling only, so that two readers cannot
 * see two different things in the same bytes.
 */
import { isUtf8 } from 'node:buffer';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
/** Integers of so many digits are exact in a double, so their canonical form is the digits themselves. */
const PLAIN_DIGITS = 15;
/** Deeper nesting is no entry of ours, and recursion has a limit too. */
const MAX_DEPTH = 32;
const SHORT_ESCAPES = new Set([...'"\\bfnrt'].map((letter) => letter.charCodeAt(0)));
/** Control characters that RFC 8785 writes as `\u00xx`: all but those with a short form. */
const LONG_ESCAPE = /^u00(0[0-7be-f]|1[0-9a-f])$/;
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?(e[+-]\d+)?$/;
const WORDS = ['true', 'false', 'null'];

/** Where the value that begins at `from` ends, or -1 when the bytes up to `to` hold no canonical value there. */
export function canonicalEnd(bytes: Buffer, from: number, to: number): number {
  const end = valueEnd(bytes, from, to, 0);
  if (end === -1) return -1;
  for (let at = from; at < end; at += 1) {
    if ((bytes[at] ?? 0) >= 0x80) return isUtf8(bytes.subarray(from, end)) ? end : -1;
  }
  return end;
}

function valueEnd(bytes: Buffer, from: number, to: number, depth: number): number {
  if (from >= to || depth > MAX_DEPTH) return -1;
  const first = bytes[from] ?? 0;
  if (first === QUOTE) return stringEnd(bytes, from, to);
  if ((first >= ZERO && first <= NINE) || first === MINUS) return numberEnd(bytes, from, to);
  if (first === 0x7b) return objectEnd(bytes, from, to, depth);
  if (first === 0x5b) return arrayEnd(bytes, from, to, depth);
  for (const word of WORDS) {
    const end = from + word.length;
    if (end <= to && bytes.toString('latin1', from, end) === word) return end;
  }
  return -1;
}

function stringEnd(bytes: Buffer, from: number, to: number): number {
  for (let at = from + 1; at < to; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === QUOTE) return at + 1;
    if (byte < 0x20) return -1;
    if (byte === BACKSLASH) {
      const length = escapeLength(bytes, at + 1, to);
      if (length === 0) return -1;
      at += length;
    }
  }
  return -1;
}

function escapeLength(bytes: Buffer, from: number, to: number): number {
  if (SHORT_ESCAPES.has(bytes[from] ?? 0)) return 1;
  return from + 5 <= to && LONG_ESCAPE.test(bytes.toString('latin1', from, from + 5)) ? 5 : 0;
}

function numberEnd(bytes: Buffer, from: number, to: number): number {
  let at = from;
  let byte = bytes[at] ?? 0;
  while (at < to && byte >= ZERO && byte <= NINE) {
    at += 1;
    byte = bytes[at] ?? 0;
  }
  const digits = at - from;
  const plain = at >= to || byte === COMMA || byte === 0x5d || byte === 0x7d;
  if (plain && digits > 0 && digits <= PLAIN_DIGITS) return bytes[from] === ZERO && digits > 1 ? -1 : at;
  while (at < to && isOfNumber(bytes[at] ?? 0)) at += 1;
  const text = bytes.toString('latin1', from, at);
  // ECMAScript's number to text is the form that RFC 8785 section 3.2.2.3 prescribes.
  return NUMBER.test(text) && String(Number(text)) === text ? at : -1;
}

/** Digits, and what else may stand in a number: `+ - . e`. */
function isOfNumber(byte: number): boolean {
  return (byte >= ZERO && byte <= NINE) || byte === 0x2b || byte === MINUS || byte === 0x2e || byte === 0x65;
}

function arrayEnd(bytes: Buffer, from: number, to: number, depth: number): number {
  let at = from + 1;
  if (bytes[at] === 0x5d) return at < to ? at + 1 : -1;
  for (;;) {
    at = valueEnd(bytes, at, to, depth + 1);
    if (at === -1 || at >= to) return -1;
    if (bytes[at] === 0x5d) return at + 1;
    if (bytes[at] !== COMMA) return -1;
    at += 1;
  }
}

function objectEnd(bytes: Buffer, from: number, to: number, depth: number): number {
  let at = from + 1;
  if (bytes[at] === 0x7d) return at < to ? at + 1 : -1;
  let lastName = -1;
  let lastNameEnd = -1;
  for (;;) {
    const name = at;
    if (name >= to || bytes[name] !== QUOTE) return -1;
    const nameEnd = stringEnd(bytes, name, to);
    if (nameEnd === -1 || nameEnd >= to || bytes[nameEnd] !== 0x3a) return -1;
    if (lastName !== -1 && !isBefore(bytes, lastName, lastNameEnd, name, nameEnd)) return -1;
    lastName = name;
    lastNameEnd = nameEnd;
    at = valueEnd(bytes, nameEnd + 1, to, depth + 1);
    if (at === -1 || at >= to) return -1;
    if (bytes[at] === 0x7d) return at + 1;
    if (bytes[at] !== COMMA) return -1;
    at += 1;
  }
}

/** RFC 8785 section 3.2.3: names in the order of their UTF-16 code units; a name that comes twice is in no order. */
function isBefore(bytes: Buffer, from: number, end: number, otherFrom: number, otherEnd: number): boolean {
  const shorter = Math.min(end - from, otherEnd - otherFrom) - 1;
  for (let at = 1; at < shorter; at += 1) {
    const byte = bytes[from + at] ?? 0;
    const other = bytes[otherFrom + at] ?? 0;
    // Bytes are code units only in plain ASCII; anything else is decoded first.
    if (byte >= 0x80 || other >= 0x80 || byte === BACKSLASH || other === BACKSLASH) {
      return decoded(bytes, from, end) < decoded(bytes, otherFrom, otherEnd);
    }
    if (byte !== other) return byte < other;
  }
  if (hasMore(bytes, from + shorter, end) || hasMore(bytes, otherFrom + shorter, otherEnd)) {
    return decoded(bytes, from, end) < decoded(bytes, otherFrom, otherEnd);
  }
  return end - from < otherEnd - otherFrom;
}

function hasMore(bytes: Buffer, at: number, end: number): boolean {
  return at < end - 1 && ((bytes[at] ?? 0) >= 0x80 || bytes[at] === BACKSLASH);
}

function decoded(bytes: Buffer, from: number, end: number): string {
  return String(JSON.parse(bytes.toString('utf8', from, end)));
}
