/**
 * One line of a segment: `entry TAB base64(leaf) LF`. The hash says whether the line arrived whole, is the link the next
 * entry names, and is the entry's leaf in the Merkle tree.
 */
import { leafHash } from '../tlog/merkle.ts';

const TAB = 9;
const LF = 10;
/** 32 bytes in base64 with padding. */
const LEAF_CHARACTERS = 44;
/** The members before the body are short: boot id, index, kind, time, link. */
const HEAD_CHARACTERS = 512;
const HEAD = /^\{"b":"[^"\\]*","i":(\d{1,15}),"k":"([a-z0-9_]+)","m":\d+,"p":"([A-Za-z0-9+/]{43}=)","r":/;

export interface Line {
  /** What is hashed: the entry, or the framing. */
  readonly text: Buffer;
  readonly leaf: Buffer;
  /** Offset behind the line. */
  readonly end: number;
}

/** What an entry says of itself before its body. */
export interface EntryHead {
  readonly index: number;
  readonly kind: string;
  /** Leaf of the entry before, base64. */
  readonly previous: string;
}

/** `leaf` in base64. */
export function formatLine(text: string, leaf: string): string {
  return `${text}\t${leaf}\n`;
}

/** The line that begins at `from`; null when it is not all there, or not what its hash says. */
export function readLine(bytes: Buffer, from: number): Line | null {
  const lf = bytes.indexOf(LF, from);
  const tab = lf - 1 - LEAF_CHARACTERS;
  if (lf < 0 || tab <= from || bytes[tab] !== TAB) return null;
  const text = bytes.subarray(from, tab);
  const leaf = leafHash(text);
  if (leaf.toString('base64') !== bytes.toString('latin1', tab + 1, lf)) return null;
  return { text, leaf, end: lf + 1 };
}

/** Null for anything that is not an entry as the buffer fixes them. */
export function headOf(text: Buffer | string): EntryHead | null {
  const head = typeof text === 'string' ? text.slice(0, HEAD_CHARACTERS) : text.toString('latin1', 0, HEAD_CHARACTERS);
  const [, index, kind, previous] = HEAD.exec(head) ?? [];
  if (index === undefined || kind === undefined || previous === undefined) return null;
  return { index: Number(index), kind, previous };
}
