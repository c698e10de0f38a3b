/**
 * `{data_dir}/trail-{log}.nodes`: hashes of every complete block of 256 entries, so that a start need not read a trail of
 * years to know its root. A cache and never a source: it is not synced, each row carries a check, rows are taken up to the
 * first that is wrong, and a root made with it counts only if it is the one a signed checkpoint names.
 *
 * Row i, 40 bytes: node, and the first 8 bytes of SHA-256 over i (8 bytes, big endian) and the node.
 */
import { hash } from 'node:crypto';
import { appendFile, readFile, truncate, writeFile } from 'node:fs/promises';

const HASH_BYTES = 32;
const CHECK_BYTES = 8;
const ROW_BYTES = HASH_BYTES + CHECK_BYTES;

export class NodeCache {
  readonly #path: string;
  #rows = 0;
  #broken = false;
  #last: Promise<void> = Promise.resolve();

  constructor(path: string) {
    this.#path = path;
  }

  /** The rows that are there and right, at most `limit`; none when the file cannot be read. */
  async load(limit: number): Promise<Buffer[]> {
    const bytes = await readFile(this.#path).catch(() => Buffer.alloc(0));
    const nodes: Buffer[] = [];
    for (let row = 0; row < limit && (row + 1) * ROW_BYTES <= bytes.length; row += 1) {
      const at = row * ROW_BYTES;
      const node = bytes.subarray(at, at + HASH_BYTES);
      if (!bytes.subarray(at + HASH_BYTES, at + ROW_BYTES).equals(checkOf(row, node))) break;
      nodes.push(node);
    }
    this.#rows = nodes.length;
    if (bytes.length > this.#rows * ROW_BYTES) await this.#try(() => truncate(this.#path, this.#rows * ROW_BYTES));
    return nodes;
  }

  /** Forgets everything. */
  async clear(): Promise<void> {
    await this.settled();
    this.#rows = 0;
    this.#broken = false;
    await this.#try(() => writeFile(this.#path, '', { mode: 0o600 }));
  }

  /** The next complete blocks. Failures are not told: the next start reads the segments instead. */
  append(nodes: readonly Buffer[]): void {
    if (nodes.length === 0) return;
    const rows = nodes.flatMap((node, at) => [node, checkOf(this.#rows + at, node)]);
    this.#rows += nodes.length;
    this.#last = this.#last.then(() => this.#try(() => appendFile(this.#path, Buffer.concat(rows), { mode: 0o600 })));
  }

  /** Resolves when nothing is being written. */
  settled(): Promise<void> {
    return this.#last;
  }

  /** After a write that failed the file ends anywhere, and rows behind it would stand in the wrong place. */
  async #try(write: () => Promise<void>): Promise<void> {
    if (this.#broken) return;
    await write().catch(() => {
      this.#broken = true;
    });
  }
}

function checkOf(row: number, node: Buffer): Buffer {
  const number = Buffer.alloc(8);
  number.writeBigUInt64BE(BigInt(row));
  return hash('sha256', Buffer.concat([number, node]), 'buffer').subarray(0, CHECK_BYTES);
}
