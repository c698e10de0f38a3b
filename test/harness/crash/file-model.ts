/**
 * One file between memory and disk: what is certainly on disk, and the changes made since that may be there, in part or
 * not at all.
 */

/** What became of one unsynced change when the power went. Head and tail are what arrived of a torn write. */
export type Fate = 'applied' | 'missing' | 'zeroed' | { readonly head: number } | { readonly tail: number };

/** A write or truncation, named by the index of its event in the log. */
export interface Change {
  readonly index: number;
  /** Byte offset of a write; new size of a truncation. */
  readonly offset: number;
  /** The bytes written; null for a truncation. */
  readonly data: Buffer | null;
  /** `doubtful`: a sync that should have covered it failed. The kernel forgets such pages, so later syncs prove nothing. */
  state: 'pending' | 'doubtful' | 'durable';
}

/** Bytes that grow; unwritten stretches read as zero, as in a file with holes. */
class GrowingBytes {
  #bytes: Buffer;
  length: number;

  constructor(content: Buffer) {
    this.#bytes = Buffer.from(content);
    this.length = content.length;
  }

  write(offset: number, data: Buffer): void {
    this.#reach(offset + data.length);
    data.copy(this.#bytes, offset);
  }

  /** What a file system shows when the new size reached the disk and the new blocks did not. */
  writeZeroes(offset: number, length: number): void {
    const before = this.length;
    this.#reach(offset + length);
    this.#bytes.fill(0, Math.max(offset, before), this.length);
  }

  resize(size: number): void {
    if (size < this.length) this.#bytes.fill(0, size, this.length);
    if (size > this.length) this.#reach(size);
    this.length = size;
  }

  content(): Buffer {
    return this.#bytes.subarray(0, this.length);
  }

  #reach(end: number): void {
    if (end > this.#bytes.length) {
      const larger = Buffer.alloc(Math.max(end, this.#bytes.length * 2, 4096));
      this.#bytes.copy(larger, 0, 0, this.length);
      this.#bytes = larger;
    }
    if (end > this.length) this.length = end;
  }
}

function applyChange(bytes: GrowingBytes, change: Change, fate: Fate): void {
  if (fate === 'missing') return;
  if (change.data === null) bytes.resize(change.offset);
  else if (fate === 'applied') bytes.write(change.offset, change.data);
  else if (fate === 'zeroed') bytes.writeZeroes(change.offset, change.data.length);
  else if ('head' in fate) bytes.write(change.offset, change.data.subarray(0, fate.head));
  else {
    const from = change.data.length - fate.tail;
    bytes.write(change.offset + from, change.data.subarray(from));
  }
}

export class FileModel {
  readonly #durable: GrowingBytes;
  /** In order of happening. Durable ones are folded away as soon as nothing undecided lies before them. */
  #changes: Change[] = [];

  constructor(content: Buffer = Buffer.alloc(0)) {
    this.#durable = new GrowingBytes(content);
  }

  add(index: number, offset: number, data: Buffer | null): void {
    this.#changes.push({ index, offset, data, state: 'pending' });
  }

  /** A sync that began at `beginIndex` has ended: successfully, or with an error. */
  synced(beginIndex: number, ok: boolean): void {
    for (const change of this.#changes) {
      if (change.index < beginIndex && change.state === 'pending') change.state = ok ? 'durable' : 'doubtful';
    }
    while (this.#changes[0]?.state === 'durable')
      applyChange(this.#durable, this.#changes.shift() as Change, 'applied');
  }

  /** Changes that may or may not be on disk. */
  undecided(): readonly Change[] {
    return this.#changes.filter((change) => change.state !== 'durable');
  }

  /** The file as found after the cut, with `fateOf` deciding each undecided change. */
  contentWith(fateOf: (change: Change) => Fate): Buffer {
    if (this.#changes.length === 0) return this.#durable.content();
    const bytes = new GrowingBytes(this.#durable.content());
    for (const change of this.#changes) {
      applyChange(bytes, change, change.state === 'durable' ? 'applied' : fateOf(change));
    }
    return bytes.content();
  }
}
