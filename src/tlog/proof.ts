/**
 * Proofs of RFC 6962 section 2.1: that an entry stands in a tree, and that a tree is the beginning of another. Checked
 * by the algorithms of RFC 9162 sections 2.1.3.2 and 2.1.4.2. Makers ask for the hashes of ranges of entries and do not
 * care where those are kept; `pathOf…` says beforehand which ranges that will be.
 */
import { foldPeaks, HASH_BYTES, nodeHash } from './merkle.ts';

/** Entries `start` up to, but not including, `end`. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/**
 * Hash of the tree over a range of entries. The ranges asked for start at a multiple of the smallest power of two that
 * is not below their length; they may be ragged (their length no power of two) only where they end with the tree.
 */
export type Subtree = (start: number, end: number) => Buffer;

/** A stored node: the hash over entries `index`·2^`level` up to (`index`+1)·2^`level`. Level 0 are the leaves. */
export type NodeAt = (level: number, index: number) => Buffer;

/** Subtrees out of stored nodes: a ragged range is put together from its complete parts. */
export function subtreesOf(nodeAt: NodeAt): Subtree {
  return (start, end) => {
    const peaks: Buffer[] = [];
    for (let at = start; at < end; ) {
      let level = 0;
      while (at + 2 ** (level + 1) <= end) level += 1;
      peaks.push(nodeAt(level, at / 2 ** level));
      at += 2 ** level;
    }
    return foldPeaks(peaks);
  };
}

/** Root of the first `size` entries. */
export function rootOf(size: number, subtree: Subtree): Buffer {
  return size === 0 ? foldPeaks([]) : subtree(0, size);
}

/** Ranges whose hashes prove entry `index` in the tree of `size`, from the leaf upwards. Throws `RangeError` outside it. */
export function pathOfInclusion(index: number, size: number): Range[] {
  if (!isCount(index) || !isCount(size) || index >= size) throw new RangeError('no such entry in a tree of this size');
  const path: Range[] = [];
  let [start, end] = [0, size];
  while (end - start > 1) {
    const middle = start + splitOf(end - start);
    if (index < middle) {
      path.push({ start: middle, end });
      end = middle;
    } else {
      path.push({ start, end: middle });
      start = middle;
    }
  }
  return path.reverse();
}

/**
 * Ranges whose hashes prove that the tree of `oldSize` is the beginning of the one of `newSize`. Empty for equal sizes
 * and for an old tree without entries. Throws `RangeError` when the old one is larger.
 */
export function pathOfConsistency(oldSize: number, newSize: number): Range[] {
  if (!isCount(oldSize) || !isCount(newSize) || oldSize > newSize) throw new RangeError('the old tree is the smaller');
  if (oldSize === 0 || oldSize === newSize) return [];
  const path: Range[] = [];
  let [start, end] = [0, newSize];
  while (end !== oldSize) {
    const middle = start + splitOf(end - start);
    if (oldSize <= middle) {
      path.push({ start: middle, end });
      end = middle;
    } else {
      path.push({ start, end: middle });
      start = middle;
    }
  }
  // The old tree itself is known to who checks, unless it ends inside the right part of something.
  if (start > 0) path.push({ start, end });
  return path.reverse();
}

/** RFC 6962 section 2.1.1. Throws `RangeError` when there is no such entry. */
export function inclusionProof(index: number, size: number, subtree: Subtree): Buffer[] {
  return pathOfInclusion(index, size).map(({ start, end }) => subtree(start, end));
}

/** RFC 6962 section 2.1.2. Throws `RangeError` when the old tree is the larger. */
export function consistencyProof(oldSize: number, newSize: number, subtree: Subtree): Buffer[] {
  return pathOfConsistency(oldSize, newSize).map(({ start, end }) => subtree(start, end));
}

/** Whether `leaf` is the leaf hash of entry `index` in the tree of `size` with this root. Never throws. */
export function verifyInclusion(
  index: number,
  size: number,
  leaf: Uint8Array,
  proof: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  if (!isCount(index) || !isCount(size) || index >= size || !areHashes(leaf, root, ...proof)) return false;
  const walk = new Walk(index, size - 1);
  let hash = leaf;
  for (const sibling of proof) {
    const side = walk.next();
    if (side === 'above') return false;
    hash = side === 'left' ? nodeHash(sibling, hash) : nodeHash(hash, sibling);
  }
  return walk.atRoot && equal(hash, root);
}

/**
 * Whether the tree of `oldSize` with `oldRoot` is the beginning of the one of `newSize` with `newRoot`. An old tree
 * without entries must have the root of nothing; then, and for equal sizes, the proof must be empty. Never throws.
 */
export function verifyConsistency(
  oldSize: number,
  newSize: number,
  oldRoot: Uint8Array,
  newRoot: Uint8Array,
  proof: readonly Uint8Array[],
): boolean {
  if (!isCount(oldSize) || !isCount(newSize) || oldSize > newSize) return false;
  if (!areHashes(oldRoot, newRoot, ...proof)) return false;
  if (oldSize === newSize) return proof.length === 0 && equal(oldRoot, newRoot);
  if (oldSize === 0) return proof.length === 0 && equal(oldRoot, foldPeaks([]));
  if (proof.length === 0) return false;
  const walk = new Walk(oldSize - 1, newSize - 1);
  walk.skipRight();
  // A complete old tree is a node of the new one: it proves itself and is not part of the proof.
  const [first, ...rest] = isPowerOfTwo(oldSize) ? [oldRoot, ...proof] : proof;
  if (first === undefined) return false;
  let oldHash = first;
  let newHash = first;
  for (const sibling of rest) {
    const side = walk.next();
    if (side === 'above') return false;
    if (side === 'left') {
      oldHash = nodeHash(sibling, oldHash);
      newHash = nodeHash(sibling, newHash);
    } else {
      newHash = nodeHash(newHash, sibling);
    }
  }
  return walk.atRoot && equal(oldHash, oldRoot) && equal(newHash, newRoot);
}

/** The way from a node up to the root beside the last one of its level: RFC 9162's `fn` and `sn`. */
class Walk {
  #node: number;
  #last: number;

  constructor(node: number, last: number) {
    this.#node = node;
    this.#last = last;
  }

  get atRoot(): boolean {
    return this.#last === 0;
  }

  /** Goes up while the node is a right child: those joined entries of the old tree only. */
  skipRight(): void {
    while (this.#node % 2 === 1) this.#up();
  }

  /** Side on which the next sibling stands; one level up. `above` when there is no further one. */
  next(): 'left' | 'right' | 'above' {
    if (this.atRoot) return 'above';
    const isLeft = this.#node % 2 === 1 || this.#node === this.#last;
    // The last node of a level without a sibling stands for itself on the next levels.
    if (isLeft) while (this.#node % 2 === 0 && this.#node !== 0) this.#up();
    this.#up();
    return isLeft ? 'left' : 'right';
  }

  #up(): void {
    this.#node = Math.floor(this.#node / 2);
    this.#last = Math.floor(this.#last / 2);
  }
}

/** Largest power of two below `length`, which is at least 2. */
function splitOf(length: number): number {
  let split = 1;
  while (split * 2 < length) split *= 2;
  return split;
}

function isPowerOfTwo(size: number): boolean {
  let rest = size;
  while (rest % 2 === 0) rest /= 2;
  return rest === 1;
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function areHashes(...values: readonly Uint8Array[]): boolean {
  return values.every((value) => value.length === HASH_BYTES);
}

function equal(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}
