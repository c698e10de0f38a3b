/**
 * The Merkle tree over the entries that are synced. Nodes over 256 and more entries are kept in memory (64 bytes for 256
 * entries); those below are read back from the segments when a proof needs them. Only the newest block is kept leaf by
 * leaf, and a few others that were asked for.
 */
import { nodeHash } from '../tlog/merkle.ts';
import { consistencyProof, inclusionProof, type NodeAt, rootOf, subtreesOf } from '../tlog/proof.ts';
import type { NodeCache } from './node-cache.ts';

/** Entries of a block: a node of this level is one block. */
const BLOCK_LEVEL = 8;
const BLOCK = 2 ** BLOCK_LEVEL;
/** Blocks of leaves kept beside the newest: proofs begin where a witness or a signer last looked, time and again. */
const BLOCKS_KEPT = 16;
/** Leaves read at once when the tree is made anew. */
const REBUILD_LEAVES = 64 * BLOCK;

/** Leaves of entries `from` up to, not including, `to`. */
export type ReadLeaves = (from: number, to: number) => Promise<readonly Buffer[]>;

export class TreeStore {
  readonly #read: ReadLeaves;
  readonly #cache: NodeCache;
  /** Complete nodes of level 8 and up; `#levels[0]` is level 8. */
  #levels: Buffer[][] = [[]];
  /** Leaves behind the last complete block. */
  #young: Buffer[] = [];
  readonly #blocks = new Map<number, readonly Buffer[]>();

  constructor(read: ReadLeaves, cache: NodeCache) {
    this.#read = read;
    this.#cache = cache;
  }

  get size(): number {
    return this.#blockCount * BLOCK + this.#young.length;
  }

  get #blockCount(): number {
    return this.#levels[0]?.length ?? 0;
  }

  /** Takes what the cache has of the first `size` entries, and the rest from the segments. Throws what `read` throws. */
  async load(size: number): Promise<void> {
    this.#levels = [[]];
    this.#young = [];
    this.#blocks.clear();
    for (const node of await this.#cache.load(Math.floor(size / BLOCK))) this.#addBlock(node);
    for (let at = this.size; at < size; at = this.size) {
      this.append(await this.#read(at, Math.min(size, at + REBUILD_LEAVES)));
    }
  }

  /** As `load`, without believing the cache. */
  async rebuild(size: number): Promise<void> {
    await this.#cache.clear();
    await this.load(size);
  }

  /** The next entries' leaves. */
  append(leaves: readonly Buffer[]): void {
    const made: Buffer[] = [];
    for (const leaf of leaves) {
      this.#young.push(leaf);
      if (this.#young.length < BLOCK) continue;
      const node = blockNode(this.#young);
      this.#keepBlock(this.#blockCount, this.#young);
      this.#young = [];
      this.#addBlock(node);
      made.push(node);
    }
    this.#cache.append(made);
  }

  /** Resolves when nothing is being written to the cache. */
  settled(): Promise<void> {
    return this.#cache.settled();
  }

  /** Root of the first `size` entries. Throws `RangeError` beyond what is there, or what `read` throws. */
  async rootAt(size: number): Promise<Buffer> {
    if (size > this.size) throw new RangeError(`the tree has ${this.size} entries, not ${size}`);
    return await this.#withBlocks((nodeAt) => rootOf(size, subtreesOf(nodeAt)));
  }

  async consistency(oldSize: number, newSize: number): Promise<Buffer[]> {
    if (newSize > this.size) throw new RangeError(`the tree has ${this.size} entries, not ${newSize}`);
    return await this.#withBlocks((nodeAt) => consistencyProof(oldSize, newSize, subtreesOf(nodeAt)));
  }

  async inclusion(index: number, size: number): Promise<Buffer[]> {
    if (size > this.size) throw new RangeError(`the tree has ${this.size} entries, not ${size}`);
    return await this.#withBlocks((nodeAt) => inclusionProof(index, size, subtreesOf(nodeAt)));
  }

  /** Tries with the leaves at hand; what is missing is read, and it begins again. A proof touches a block or two. */
  async #withBlocks<T>(make: (nodeAt: NodeAt) => T): Promise<T> {
    for (;;) {
      try {
        return make((level, index) => this.#nodeAt(level, index));
      } catch (error) {
        if (!(error instanceof MissingBlock)) throw error;
        const from = error.block * BLOCK;
        this.#keepBlock(error.block, await this.#read(from, from + BLOCK));
      }
    }
  }

  #nodeAt(level: number, index: number): Buffer {
    const stored = this.#levels[level - BLOCK_LEVEL]?.[index];
    if (stored !== undefined) return stored;
    const start = index * 2 ** level;
    const block = Math.floor(start / BLOCK);
    const leaves = block === this.#blockCount ? this.#young : this.#blocks.get(block);
    if (leaves === undefined) throw new MissingBlock(block);
    return nodeOver(leaves, start - block * BLOCK, 2 ** level);
  }

  #addBlock(node: Buffer): void {
    let merged = node;
    for (let level = 0; ; level += 1) {
      const nodes = this.#levels[level] ?? [];
      this.#levels[level] = nodes;
      nodes.push(merged);
      if (nodes.length % 2 === 1) return;
      merged = nodeHash(nodes.at(-2) ?? merged, merged);
    }
  }

  #keepBlock(block: number, leaves: readonly Buffer[]): void {
    this.#blocks.delete(block);
    this.#blocks.set(block, leaves);
    const oldest = this.#blocks.keys().next().value;
    if (this.#blocks.size > BLOCKS_KEPT && oldest !== undefined) this.#blocks.delete(oldest);
  }
}

class MissingBlock extends Error {
  readonly block: number;

  constructor(block: number) {
    super(`block ${block} is not in memory`);
    this.block = block;
  }
}

function blockNode(leaves: readonly Buffer[]): Buffer {
  return nodeOver(leaves, 0, leaves.length);
}

/** Node over `count` leaves (a power of two) from `start` on. */
function nodeOver(leaves: readonly Buffer[], start: number, count: number): Buffer {
  if (count > 1) return nodeHash(nodeOver(leaves, start, count / 2), nodeOver(leaves, start + count / 2, count / 2));
  const leaf = leaves[start];
  if (leaf === undefined) throw new RangeError(`no leaf ${start} in this block`);
  return leaf;
}
