/**
 * Lists that may be very long, such as every record still open after a month without the PMS. The figures hold the first rows;
 * of a list that is longer they hold how many there are and a hash over all, and its rows go to a file of their own beside the
 * figures (`lists.jsonl`). So a report's memory, pages and mail stay small, and nothing of it is left out.
 */
import { createHash, type Hash } from 'node:crypto';

/** Rows of one list in the figures. */
export const MOST_LISTED = 1000;

export const LISTS_FILE = 'lists.jsonl';

/** A list of which the figures hold only the first rows. */
export interface LongList {
  readonly total: number;
  /** SHA-256 over all rows, each as RFC 8785 JSON and LF, base64. */
  readonly sha256: string;
}

type Row = readonly unknown[];

/** Takes the rows of long lists as they come: the list's name, and a row in RFC 8785 JSON. */
export type RowSink = (name: string, row: string) => void;

export class Listing<T extends Row> {
  readonly #name: string;
  readonly #sink: RowSink | null;
  readonly #first: T[] = [];
  #hash: Hash | null = null;
  #total = 0;

  constructor(name: string, sink: RowSink | null) {
    this.#name = name;
    this.#sink = sink;
  }

  add(row: T): void {
    this.#total += 1;
    if (this.#first.length < MOST_LISTED) {
      this.#first.push(row);
      return;
    }
    if (this.#hash === null) {
      this.#hash = createHash('sha256');
      for (const each of this.#first) this.#put(each, this.#hash);
    }
    this.#put(row, this.#hash);
  }

  /** Numbers, text, null and arrays of these have one form only, so this is RFC 8785. */
  #put(row: T, into: Hash): void {
    const text = JSON.stringify(row);
    into.update(text).update('\n');
    this.#sink?.(this.#name, text);
  }

  get first(): readonly T[] {
    return this.#first;
  }

  /** Null while the figures hold all of it. Only once: it ends the list. */
  end(): LongList | null {
    const hash = this.#hash;
    this.#hash = null;
    return hash === null ? null : { total: this.#total, sha256: hash.digest('base64') };
  }
}

/** The rows of long lists as the bytes of `lists.jsonl`: each line is the list's name and a row. */
export class RowFile {
  #bytes = Buffer.allocUnsafe(64 * 1024);
  #length = 0;

  readonly sink: RowSink = (name, row) => {
    const line = `["${name}",${row}]\n`;
    const most = 3 * line.length;
    if (this.#length + most > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(2 * this.#bytes.length + most);
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    this.#length += this.#bytes.write(line, this.#length, 'utf8');
  };

  /** Null when no list was long. */
  get bytes(): Buffer | null {
    return this.#length === 0 ? null : this.#bytes.subarray(0, this.#length);
  }
}

/** What the rows of a file of lists come to, by list; null when it is none. */
export function longListsIn(bytes: Buffer): Record<string, LongList> | null {
  const lists = new Map<string, { total: number; hash: Hash }>();
  for (let from = 0; from < bytes.length; ) {
    const end = bytes.indexOf(10, from);
    const line = end === -1 ? null : /^\["([a-z_]+)",(\[.*\])\]$/.exec(bytes.toString('utf8', from, end));
    const [, name, row] = line ?? [];
    if (name === undefined || row === undefined) return null;
    const list = lists.get(name) ?? { total: 0, hash: createHash('sha256') };
    list.total += 1;
    list.hash.update(`${row}\n`);
    lists.set(name, list);
    from = end + 1;
  }
  return Object.fromEntries(
    [...lists].map(([name, { total, hash }]) => [name, { total, sha256: hash.digest('base64') }]),
  );
}
