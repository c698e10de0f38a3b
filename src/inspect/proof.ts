/** RFC 6962 proofs: which hashes they are made of (sections 2.1.1 and 2.1.2), and whether they hold. */
import { HASH_BYTES, nodeHash } from './merkle.ts';

/** Leaves from..to (without `to`); its hash is one element of a proof. */
export interface LeafRange {
  readonly from: number;
  readonly to: number;
}

/** Largest power of two below n, for n > 1. */
function split(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/** Elements of PATH(index, D[size]), in the proof's order (the nearest to the leaf first). */
export function inclusionRanges(index: number, size: number): LeafRange[] {
  return path(index, 0, size);
}

function path(index: number, from: number, to: number): LeafRange[] {
  if (to - from <= 1) return [];
  const middle = from + split(to - from);
  if (index < middle) return [...path(index, from, middle), { from: middle, to }];
  return [...path(index, middle, to), { from, to: middle }];
}

/** Elements of PROOF(oldSize, D[size]), in the proof's order; none when the sizes are the same or the old tree is empty. */
export function consistencyRanges(oldSize: number, size: number): LeafRange[] {
  return oldSize === 0 || oldSize === size ? [] : subproof(oldSize, 0, size, true);
}

function subproof(oldSize: number, from: number, to: number, isWhole: boolean): LeafRange[] {
  if (oldSize === to) return isWhole ? [] : [{ from, to }];
  const middle = from + split(to - from);
  if (oldSize <= middle) return [...subproof(oldSize, from, middle, isWhole), { from: middle, to }];
  return [...subproof(oldSize, middle, to, false), { from, to: middle }];
}

/** Hashes of ranges of leaves that are met once, in order. Ranges may touch but not overlap. */
export class RangeHashes {
  readonly #ranges: readonly LeafRange[];
  readonly #ascending: readonly LeafRange[];
  readonly #hashes = new Map<LeafRange, Buffer>();
  #next = 0;
  /** Complete subtrees of the present range, largest first. */
  #subtrees: { readonly size: number; readonly hash: Buffer }[] = [];

  constructor(ranges: readonly LeafRange[]) {
    this.#ranges = ranges;
    this.#ascending = [...ranges].sort((a, b) => a.from - b.from);
  }

  take(index: number, leaf: Buffer): void {
    const range = this.#ascending[this.#next];
    if (range === undefined || index < range.from) return;
    let added = { size: 1, hash: Buffer.from(leaf) };
    for (let last = this.#subtrees.at(-1); last?.size === added.size; last = this.#subtrees.at(-1)) {
      this.#subtrees.pop();
      added = { size: added.size * 2, hash: Buffer.from(nodeHash(last.hash, added.hash)) };
    }
    this.#subtrees.push(added);
    if (index + 1 < range.to) return;
    const hashes = this.#subtrees.map(({ hash }) => hash);
    this.#hashes.set(
      range,
      hashes.reduceRight((right, left) => nodeHash(left, right)),
    );
    this.#subtrees = [];
    this.#next += 1;
  }

  /** The proof; null while a leaf is missing. */
  proof(): Buffer[] | null {
    const found = this.#ranges.map((range) => this.#hashes.get(range));
    return found.some((hash) => hash === undefined) ? null : found.filter((hash) => hash !== undefined);
  }
}

/** Root that an inclusion proof leads to; null when it has another length than it must have. */
export function rootFromInclusion(index: number, size: number, leaf: Buffer, proof: readonly Buffer[]): Buffer | null {
  if (index >= size || !areHashes(proof)) return null;
  const ranges = inclusionRanges(index, size);
  if (ranges.length !== proof.length) return null;
  return ranges.reduce((hash, range, at) => {
    const other = proof[at] ?? hash;
    return range.to <= index ? nodeHash(other, hash) : nodeHash(hash, other);
  }, leaf);
}

/** Whether a tree of `size` with `root` goes on from one of `oldSize` with `oldRoot`. */
export function isConsistent(
  oldSize: number,
  size: number,
  oldRoot: Buffer,
  root: Buffer,
  proof: readonly Buffer[],
): boolean {
  if (oldSize > size || !areHashes(proof)) return false;
  if (oldSize === size) return proof.length === 0 && oldRoot.equals(root);
  if (oldSize === 0) return proof.length === 0;
  const ranges = consistencyRanges(oldSize, size);
  if (ranges.length !== proof.length) return false;
  return followProof(oldSize, ranges, oldRoot, proof).every(([found, wanted]) => found.equals(wanted(oldRoot, root)));
}

type Expected = (oldRoot: Buffer, root: Buffer) => Buffer;

/** Folds the proof twice: with what lies within the old tree to its root, with everything to the new one. */
function followProof(
  oldSize: number,
  ranges: readonly LeafRange[],
  oldRoot: Buffer,
  proof: readonly Buffer[],
): [Buffer, Expected][] {
  // Without a first element of its own, the old tree is a complete subtree of the new one, and its root begins the fold.
  const isSubtree = (ranges[0]?.from ?? 0) >= oldSize;
  const [first, rest] = isSubtree ? [oldRoot, 0] : [proof[0] ?? oldRoot, 1];
  let old = first;
  let whole = first;
  for (const [at, range] of ranges.entries()) {
    if (at < rest) continue;
    const hash = proof[at] ?? first;
    if (range.to <= oldSize) {
      old = nodeHash(hash, old);
      whole = nodeHash(hash, whole);
    } else {
      whole = nodeHash(whole, hash);
    }
  }
  return [
    [old, (expected) => expected],
    [whole, (_, expected) => expected],
  ];
}

function areHashes(proof: readonly Buffer[]): boolean {
  return proof.every(({ length }) => length === HASH_BYTES);
}
