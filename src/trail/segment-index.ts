/** Which segment holds which entries, in memory; reads leaves back from where they are. */
import type { TrailDisk } from './disk.ts';

const LF = 10;
const LEAF_CHARACTERS = 44;
const SEGMENT_READ_BYTES = 64 * 1024 * 1024;

interface Holder {
  readonly n: number;
  /** Index of its first entry that counts. */
  readonly first: number;
}

export class SegmentIndex {
  readonly #disk: TrailDisk;
  readonly #pathOf: (n: number) => string;
  readonly #holders: Holder[] = [];

  constructor(disk: TrailDisk, pathOf: (n: number) => string) {
    this.#disk = disk;
    this.#pathOf = pathOf;
  }

  /** Segment `n` holds entries from `first` on. Told in rising order. */
  add(n: number, first: number): void {
    this.#holders.push({ n, first });
  }

  /**
   * Leaves of entries `from` up to, not including, `to`.
   * @throws Error when they are not where they should be.
   */
  async leaves(from: number, to: number): Promise<Buffer[]> {
    const leaves: Buffer[] = [];
    let at = this.#holders.findLastIndex(({ first }) => first <= from);
    while (leaves.length < to - from) {
      const holder = this.#holders[at];
      if (holder === undefined) throw new Error(`no segment holds entry ${from + leaves.length}`);
      const end = Math.min(to, this.#holders[at + 1]?.first ?? to);
      leaves.push(...(await this.#leavesIn(holder, from + leaves.length, end)));
      at += 1;
    }
    return leaves;
  }

  async #leavesIn({ n, first }: Holder, from: number, to: number): Promise<Buffer[]> {
    const bytes = await this.#disk.read(this.#pathOf(n), 0, SEGMENT_READ_BYTES);
    const leaves: Buffer[] = [];
    let lf = bytes.indexOf(LF);
    for (let index = first; index < to; index += 1) {
      lf = bytes.indexOf(LF, lf + 1);
      if (lf < 0) throw new Error(`segment ${n} ends before entry ${index}`);
      if (index < from) continue;
      const leaf = Buffer.from(bytes.toString('latin1', lf - LEAF_CHARACTERS, lf), 'base64');
      leaves.push(leaf);
    }
    return leaves;
  }
}
