/**
 * The tree of RFC 6962 section 2.1 written down as its definition, without a thought for speed: what src/tlog is
 * compared with.
 */
import { createHash } from 'node:crypto';

const sha256 = (...parts: readonly Uint8Array[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** Largest power of two below n. */
const half = (n: number): number => 2 ** (Math.ceil(Math.log2(n)) - 1);

/** MTH(D[n]). */
export function treeHash(entries: readonly Uint8Array[]): Buffer {
  const [first] = entries;
  if (first === undefined) return sha256();
  if (entries.length === 1) return sha256(Buffer.from([0]), first);
  const k = half(entries.length);
  return sha256(Buffer.from([1]), treeHash(entries.slice(0, k)), treeHash(entries.slice(k)));
}

/** PATH(m, D[n]). */
export function path(m: number, entries: readonly Uint8Array[]): Buffer[] {
  if (entries.length <= 1) return [];
  const k = half(entries.length);
  return m < k
    ? [...path(m, entries.slice(0, k)), treeHash(entries.slice(k))]
    : [...path(m - k, entries.slice(k)), treeHash(entries.slice(0, k))];
}

/** SUBPROOF(m, D[n], b). */
export function subproof(m: number, entries: readonly Uint8Array[], whole: boolean): Buffer[] {
  if (m === entries.length) return whole ? [] : [treeHash(entries)];
  const k = half(entries.length);
  return m <= k
    ? [...subproof(m, entries.slice(0, k), whole), treeHash(entries.slice(k))]
    : [...subproof(m - k, entries.slice(k), false), treeHash(entries.slice(0, k))];
}

/** Different entries of different lengths. */
export const entriesUpTo = (count: number): Buffer[] =>
  Array.from({ length: count }, (_, at) => Buffer.from(`entry ${at} ${'x'.repeat(at % 7)}`));
