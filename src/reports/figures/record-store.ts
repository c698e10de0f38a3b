/**
 * Records in little memory: a month without the PMS leaves hundreds of thousands of them open, and the process that makes a
 * report is small. Each has a slot, in the order in which they were taken; slots lie in blocks, and a block whose records are
 * all gone is given back. Their hashes are found by a table with open addressing.
 */
import { SCHEDULES, type Schedule, STATES, type State } from '../../record/types.ts';

const BLOCK = 4096;
const HASH_BYTES = 32;
const GONE = 255;

/** A record as it stands now: a copy, which no later step changes. */
export interface StoredRecord {
  readonly sequence: number;
  readonly lane: string;
  readonly schedule: Schedule;
  /** SHA-256 of the normalised record, base64. */
  readonly hash: string;
  readonly receivedMs: number;
  readonly flags: number;
  readonly state: State;
  /** Of its `intake` entry. */
  readonly boot: string;
  readonly monotonicMs: number;
  readonly atMs: number;
}

class Block {
  /** sequence, receivedMs, monotonicMs, atMs of each. */
  readonly numbers = new Float64Array(4 * BLOCK);
  /** flags, lane, boot of each. */
  readonly words = new Uint32Array(3 * BLOCK);
  readonly schedules = new Uint8Array(BLOCK);
  readonly states = new Uint8Array(BLOCK).fill(GONE);
  readonly hashes = Buffer.alloc(HASH_BYTES * BLOCK);
  living = 0;
}

/** Text that many records share, by number. */
class Words {
  readonly #numbers = new Map<string, number>();
  readonly #words: string[] = [];

  number(word: string): number {
    const known = this.#numbers.get(word);
    if (known !== undefined) return known;
    this.#numbers.set(word, this.#words.length);
    this.#words.push(word);
    return this.#words.length - 1;
  }

  word(number: number): string {
    return this.#words[number] ?? '';
  }
}

export class RecordStore {
  readonly #blocks: (Block | null)[] = [];
  readonly #words = new Words();
  readonly #key = Buffer.alloc(HASH_BYTES);
  /** Slot + 1; 0: never used; -1: used before. */
  #table = new Int32Array(1024);
  #used = 0;
  #length = 0;
  #living = 0;

  /** Slots given so far: the next one's number. */
  get length(): number {
    return this.#length;
  }

  /** The slot of the record with that hash; null when none is here. */
  find(hash: string): number | null {
    this.#readKey(hash);
    return this.#slotOf(this.#place());
  }

  add(record: StoredRecord): number {
    const slot = this.#length;
    if (slot % BLOCK === 0) this.#blocks.push(new Block());
    this.#length += 1;
    this.#living += 1;
    this.#readKey(record.hash);
    const block = this.#block(slot);
    block.living += 1;
    this.#key.copy(block.hashes, (slot % BLOCK) * HASH_BYTES);
    this.set(slot, record);
    if (2 * this.#used >= this.#table.length) this.#grow();
    else this.#enter(this.#place(), slot);
    return slot;
  }

  /** Everything but its hash. */
  set(
    slot: number,
    { sequence, receivedMs, monotonicMs, atMs, flags, lane, boot, schedule, state }: StoredRecord,
  ): void {
    const block = this.#block(slot);
    const at = slot % BLOCK;
    block.numbers.set([sequence, receivedMs, monotonicMs, atMs], 4 * at);
    block.words.set([flags, this.#words.number(lane), this.#words.number(boot)], 3 * at);
    block.schedules[at] = SCHEDULES.indexOf(schedule);
    block.states[at] = STATES.indexOf(state);
  }

  setState(slot: number, state: State): void {
    this.#block(slot).states[slot % BLOCK] = STATES.indexOf(state);
  }

  /** Null once it is gone. */
  stateOf(slot: number): State | null {
    return STATES[this.#blocks[Math.floor(slot / BLOCK)]?.states[slot % BLOCK] ?? GONE] ?? null;
  }

  sequenceOf(slot: number): number {
    return this.#block(slot).numbers[4 * (slot % BLOCK)] ?? 0;
  }

  receivedMsOf(slot: number): number {
    return this.#block(slot).numbers[4 * (slot % BLOCK) + 1] ?? 0;
  }

  scheduleOf(slot: number): Schedule {
    return SCHEDULES[this.#block(slot).schedules[slot % BLOCK] ?? 0] ?? 'NONE';
  }

  get(slot: number): StoredRecord {
    const block = this.#block(slot);
    const at = slot % BLOCK;
    const { numbers, words } = block;
    return {
      sequence: numbers[4 * at] ?? 0,
      receivedMs: numbers[4 * at + 1] ?? 0,
      monotonicMs: numbers[4 * at + 2] ?? 0,
      atMs: numbers[4 * at + 3] ?? 0,
      flags: words[3 * at] ?? 0,
      lane: this.#words.word(words[3 * at + 1] ?? 0),
      boot: this.#words.word(words[3 * at + 2] ?? 0),
      schedule: this.scheduleOf(slot),
      state: this.stateOf(slot) ?? 'PENDING',
      hash: block.hashes.toString('base64', at * HASH_BYTES, (at + 1) * HASH_BYTES),
    };
  }

  remove(slot: number): void {
    const block = this.#block(slot);
    const at = slot % BLOCK;
    block.hashes.copy(this.#key, 0, at * HASH_BYTES, (at + 1) * HASH_BYTES);
    const place = this.#place();
    if (this.#slotOf(place) === slot) this.#table[place] = -1;
    block.states[at] = GONE;
    block.living -= 1;
    this.#living -= 1;
    const isFull = Math.floor(slot / BLOCK) < Math.floor(this.#length / BLOCK);
    if (block.living === 0 && isFull) this.#blocks[Math.floor(slot / BLOCK)] = null;
  }

  /** Slots of those that are here, in the order in which they were taken. */
  *slots(): Generator<number, undefined> {
    for (const [n, block] of this.#blocks.entries()) {
      if (block === null) continue;
      const end = Math.min(BLOCK, this.#length - n * BLOCK);
      for (let at = 0; at < end; at += 1) if (block.states[at] !== GONE) yield n * BLOCK + at;
    }
    return undefined;
  }

  #block(slot: number): Block {
    const block = this.#blocks[Math.floor(slot / BLOCK)];
    if (block === undefined || block === null) throw new RangeError(`no record in slot ${slot}`);
    return block;
  }

  #readKey(hash: string): void {
    const length = this.#key.write(hash, 'base64');
    this.#key.fill(0, length);
  }

  /** Where `#key` stands in the table, or the first free place for it. */
  #place(): number {
    const mask = this.#table.length - 1;
    let free = -1;
    for (let at = this.#key.readUInt32LE(0) & mask; ; at = (at + 1) & mask) {
      const entry = this.#table[at] ?? 0;
      if (entry === 0) return free === -1 ? at : free;
      if (entry === -1) free = free === -1 ? at : free;
      else if (this.#isKeyOf(entry - 1)) return at;
    }
  }

  #isKeyOf(slot: number): boolean {
    const from = (slot % BLOCK) * HASH_BYTES;
    return this.#block(slot).hashes.compare(this.#key, 0, HASH_BYTES, from, from + HASH_BYTES) === 0;
  }

  #slotOf(place: number): number | null {
    const entry = this.#table[place] ?? 0;
    return entry > 0 ? entry - 1 : null;
  }

  #enter(place: number, slot: number): void {
    if (this.#table[place] === 0) this.#used += 1;
    this.#table[place] = slot + 1;
  }

  /** A new table for what is here, with room for as many again; places used before are free in it. */
  #grow(): void {
    this.#table = new Int32Array(Math.max(1024, 2 ** Math.ceil(Math.log2(4 * this.#living))));
    this.#used = 0;
    for (const slot of this.slots()) {
      const from = (slot % BLOCK) * HASH_BYTES;
      this.#block(slot).hashes.copy(this.#key, 0, from, from + HASH_BYTES);
      this.#enter(this.#place(), slot);
    }
  }
}
