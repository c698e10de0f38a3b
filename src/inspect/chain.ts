/**
 * Follows the chain of one trail from line to line: index after index, each entry naming the leaf of the one before. What is
 * damaged is told once and where it is; then the reader finds its feet again. An entry that cannot be read is still known by its leaf
 * when the next one names it, so the tree, and with it every later checkpoint, can be judged all the same.
 */
import { type EntryLine, hashHolds, newEntryLine, readLine, readMembers } from './entry-line.ts';
import type { Findings, Place } from './findings.ts';
import { type GrowingTree, HASH_BYTES } from './merkle.ts';
import { exactBase64 } from './note.ts';

/** Leaf text before the first entry: 32 zero bytes. */
export const NO_LEAF: string = Buffer.alloc(HASH_BYTES).toString('base64');
/** Damaged lines in a row whose written hashes are kept. */
const MAX_GUESSES = 4096;

/** Called for each entry that holds together and stands in its place or not, in the order of the file. */
export type OnEntry = (line: EntryLine, place: Place) => void;

interface Damage {
  lines: number;
  /** Leaves as they were written behind the damaged entries; null where nothing can be read. */
  readonly guesses: (string | null)[];
}

export class Chain {
  readonly tree: GrowingTree;
  readonly #findings: Findings;
  readonly #onEntry: OnEntry;
  readonly #onLeaf: (size: number, leaf: Buffer) => void;
  readonly #line = newEntryLine();
  #expected: number;
  #previous: string;
  #damage: Damage | null = null;
  #treeLost = false;

  constructor(
    tree: GrowingTree,
    previous: string,
    findings: Findings,
    onEntry: OnEntry,
    onLeaf: (size: number, leaf: Buffer) => void,
  ) {
    this.tree = tree;
    this.#expected = tree.size;
    this.#previous = previous;
    this.#findings = findings;
    this.#onEntry = onEntry;
    this.#onLeaf = onLeaf;
  }

  /** Index that the next entry should have. */
  get size(): number {
    return this.#expected;
  }

  /** Base64 leaf of the last entry. */
  get head(): string {
    return this.#previous;
  }

  /** False once an entry is missing, so that no root can be told any more. */
  get treeIsWhole(): boolean {
    return !this.#treeLost;
  }

  /** Takes one line of the part that counts. */
  take(bytes: Buffer, from: number, to: number, segment: number, offset: number): void {
    const line = this.#line;
    const place = { segment, offset, index: this.#expected + (this.#damage?.lines ?? 0) };
    if (!readLine(line, bytes, from, to)) {
      this.#findings.fault(
        'line_damaged',
        place,
        `what stands where entry ${place.index} should be is no line of a trail`,
      );
      this.#damaged(null);
    } else if (!hashHolds(line)) {
      this.#findings.fault(
        'hash_mismatch',
        place,
        `entry ${place.index} is not what its hash was made of: the entry or the hash was changed`,
      );
      this.#damaged(line.written);
    } else if (!readMembers(line)) {
      this.#findings.fault(
        'entry_malformed',
        place,
        `entry ${place.index} does not have the form of an entry (RFC 8785 JSON with b i k m p r t)`,
      );
      this.#damaged(line.written);
    } else {
      this.#whole(line, place);
    }
  }

  /** What cannot be settled by a next entry any more. */
  end(): void {
    const damage = this.#damage;
    this.#damage = null;
    for (const guess of damage?.guesses ?? []) this.#believe(guess);
    if (damage !== null) this.#expected += damage.lines;
  }

  #damaged(guess: string | null): void {
    this.#damage ??= { lines: 0, guesses: [] };
    this.#damage.lines += 1;
    if (this.#damage.guesses.length < MAX_GUESSES) this.#damage.guesses.push(guess);
  }

  #whole(line: EntryLine, { segment, offset }: Place): void {
    const place = { segment, offset, index: line.index };
    if (this.#damage !== null) this.#findFeet(this.#damage, line);
    if (line.index !== this.#expected) this.#outOfPlace(line, place);
    else if (line.previous !== this.#previous) {
      this.#findings.fault('chain_broken', place, chainWords(line.index));
    }
    if (line.index >= this.#expected) this.#expected = line.index + 1;
    this.#previous = line.written;
    this.#append(line.leaf);
    this.#onEntry(line, place);
  }

  /** How many entries the damaged lines were is told by the index of the first whole one; its link gives the last one's leaf. */
  #findFeet({ lines, guesses }: Damage, { index, previous }: EntryLine): void {
    this.#damage = null;
    const lost = index - this.#expected;
    if (lost < 1 || lost > lines) return;
    if (lost > 1 && lost !== lines) this.#treeLost = true;
    for (const guess of guesses.slice(0, lost - 1)) this.#believe(guess);
    this.#believe(previous);
    this.#expected = index;
  }

  #believe(leaf: string | null): void {
    const bytes = leaf === null ? null : exactBase64(leaf);
    if (bytes?.length === HASH_BYTES) {
      this.#previous = bytes.toString('base64');
      this.#append(bytes);
    } else {
      this.#treeLost = true;
    }
  }

  #outOfPlace({ index }: EntryLine, place: Place): void {
    this.#treeLost = true;
    const expected = this.#expected;
    if (index < expected) {
      this.#findings.fault('entry_out_of_order', place, `entry ${index} stands where entry ${expected} should be`);
      return;
    }
    const missing = index === expected + 1 ? `entry ${expected} is` : `entries ${expected} to ${index - 1} are`;
    this.#findings.fault('entries_missing', { ...place, index: expected }, `${missing} missing before this place`);
  }

  #append(leaf: Buffer): void {
    if (this.#treeLost) return;
    this.tree.append(leaf);
    this.#onLeaf(this.tree.size, leaf);
  }
}

function chainWords(index: number): string {
  return index === 0
    ? 'entry 0 names an entry before it, but there is none'
    : `entry ${index} does not name the entry that stands before it: one of the two was exchanged`;
}
