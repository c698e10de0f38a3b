import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { emptyRoot, leafHash, nodeHash } from '../../src/tlog/merkle.ts';
import {
  consistencyProof,
  inclusionProof,
  pathOfConsistency,
  pathOfInclusion,
  rootOf,
  type Subtree,
  subtreesOf,
  verifyConsistency,
  verifyInclusion,
} from '../../src/tlog/proof.ts';
import { entriesUpTo, path, subproof, treeHash } from './reference-tree.ts';
import { CONSISTENCY, INCLUSION, LEAVES, ROOTS } from './vectors.ts';

const MOST = 64;
const entries = entriesUpTo(MOST);
const leaves = entries.map((entry) => leafHash(entry));
/** Every range by its definition. */
const subtreeOf =
  (of: readonly Uint8Array[]): Subtree =>
  (start, end) =>
    treeHash(of.slice(start, end));
/** Each range is asked for again and again: remembered. */
const ranges = new Map<number, Buffer>();
const subtree: Subtree = (start, end) => {
  const key = start * 1000 + end;
  const known = ranges.get(key) ?? treeHash(entries.slice(start, end));
  ranges.set(key, known);
  return known;
};
const roots = Array.from({ length: MOST + 1 }, (_, size) => rootOf(size, subtree));
const at = <T>(list: readonly T[], index: number): T => {
  const found = list[index];
  if (found === undefined) throw new Error(`nothing at ${index}`);
  return found;
};

const sizes = Array.from({ length: MOST }, (_, before) => before + 1);
/** [index, size] and [old size, new size] of every tree up to 64 entries. */
const everyEntry = sizes.flatMap((size) => Array.from({ length: size }, (_, index) => [index, size] as const));
const everyPair = sizes.flatMap((size) => Array.from({ length: size + 1 }, (_, old) => [old, size] as const));

describe('published vectors', () => {
  test.each(INCLUSION)('entry $of of $size', ({ of, size, proof }) => {
    expect(inclusionProof(of, size, subtreeOf(LEAVES))).toEqual(proof);
    expect(verifyInclusion(of, size, leafHash(at(LEAVES, of)), proof, at(ROOTS, size - 1))).toBe(true);
  });

  test.each(CONSISTENCY)('from $of to $size', ({ of, size, proof }) => {
    expect(consistencyProof(of, size, subtreeOf(LEAVES))).toEqual(proof);
    expect(verifyConsistency(of, size, at(ROOTS, of - 1), at(ROOTS, size - 1), proof)).toBe(true);
  });

  test('the example of RFC 6962 section 2.1.3: which nodes prove what in a tree of seven', () => {
    const text = (found: readonly { start: number; end: number }[]) =>
      found.map(({ start, end }) => `${start}-${end}`).join(' ');
    expect(text(pathOfInclusion(0, 7))).toBe('1-2 2-4 4-7');
    expect(text(pathOfInclusion(3, 7))).toBe('2-3 0-2 4-7');
    expect(text(pathOfInclusion(4, 7))).toBe('5-6 6-7 0-4');
    expect(text(pathOfInclusion(6, 7))).toBe('4-6 0-4');
    expect(text(pathOfConsistency(3, 7))).toBe('2-3 3-4 0-2 4-7');
    expect(text(pathOfConsistency(4, 7))).toBe('4-7');
    expect(text(pathOfConsistency(6, 7))).toBe('4-6 6-7 0-4');
  });
});

describe('every tree of up to 64 entries', () => {
  test('every entry has the proof of the definition, and it holds', () => {
    for (const [index, size] of everyEntry) {
      const proof = inclusionProof(index, size, subtree);
      if (size <= 20) expect(proof).toEqual(path(index, entries.slice(0, size)));
      expect(verifyInclusion(index, size, at(leaves, index), proof, at(roots, size))).toBe(true);
    }
  });

  test('every pair of sizes has the proof of the definition, and it holds', () => {
    for (const [old, size] of everyPair) {
      const proof = consistencyProof(old, size, subtree);
      if (old > 0 && size <= 20) expect(proof).toEqual(subproof(old, entries.slice(0, size), true));
      expect(verifyConsistency(old, size, at(roots, old), at(roots, size), proof)).toBe(true);
    }
  });

  test('a proof holds for no other entry and no other place', () => {
    const held = everyEntry.flatMap(([index, size]) => {
      const [leaf, root, proof] = [at(leaves, index), at(roots, size), inclusionProof(index, size, subtree)];
      const places = leaves
        .keys()
        .filter((other) => other !== index && verifyInclusion(other, size, leaf, proof, root));
      const others = [(index + 1) % MOST].filter((other) =>
        verifyInclusion(index, size, at(leaves, other), proof, root),
      );
      return [...places, ...others].map((other) => ({ index, size, other }));
    });
    expect(held).toEqual([]);
  });

  test('a proof from one old root holds for no other old root', () => {
    const held = everyPair.flatMap(([old, size]) => {
      const proof = consistencyProof(old, size, subtree);
      const others = roots.keys().filter((other) => other !== old);
      return [...others]
        .filter((other) => verifyConsistency(old, size, at(roots, other), at(roots, size), proof))
        .map((other) => ({ old, size, other }));
    });
    expect(held).toEqual([]);
  });

  test('stored nodes put together give the hash of every range that is asked for', () => {
    const nodes = subtreesOf((level, index) => {
      const width = 2 ** level;
      expect((index + 1) * width).toBeLessThanOrEqual(MOST);
      return subtree(index * width, (index + 1) * width);
    });
    for (const [index, size] of everyEntry) {
      expect(rootOf(size, nodes)).toEqual(at(roots, size));
      expect(inclusionProof(index, size, nodes)).toEqual(inclusionProof(index, size, subtree));
      expect(consistencyProof(index, size, nodes)).toEqual(consistencyProof(index, size, subtree));
    }
  });
});

/** Every way to change one thing in a list of hashes: one bit each, one missing, one doubled, two swapped, one too many. */
function changesOf(proof: readonly Buffer[]): Buffer[][] {
  const changed: Buffer[][] = [
    [...proof, emptyRoot],
    [emptyRoot, ...proof],
    [...proof, Buffer.alloc(0)],
  ];
  for (const [place, hash] of proof.entries()) {
    changed.push(proof.toSpliced(place, 1), proof.toSpliced(place, 0, hash), proof.toSpliced(place, 1, emptyRoot));
    changed.push(proof.toSpliced(place, 1, hash.subarray(1)));
    for (let bit = 0; bit < 256; bit++) changed.push(proof.toSpliced(place, 1, flip(hash, bit)));
    const next = proof[place + 1];
    if (next !== undefined && !next.equals(hash)) changed.push(proof.toSpliced(place, 2, next, hash));
  }
  return changed;
}

function flip(hash: Buffer, bit: number): Buffer {
  const copy = Buffer.from(hash);
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
}

const BITS = Array.from({ length: 256 }, (_, bit) => bit);

describe('one thing changed', () => {
  const FEW = 11;
  const few = <T extends readonly [number, number]>(all: readonly T[]) => all.filter(([, size]) => size <= FEW);

  test('no changed proof, leaf or root of an entry holds', () => {
    for (const [index, size] of few(everyEntry)) {
      const [leaf, root, proof] = [at(leaves, index), at(roots, size), inclusionProof(index, size, subtree)];
      const held = changesOf(proof).filter((changed) => verifyInclusion(index, size, leaf, changed, root));
      expect(held).toEqual([]);
      const bits = BITS.filter(
        (bit) =>
          verifyInclusion(index, size, flip(leaf, bit), proof, root) ||
          verifyInclusion(index, size, leaf, proof, flip(root, bit)),
      );
      expect(bits).toEqual([]);
    }
  });

  test('no changed proof or root of a pair of trees holds', () => {
    for (const [old, size] of few(everyPair)) {
      const [before, after, proof] = [at(roots, old), at(roots, size), consistencyProof(old, size, subtree)];
      const held = changesOf(proof).filter((changed) => verifyConsistency(old, size, before, after, changed));
      expect(held).toEqual([]);
      // Every tree goes on from nothing: there the new root is not proved, and cannot be.
      const bits = BITS.filter(
        (bit) =>
          verifyConsistency(old, size, flip(before, bit), after, proof) ||
          (old > 0 && verifyConsistency(old, size, before, flip(after, bit), proof)),
      );
      expect(bits).toEqual([]);
    }
  });

  test('a tree does not go on from a larger one, nor from another of its own size', () => {
    expect(verifyConsistency(3, 2, at(roots, 3), at(roots, 2), [])).toBe(false);
    expect(verifyConsistency(2, 2, at(roots, 2), at(roots, 3), [])).toBe(false);
    expect(verifyConsistency(0, 5, at(roots, 1), at(roots, 5), [])).toBe(false);
  });
});

test('random trees: an old tree whose entry was changed later is never the beginning of the new one', () => {
  const sized = fc.tuple(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 200 }), fc.nat(), fc.nat());
  fc.assert(
    fc.property(sized, ([one, other, which, whichOld]) => {
      const [old, size] = one < other ? [one, other] : [other, one];
      const now = entriesUpTo(size);
      const asked = subtreeOf(now);
      const index = which % size;
      const leaf = leafHash(at(now, index));
      expect(verifyInclusion(index, size, leaf, inclusionProof(index, size, asked), treeHash(now))).toBe(true);
      const proof = consistencyProof(old, size, asked);
      expect(verifyConsistency(old, size, treeHash(now.slice(0, old)), treeHash(now), proof)).toBe(true);
      const before = now.slice(0, old).with(whichOld % old, Buffer.from('as it was'));
      expect(verifyConsistency(old, size, treeHash(before), treeHash(now), proof)).toBe(false);
    }),
    { numRuns: 60 },
  );
});

describe('what is no proof', () => {
  const leaf = leafHash('x');
  test.each([
    [-1, 1],
    [1, 1],
    [0, 0],
    [0.5, 1],
    [0, Number.NaN],
    [0, 2 ** 53],
  ])('entry %d of %d', (index, size) => {
    expect(verifyInclusion(index, size, leaf, [], leaf)).toBe(false);
    expect(() => inclusionProof(index, size, subtree)).toThrow(RangeError);
  });

  test.each([
    [2, 1],
    [-1, 1],
    [0.5, 1],
    [0, Number.POSITIVE_INFINITY],
  ])('from %d to %d', (old, size) => {
    expect(verifyConsistency(old, size, leaf, leaf, [])).toBe(false);
    expect(() => consistencyProof(old, size, subtree)).toThrow(RangeError);
  });

  test('hashes of another length', () => {
    expect(verifyInclusion(0, 1, Buffer.alloc(0), [], Buffer.alloc(0))).toBe(false);
    expect(verifyConsistency(1, 1, Buffer.alloc(31), Buffer.alloc(31), [])).toBe(false);
  });

  test('trees beyond 32 bits are walked right', () => {
    const proof = Array.from({ length: 41 }, () => leaf);
    let root = leaf;
    for (const hash of proof) root = nodeHash(root, hash);
    expect(verifyInclusion(0, 2 ** 41, leaf, proof, root)).toBe(true);
    expect(verifyInclusion(2 ** 40, 2 ** 41, leaf, proof, root)).toBe(false);
    expect(verifyInclusion(0, 2 ** 42, leaf, proof, root)).toBe(false);
  });
});
