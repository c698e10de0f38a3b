/** The tree against published roots, and its limits. */
import { describe, expect, test } from 'vitest';
import { EMPTY_ROOT, GrowingTree, leafHash } from '../../src/inspect/merkle.ts';

/** The inputs and roots of the reference tests of RFC 6962 (certificate-transparency, merkletree). */
const INPUTS = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
const ROOTS = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

describe('the tree', () => {
  test('has the published roots', () => {
    expect(EMPTY_ROOT.toString('hex')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    const tree = new GrowingTree();
    for (const [at, input] of INPUTS.entries()) {
      tree.append(leafHash(Buffer.from(input, 'hex')));
      expect(tree.root()?.toString('hex')).toBe(ROOTS[at]);
    }
  });

  test('goes on from its subtrees alone', () => {
    const leaves = Array.from({ length: 300 }, (_, k) => leafHash(Buffer.from(`${k}`)));
    const whole = new GrowingTree();
    for (const leaf of leaves) whole.append(leaf);
    for (const size of [0, 1, 7, 128, 255, 299]) {
      const first = new GrowingTree();
      for (const leaf of leaves.slice(0, size)) first.append(leaf);
      const rest = GrowingTree.startingAt(size, first.subtrees() ?? []);
      for (const leaf of leaves.slice(size)) rest.append(leaf);
      expect(rest.root()).toEqual(whole.root());
    }
    expect(() => GrowingTree.startingAt(3, [EMPTY_ROOT])).toThrow(RangeError);
  });

  test('tells the root of any of its last 32,768 sizes, and no older one', () => {
    const roots = new Map<number, string | undefined>();
    const tree = new GrowingTree();
    const wanted = new Set([1, 37_231, 37_232, 40_000, 65_535, 65_536, 65_537, 69_999, 70_000]);
    for (let size = 1; size <= 70_000; size += 1) {
      tree.append(leafHash(Buffer.from(`${size}`)));
      if (wanted.has(size)) roots.set(size, tree.root()?.toString('hex'));
    }
    for (const size of wanted) {
      const isKept = size >= 70_000 - 32_768;
      expect(tree.root(size)?.toString('hex')).toBe(isKept ? roots.get(size) : undefined);
    }
    expect(tree.root(70_001)).toBeNull();
  });
});
