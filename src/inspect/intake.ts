/** Records told by an `intake` entry, walked in place: most bytes of a trail are theirs. */
import { LINK_BYTES } from './entry-line.ts';

const QUOTE = 0x22;
const COMMA = 0x2c;
const LEAD = '{"records":[';
const TAIL = ']}';

export interface IntakeCount {
  records: number;
  /** Those of Schedule II. */
  scheduleTwo: number;
  /** Sequence of the first and of the last of them. */
  first: number;
  last: number;
}

/**
 * Counts the records of an intake body at `from`..`to`.
 * False when the body is not formed as the formats say.
 */
export function walkIntake(bytes: Buffer, from: number, to: number, count: IntakeCount): boolean {
  count.records = 0;
  count.scheduleTwo = 0;
  if (!stands(bytes, from, LEAD) || !stands(bytes, to - TAIL.length, TAIL)) return false;
  const end = to - TAIL.length;
  let start = from + LEAD.length;
  count.first = numberAt(bytes, start + 1);
  for (let at = start; ; at += 1) {
    start = at;
    at = walkRecord(bytes, at, count);
    if (at === -1 || at > end) return false;
    if (at === end) {
      count.last = numberAt(bytes, start + 1);
      return true;
    }
    if (bytes[at] !== COMMA) return false;
  }
}

function numberAt(bytes: Buffer, from: number): number {
  return Number(bytes.toString('latin1', from, digitsEnd(bytes, from)));
}

/** Position behind the record's array at `from`, or -1. */
function walkRecord(bytes: Buffer, from: number, count: IntakeCount): number {
  if (bytes[from] !== 0x5b) return -1;
  let at = digitsEnd(bytes, from + 1);
  at = textEnd(bytes, at);
  const schedule = at + 2;
  at = textEnd(bytes, at);
  if (at === -1) return -1;
  const isTwo = at - schedule === 3 && bytes[schedule] === 0x49 && bytes[schedule + 1] === 0x49;
  at = hashEnd(bytes, hashEnd(bytes, at));
  for (let k = 0; k < 3 && at !== -1; k += 1) at = bytes[at] === COMMA ? digitsEnd(bytes, at + 1) : -1;
  if (at === -1 || bytes[at] !== 0x5d) return -1;
  count.records += 1;
  if (isTwo) count.scheduleTwo += 1;
  return at + 1;
}

function stands(bytes: Buffer, at: number, text: string): boolean {
  return bytes.toString('latin1', at, at + text.length) === text;
}

function digitsEnd(bytes: Buffer, from: number): number {
  let at = from;
  while ((bytes[at] ?? 0) >= 0x30 && (bytes[at] ?? 0) <= 0x39) at += 1;
  return at === from ? -1 : at;
}

/** Behind `,"text"`. */
function textEnd(bytes: Buffer, from: number): number {
  if (from === -1 || bytes[from] !== COMMA || bytes[from + 1] !== QUOTE) return -1;
  const end = bytes.indexOf(QUOTE, from + 2);
  return end === -1 ? -1 : end + 1;
}

function hashEnd(bytes: Buffer, from: number): number {
  if (from === -1 || bytes[from] !== COMMA || bytes[from + 1] !== QUOTE) return -1;
  const end = from + 2 + LINK_BYTES;
  return bytes[end] === QUOTE ? end + 1 : -1;
}
