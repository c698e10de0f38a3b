import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { emptyRoot, leafHash, nodeHash, TreeHead } from '../../src/tlog/merkle.ts';
import { entriesUpTo, treeHash } from './reference-tree.ts';
import { EMPTY_ROOT, LEAVES, ROOTS } from './vectors.ts';

const headOf = (entries: readonly Uint8Array[]): TreeHead => {
  const head = new TreeHead();
  for (const entry of entries) head.append(leafHash(entry));
  return head;
};

test('the published leaves have the published roots at every size', () => {
  expect(emptyRoot).toEqual(EMPTY_ROOT);
  expect(new TreeHead().root()).toEqual(EMPTY_ROOT);
  for (const [at, root] of ROOTS.entries()) expect(headOf(LEAVES.slice(0, at + 1)).root()).toEqual(root);
});

test('leaf and node are told apart by their first byte, and a text is its UTF-8', () => {
  expect(leafHash('')).toEqual(ROOTS[0]);
  expect(leafHash('é')).toEqual(leafHash(Buffer.from('é')));
  const [left, right] = [leafHash('l'), leafHash('r')];
  expect(nodeHash(left, right)).toEqual(treeHash([Buffer.from('l'), Buffer.from('r')]));
  expect(nodeHash(left, right)).not.toEqual(leafHash(Buffer.concat([left, right])));
});

test('the root is that of the definition at every size up to 130, also when restored at each step', () => {
  const entries = entriesUpTo(130);
  const head = new TreeHead();
  let restored = new TreeHead();
  for (const [at, entry] of entries.entries()) {
    head.append(leafHash(entry));
    restored = TreeHead.restore(restored);
    restored.append(leafHash(entry));
    expect(head.size).toBe(at + 1);
    expect(head.root()).toEqual(treeHash(entries.slice(0, at + 1)));
    expect(restored.root()).toEqual(head.root());
    expect(restored.peaks).toEqual(head.peaks);
  }
});

test('a restored head goes on as the first one would, wherever it is cut', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 80 }), fc.nat(), (entries, seed) => {
      const cut = entries.length === 0 ? 0 : seed % entries.length;
      const { size, peaks } = headOf(entries.slice(0, cut));
      const head = TreeHead.restore({ size, peaks });
      for (const entry of entries.slice(cut)) head.append(leafHash(entry));
      expect(head.root()).toEqual(treeHash(entries));
    }),
  );
});

test('a restored head does not share its peaks with the one it came from', () => {
  const first = headOf(entriesUpTo(3));
  const before = first.root();
  TreeHead.restore(first).append(leafHash('x'));
  expect(first.root()).toEqual(before);
});

describe('states no tree can have', () => {
  const peak = leafHash('x');
  test.each([
    ['a fraction', { size: 1.5, peaks: [peak] }],
    ['less than nothing', { size: -1, peaks: [peak] }],
    ['beyond what a number holds', { size: 2 ** 53, peaks: [peak] }],
    ['a peak too few', { size: 3, peaks: [peak] }],
    ['a peak too many', { size: 4, peaks: [peak, peak] }],
    ['a peak of 31 bytes', { size: 1, peaks: [peak.subarray(1)] }],
  ])('%s', (_name, state) => {
    expect(() => TreeHead.restore(state)).toThrow(RangeError);
  });

  test('a leaf of 31 bytes', () => {
    expect(() => new TreeHead().append(peak.subarray(1))).toThrow(RangeError);
  });

  test('sizes beyond 32 bits are counted right', () => {
    const head = TreeHead.restore({ size: 2 ** 40 + 1, peaks: [peak, peak] });
    head.append(peak);
    expect(head.size).toBe(2 ** 40 + 2);
    expect(head.peaks).toEqual([peak, nodeHash(peak, peak)]);
  });
});
