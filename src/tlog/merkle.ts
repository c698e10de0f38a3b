/**
 * The Merkle tree of RFC 6962 section 2.1, as a compact range: of a tree of any size only the roots of its complete
 * parts are kept, at most 53 hashes, so that a head costs nothing to keep and to restore. SHA-256 throughout.
 */
import { hash } from 'node:crypto';

/** Length of every leaf, node and root. */
export const HASH_BYTES = 32;

const LEAF_PREFIX = Buffer.from([0]);

/** SHA-256(00 ‖ entry): the hash of a leaf, RFC 6962 section 2.1. A text is hashed as UTF-8. */
export function leafHash(entry: Uint8Array | string): Buffer {
  const bytes = typeof entry === 'string' ? Buffer.from(entry) : entry;
  return hash('sha256', Buffer.concat([LEAF_PREFIX, bytes]), 'buffer');
}

/** 01, left, right: filled anew for each node, because a node is hashed for every entry. Nothing here waits in between. */
const nodeInput = Buffer.alloc(1 + 2 * HASH_BYTES, 1);

/** SHA-256(01 ‖ left ‖ right): the hash of an inner node, RFC 6962 section 2.1. Both are 32 bytes. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  nodeInput.set(left, 1);
  nodeInput.set(right, 1 + HASH_BYTES);
  return hash('sha256', nodeInput, 'buffer');
}

/** Root of a tree without entries: SHA-256 of nothing. */
export const emptyRoot: Buffer = hash('sha256', '', 'buffer');

/** What has to be kept of a tree to go on with it. */
export interface TreeState {
  readonly size: number;
  /** Roots of the complete parts, from the largest (the oldest entries) to the smallest: one for each 1 bit of `size`. */
  readonly peaks: readonly Buffer[];
}

/** The head of a growing tree. */
export class TreeHead {
  #size = 0;
  #peaks: Buffer[] = [];

  /** Goes on from where another left off. Throws `RangeError` for a state no tree can have. */
  static restore({ size, peaks }: TreeState): TreeHead {
    if (!Number.isSafeInteger(size) || size < 0) throw new RangeError('a tree has a whole number of entries');
    if (peaks.length !== onesOf(size)) throw new RangeError('a tree has one peak for each 1 bit of its size');
    if (peaks.some((peak) => peak.length !== HASH_BYTES)) throw new RangeError('a peak is a hash of 32 bytes');
    const head = new TreeHead();
    head.#size = size;
    head.#peaks = [...peaks];
    return head;
  }

  get size(): number {
    return this.#size;
  }

  /** From the largest to the smallest; a copy. */
  get peaks(): readonly Buffer[] {
    return [...this.#peaks];
  }

  /** Adds the next entry by its leaf hash, 32 bytes, which is kept as it is and must not be changed afterwards. */
  append(leaf: Buffer): void {
    if (leaf.length !== HASH_BYTES) throw new RangeError('a leaf is a hash of 32 bytes');
    let merged = leaf;
    for (let rest = this.#size; rest % 2 === 1; rest = (rest - 1) / 2) {
      const left = this.#peaks.pop();
      if (left === undefined) throw new Error('a tree of odd size has a peak');
      merged = nodeHash(left, merged);
    }
    this.#peaks.push(merged);
    this.#size += 1;
  }

  /** Root of the entries so far, 32 bytes. */
  root(): Buffer {
    return foldPeaks(this.#peaks);
  }
}

/** Root over complete parts, from the largest to the smallest, as RFC 6962 joins them: from the right. */
export function foldPeaks(peaks: readonly Buffer[]): Buffer {
  let root = peaks.at(-1) ?? emptyRoot;
  for (const peak of peaks.slice(0, -1).reverse()) root = nodeHash(peak, root);
  return root;
}

/** Number of 1 bits, for every safe integer. */
function onesOf(size: number): number {
  let ones = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) ones += rest % 2;
  return ones;
}
