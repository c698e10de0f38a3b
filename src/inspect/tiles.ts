/**
 * A trail as tiles, the layout that monitors of transparency logs read (c2sp.org/tlog-tiles): `tile/entries/N` with 256 entries each,
 * every one behind its length in two bytes, and `tile/L/N` with 256 hashes of level 8 L. One pass, one open tile a level.
 */
import { nodeHash } from './merkle.ts';

const TILE_WIDTH = 256;
const LEVELS_OF_A_TILE = 8;

export type OnTile = (name: string, bytes: Buffer) => void;

export class Tiles {
  readonly #onTile: OnTile;
  #entries: Buffer[] = [];
  #size = 0;
  /** By tile level: hashes of the tile that is being filled. */
  readonly #open: Buffer[][] = [];
  readonly #full: number[] = [];

  constructor(onTile: OnTile) {
    this.#onTile = onTile;
  }

  /** The next entry of the tree and its leaf. Both are copied. */
  take(entry: Buffer, leaf: Buffer): void {
    const length = Buffer.alloc(2);
    length.writeUInt16BE(entry.length);
    this.#entries.push(length, Buffer.from(entry));
    this.#size += 1;
    if (this.#size % TILE_WIDTH === 0) this.#entryTile();
    this.#hash(0, Buffer.from(leaf));
  }

  /** Writes what is not full yet as partial tiles. */
  end(): void {
    if (this.#entries.length > 0) this.#entryTile();
    for (const [level, hashes] of this.#open.entries()) {
      if (hashes.length > 0)
        this.#onTile(tilePath(`tile/${level}`, this.#full[level] ?? 0, hashes.length), Buffer.concat(hashes));
    }
  }

  #entryTile(): void {
    const index = Math.floor((this.#size - 1) / TILE_WIDTH);
    const width = this.#size - index * TILE_WIDTH;
    this.#onTile(tilePath('tile/entries', index, width), Buffer.concat(this.#entries));
    this.#entries = [];
  }

  #hash(level: number, hash: Buffer): void {
    const hashes = this.#open[level] ?? [];
    this.#open[level] = hashes;
    hashes.push(hash);
    if (hashes.length < TILE_WIDTH) return;
    const index = this.#full[level] ?? 0;
    this.#onTile(tilePath(`tile/${level}`, index, TILE_WIDTH), Buffer.concat(hashes));
    this.#full[level] = index + 1;
    this.#open[level] = [];
    this.#hash(level + 1, rootOfTile(hashes));
  }
}

function rootOfTile(hashes: readonly Buffer[]): Buffer {
  let level = hashes;
  for (let k = 0; k < LEVELS_OF_A_TILE; k += 1) {
    const above: Buffer[] = [];
    for (const [at, left] of level.entries()) {
      const right = level[at + 1];
      if (at % 2 === 0 && right !== undefined) above.push(Buffer.from(nodeHash(left, right)));
    }
    level = above;
  }
  return level[0] ?? Buffer.alloc(0);
}

/** `tile/0/x001/x234/067`, with `.p/W` behind it for a tile of fewer than 256. */
function tilePath(lead: string, index: number, width: number): string {
  const digits = String(index).padStart(Math.ceil(String(index).length / 3) * 3, '0');
  const groups = digits.match(/\d{3}/g) ?? [];
  const path = groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join('/');
  return `${lead}/${path}${width < TILE_WIDTH ? `.p/${width}` : ''}`;
}
