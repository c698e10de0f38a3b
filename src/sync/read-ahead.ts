/** The next request, made while the one before is under way. */
import type { Coding } from './options.ts';
import type { Source } from './position.ts';
import type { Preparation, Prepared } from './prepare.ts';

interface Limits {
  readonly limit: number;
  readonly byteLimit: number;
  readonly coding: Coding;
}

export class ReadAhead {
  readonly #preparation: Preparation;
  #made: { readonly at: number; readonly prepared: Promise<Prepared | null> } | null = null;

  constructor(preparation: Preparation) {
    this.#preparation = preparation;
  }

  /** Begins to make the request that starts at this stream number. A reading that fails is no loss: it is done again. */
  begin(at: number, limits: Limits): void {
    const prepared = this.#preparation.make({ ...limits, source: { read: 'from', at }, onTrial: null });
    this.#made = { at, prepared: prepared.catch(() => null) };
  }

  /** What was made, if it is what is wanted now; it is forgotten in any case. */
  async take(source: Source, limits: Limits): Promise<Prepared | null> {
    const made = this.#made;
    this.#made = null;
    if (made === null || source.read !== 'from' || source.at !== made.at) return null;
    const prepared = await made.prepared;
    const batch = prepared?.batch ?? null;
    if (prepared === null || batch === null || prepared.wantedCoding !== limits.coding) return null;
    return batch.entries.length <= limits.limit && batch.body.length <= limits.byteLimit ? prepared : null;
  }

  drop(): void {
    this.#made = null;
  }
}
