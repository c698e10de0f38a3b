/**
 * The Merkle tree of RFC 6962 section 2.1, for a reader that meets the leaves once, in order: leaf SHA-256(00 ‖ entry), node
 * SHA-256(01 ‖ left ‖ right). Keeps the nodes near its growing edge (a few MiB, whatever the size), so that the root of any size
 * of the last 32,768 can still be told: checkpoints stand in the trail a little later than the size they are of.
 * Sizes go up to 2^31.
 */
import { hash } from 'node:crypto';

export const HASH_BYTES = 32;
/** Leaves kept; roots can be told for sizes down to half of this below the present one. */
const KEPT_LEAVES = 65_536;
const LEVELS = 32;

/** Root of a tree without entries: SHA-256 of nothing. */
export const EMPTY_ROOT: Buffer = hash('sha256', Buffer.alloc(0), 'buffer');

/** RFC 6962 leaf hash of an entry. */
export function leafHash(entry: Buffer): Buffer {
  return hash('sha256', Buffer.concat([Buffer.of(0), entry]), 'buffer');
}

const scratch = Buffer.alloc(1 + 2 * HASH_BYTES);
scratch[0] = 1;

/** RFC 6962 node hash. */
export function nodeHash(left: Buffer, right: Buffer): Buffer {
  scratch.set(left, 1);
  scratch.set(right, 1 + HASH_BYTES);
  return hash('sha256', scratch, 'buffer');
}

export class GrowingTree {
  #size = 0;
  /** One ring of nodes for each level; node `k` of a level is at `k` modulo the ring's length. */
  readonly #rings: readonly Buffer[] = Array.from({ length: LEVELS }, (_, level) =>
    Buffer.alloc(Math.max(level > 16 ? 4 : KEPT_LEAVES >> level, 4) * HASH_BYTES),
  );

  /**
   * A tree that begins with `size` leaves nobody has shown: `subtrees` are the hashes of its complete subtrees, largest first.
   * @throws RangeError when there are not as many as a tree of that size has.
   */
  static startingAt(size: number, subtrees: readonly Buffer[]): GrowingTree {
    const tree = new GrowingTree();
    const levels = levelsOf(size);
    if (levels.length !== subtrees.length || subtrees.some(({ length }) => length !== HASH_BYTES)) {
      throw new RangeError('these are not the subtrees of a tree of that size');
    }
    for (const [at, level] of levels.entries()) {
      const [ring, place] = tree.#at(level, (size >>> level) - 1);
      ring.set(subtrees[at] ?? EMPTY_ROOT, place);
    }
    tree.#size = size;
    return tree;
  }

  get size(): number {
    return this.#size;
  }

  append(leaf: Buffer): void {
    let index = this.#size;
    let level = 0;
    let [ring, place] = this.#at(0, index);
    ring.set(leaf, place);
    while (index % 2 === 1) {
      const left = (((index - 1) * HASH_BYTES) % ring.length) | 0;
      scratch.set(ring.subarray(left, left + HASH_BYTES), 1);
      scratch.set(ring.subarray(place, place + HASH_BYTES), 1 + HASH_BYTES);
      index >>>= 1;
      level += 1;
      [ring, place] = this.#at(level, index);
      // Text is how a hash leaves node:crypto soonest: half the time of a new Buffer.
      ring.write(hash('sha256', scratch, 'latin1'), place, HASH_BYTES, 'latin1');
    }
    this.#size += 1;
  }

  /** Hashes of the complete subtrees of the first `size` leaves, largest first; null when that is too long ago. */
  subtrees(size = this.#size): Buffer[] | null {
    if (size > this.#size || this.#size - size > KEPT_LEAVES / 2) return null;
    const levels = levelsOf(size);
    // A block of its own: small copies would each hold on to the 8 KiB that node:buffer shares among them.
    const block = Buffer.alloc(levels.length * HASH_BYTES);
    return levels.map((level, at) => {
      const [ring, place] = this.#at(level, (size >>> level) - 1);
      ring.copy(block, at * HASH_BYTES, place, place + HASH_BYTES);
      return block.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES);
    });
  }

  /** Root of the first `size` leaves; null when the tree does not have them or has forgotten them. */
  root(size = this.#size): Buffer | null {
    const subtrees = this.subtrees(size);
    if (subtrees === null) return null;
    return (
      subtrees.reduceRight<Buffer | null>((right, left) => (right === null ? left : nodeHash(left, right)), null) ??
      EMPTY_ROOT
    );
  }

  /** Leaf `index`; null when the tree does not have it or has forgotten it. */
  leaf(index: number): Buffer | null {
    if (index >= this.#size || this.#size - index > KEPT_LEAVES) return null;
    const [ring, place] = this.#at(0, index);
    return Buffer.from(ring.subarray(place, place + HASH_BYTES));
  }

  #at(level: number, index: number): [ring: Buffer, place: number] {
    const ring = this.#rings[level];
    if (ring === undefined) throw new RangeError('a tree of more than 2^31 leaves');
    return [ring, (index * HASH_BYTES) % ring.length];
  }
}

/** Levels of the complete subtrees of a tree of that size, largest first. */
function levelsOf(size: number): number[] {
  return Array.from({ length: LEVELS }, (_, level) => LEVELS - 1 - level).filter(
    (level) => ((size >>> level) & 1) === 1,
  );
}
