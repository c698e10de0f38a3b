/** Proofs against the definition, for every index and every pair of sizes of small trees; each altered one must fail. */
import { describe, expect, test } from 'vitest';
import { GrowingTree, leafHash } from '../../src/inspect/merkle.ts';
import {
  consistencyRanges,
  inclusionRanges,
  isConsistent,
  type LeafRange,
  RangeHashes,
  rootFromInclusion,
} from '../../src/inspect/proof.ts';
import { treeRoot } from './trail-maker.ts';

const SIZES = 40;
const leaves = Array.from({ length: SIZES }, (_, k) => leafHash(Buffer.from(`entry ${k}`)));
const roots = Array.from({ length: SIZES + 1 }, (_, size) => treeRoot(leaves.slice(0, size)));
const rootOf = (size: number): Buffer => roots[size] ?? Buffer.alloc(0);

function proofOf(ranges: readonly LeafRange[]): Buffer[] {
  const hashes = new RangeHashes(ranges);
  for (const [index, leaf] of leaves.entries()) hashes.take(index, leaf);
  return hashes.proof() ?? [];
}

const altered = (proof: readonly Buffer[], at: number): Buffer[] =>
  proof.map((hash, k) => (k === at ? Buffer.from(hash.map((byte, b) => (b === 0 ? byte ^ 1 : byte))) : hash));

describe('inclusion', () => {
  test('every leaf of every tree', () => {
    for (let size = 1; size <= SIZES; size += 1) {
      for (let index = 0; index < size; index += 1) {
        const proof = proofOf(inclusionRanges(index, size));
        const leaf = leaves[index] ?? Buffer.alloc(0);
        expect(rootFromInclusion(index, size, leaf, proof)).toEqual(rootOf(size));
        for (const at of proof.keys())
          expect(rootFromInclusion(index, size, leaf, altered(proof, at))).not.toEqual(rootOf(size));
        expect(rootFromInclusion(index, size, leaf, [...proof, leaf])).toBeNull();
        expect(rootFromInclusion(size, size, leaf, proof)).toBeNull();
      }
    }
  });
});

describe('consistency', () => {
  test('every pair of sizes', () => {
    for (let size = 0; size <= SIZES; size += 1) {
      for (let old = 0; old <= size; old += 1) {
        const proof = proofOf(consistencyRanges(old, size));
        expect(isConsistent(old, size, rootOf(old), rootOf(size), proof)).toBe(true);
        if (old > 0 && old < size) {
          expect(isConsistent(old, size, rootOf(old - 1), rootOf(size), proof)).toBe(false);
          expect(isConsistent(old, size, rootOf(old), rootOf(size - 1), proof)).toBe(false);
        }
        for (const at of proof.keys())
          expect(isConsistent(old, size, rootOf(old), rootOf(size), altered(proof, at))).toBe(false);
        expect(isConsistent(old, size, rootOf(old), rootOf(size), [...proof, rootOf(1)])).toBe(false);
      }
    }
    expect(isConsistent(3, 2, rootOf(3), rootOf(2), [])).toBe(false);
  });
});

test('a proof is not whole while a leaf is missing', () => {
  const hashes = new RangeHashes(inclusionRanges(0, 3));
  expect(hashes.proof()).toBeNull();
});

test('the growing tree agrees at every size', () => {
  const tree = new GrowingTree();
  for (const [index, leaf] of leaves.entries()) {
    tree.append(leaf);
    for (let size = 0; size <= index + 1; size += 1) expect(tree.root(size)).toEqual(rootOf(size));
  }
});
