/** A stand-in for the segments, for tests of the outbox: appends what it is given and checks it as it comes. */
import { createHash } from 'node:crypto';
import type { FixedEntry } from '../../src/buffer/api.ts';

export class TrailLogModel {
  readonly entries: FixedEntry[] = [];

  /** Appends an entry that continues the chain; throws at any other. */
  append(entry: FixedEntry): void {
    const { i, p } = JSON.parse(entry.text);
    const previous = this.entries.at(-1)?.leaf ?? Buffer.alloc(32).toString('base64');
    const leaf = createHash('sha256')
      .update(Buffer.from([0]))
      .update(entry.text)
      .digest('base64');
    if (i !== this.entries.length || entry.index !== i)
      throw new Error(`entry ${i} where ${this.entries.length} is due`);
    if (p !== previous) throw new Error(`entry ${i} does not continue the chain`);
    if (leaf !== entry.leaf) throw new Error(`entry ${i} has another leaf`);
    this.entries.push(entry);
  }

  get size(): number {
    return this.entries.length;
  }
}
