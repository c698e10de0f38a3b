/**
 * Lines that are appended together, as bytes. Entries are written down as soon as they are told, so that their texts die
 * young: kept until the next sync, they would be copied by every collection of garbage, at the cost of intake.
 */
import { hash } from 'node:crypto';
import type { FixedEntry } from '../buffer/api.ts';
import { headOf } from './line.ts';
import { tellsSomething } from './own-kinds.ts';

const TAB = 9;
const LF = 10;
const LEAF_CHARACTERS = 44;
/** TAB, leaf and LF. */
const LINE_END_BYTES = LEAF_CHARACTERS + 2;
const FIRST_BYTES = 16 * 1024;
/** Bounds what one append holds in memory and what a torn one has to repeat. Twice this for each trail at most. */
const GROUP_BYTES = 2 * 1024 * 1024;

export class LineGroup {
  readonly first: number;
  /** Leaf of the entry before the first, base64, by the first entry's own word. */
  readonly link: string;
  readonly leaves: Buffer[] = [];
  /** Index of its newest entry that is more than the trail's word about itself; -1 for none. */
  newestTelling = -1;
  /** Leaf of its last entry, base64. */
  #last: string;
  #bytes: Buffer;
  #length = 1;

  /** `room` is used again from an earlier group. */
  constructor(first: FixedEntry, room: Buffer | null) {
    this.first = first.index;
    this.link = headOf(first.text)?.previous ?? '';
    this.#last = this.link;
    this.#bytes = room ?? Buffer.allocUnsafeSlow(FIRST_BYTES);
  }

  /** Index behind its last entry. */
  get end(): number {
    return this.first + this.leaves.length;
  }

  get lastLeaf(): string {
    return this.#last;
  }

  /** The lines; they change with the next `add`. */
  get bytes(): Buffer {
    return this.#bytes.subarray(1, this.#length);
  }

  /** What a later group may use when this one is done with. */
  get room(): Buffer {
    return this.#bytes;
  }

  /** False when it is full, or when the entry does not continue the chain or is not what its leaf says. */
  add(entry: FixedEntry): boolean {
    const head = headOf(entry.text);
    if (entry.index !== this.end || head?.index !== entry.index || head.previous !== this.#last) return false;
    const textBytes = Buffer.byteLength(entry.text);
    if (this.leaves.length > 0 && this.#length + textBytes > GROUP_BYTES) return false;
    this.#reserve(textBytes + LINE_END_BYTES);
    const textEnd = this.#length + this.#bytes.write(entry.text, this.#length);
    const leaf = this.#leafOf(textEnd);
    if (leaf.toString('base64') !== entry.leaf) return false;
    this.#bytes[textEnd] = TAB;
    this.#bytes.write(entry.leaf, textEnd + 1, 'latin1');
    this.#bytes[textEnd + 1 + LEAF_CHARACTERS] = LF;
    this.#length = textEnd + LINE_END_BYTES;
    this.#last = entry.leaf;
    this.leaves.push(leaf);
    if (tellsSomething(head.kind)) this.newestTelling = entry.index;
    return true;
  }

  /** SHA-256(00 ‖ entry). The byte before the entry stands in for the 00 meanwhile, which saves a copy. */
  #leafOf(textEnd: number): Buffer {
    const at = this.#length - 1;
    const before = this.#bytes[at] ?? 0;
    this.#bytes[at] = 0;
    const leaf = hash('sha256', this.#bytes.subarray(at, textEnd), 'buffer');
    this.#bytes[at] = before;
    return leaf;
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}
