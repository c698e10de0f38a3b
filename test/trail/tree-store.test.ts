import { hash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { verifyConsistency, verifyInclusion } from '../../src/tlog/proof.ts';
import { NodeCache } from '../../src/trail/node-cache.ts';
import { TreeStore } from '../../src/trail/tree-store.ts';
import { Scene } from '../harness/scene.ts';
import { rootOfLeaves } from './check-segments.ts';

const LEAVES = Array.from({ length: 1500 }, (_, index) => hash('sha256', `leaf ${index}`, 'buffer'));
const rootAt = (size: number) => rootOfLeaves(LEAVES.slice(0, size).map((leaf) => leaf.toString('base64')));
const SIZES = [0, 1, 2, 255, 256, 257, 511, 512, 700, 1023, 1024, 1025, 1499, 1500];

describe('the tree of a trail', () => {
  let scene: Scene;
  let path: string;
  let reads: number;
  beforeEach(() => {
    scene = new Scene();
    path = join(scene.folder(), 'nodes');
    reads = 0;
  });
  afterEach(() => scene.close());

  const newTree = () =>
    new TreeStore(async (from, to) => {
      reads += to - from;
      return LEAVES.slice(from, to);
    }, new NodeCache(path));

  it('has the root of every size, whatever was appended at once', async () => {
    const tree = newTree();
    await tree.load(0);
    for (let at = 0; at < LEAVES.length; at += 97) tree.append(LEAVES.slice(at, at + 97));
    for (const size of SIZES) expect(await tree.rootAt(size), `${size}`).toEqual(rootAt(size));
    await expect(tree.rootAt(1501)).rejects.toThrow(RangeError);
  });

  it('proves what it holds', async () => {
    const tree = newTree();
    await tree.load(LEAVES.length);
    for (const oldSize of SIZES) {
      for (const newSize of SIZES.filter((size) => size >= oldSize)) {
        const proof = await tree.consistency(oldSize, newSize);
        const holds = verifyConsistency(oldSize, newSize, rootAt(oldSize), rootAt(newSize), proof);
        expect(holds, `${oldSize} to ${newSize}`).toBe(true);
      }
    }
    for (const index of [0, 255, 256, 1024, 1499]) {
      const leaf = LEAVES[index] ?? Buffer.alloc(0);
      const proof = await tree.inclusion(index, 1500);
      expect(verifyInclusion(index, 1500, leaf, proof, rootAt(1500))).toBe(true);
    }
  });

  it('reads only what its cache does not know', async () => {
    const first = newTree();
    await first.load(LEAVES.length);
    await first.settled();
    reads = 0;
    const second = newTree();
    await second.load(LEAVES.length);
    expect(reads).toBe(1500 % 256);
    expect(await second.rootAt(1500)).toEqual(rootAt(1500));
  });

  it.each([
    ['torn', (bytes: Buffer) => bytes.subarray(0, 100)],
    ['zeroes at its end', (bytes: Buffer) => Buffer.concat([bytes.subarray(0, 60), Buffer.alloc(bytes.length - 60)])],
    ['garbage', (bytes: Buffer) => Buffer.alloc(bytes.length, 'garbage')],
    ['rows in another order', (bytes: Buffer) => Buffer.concat([bytes.subarray(40, 80), bytes.subarray(0, 40)])],
    ['more than there is', (bytes: Buffer) => Buffer.concat([bytes, bytes])],
  ])('takes from a cache that is %s only what is right', async (_, damage) => {
    const first = newTree();
    await first.load(LEAVES.length);
    await first.settled();
    writeFileSync(path, damage(readFileSync(path)));
    const second = newTree();
    await second.load(LEAVES.length);
    expect(await second.rootAt(1500)).toEqual(rootAt(1500));
    await second.settled();
    const third = newTree();
    await third.load(LEAVES.length);
    expect(await third.rootAt(1500)).toEqual(rootAt(1500));
  });

  it('does without a cache that cannot be written', async () => {
    path = join(path, 'no', 'such', 'folder');
    const tree = newTree();
    await tree.load(600);
    tree.append(LEAVES.slice(600));
    await tree.settled();
    expect(await tree.rootAt(1500)).toEqual(rootAt(1500));
  });
});
