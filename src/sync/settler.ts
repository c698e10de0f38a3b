/**
 * Has the buffer write what answers proved, in slices: each is a transaction of a few milliseconds on the one writing
 * thread, and intake and Schedule II go between them. A slice is settled or not; if the power goes between two, the rest
 * of the answer is PENDING, is sent again, and the PMS says `duplicate`.
 */
import type { SettledRecord, Settlement } from '../buffer/api.ts';
import type { Stream } from '../record/types.ts';
import type { SyncParts } from './ports.ts';
import type { Tally } from './tally.ts';
import type { Turn } from './turn.ts';

/** About 5 ms of the writer, as measured; two trail entries. */
const SLICE_RECORDS = 200;

export class Settler {
  readonly #stream: Stream;
  readonly #parts: SyncParts;
  readonly #tally: Tally;
  readonly #turn: Turn;

  constructor(stream: Stream, parts: SyncParts, tally: Tally, turn: Turn) {
    this.#stream = stream;
    this.#parts = parts;
    this.#tally = tally;
    this.#turn = turn;
  }

  /** Receipts go out slice by slice, each after its own commit. Rejects when the buffer could not write. */
  async settle(settlements: readonly Settlement[]): Promise<void> {
    for (let from = 0; from < settlements.length; from += SLICE_RECORDS) {
      if (from > 0) await this.#turn.pass();
      await this.#slice(settlements.slice(from, from + SLICE_RECORDS));
    }
  }

  async #slice(settlements: readonly Settlement[]): Promise<void> {
    const settled = await this.#parts.buffer.settle(this.#stream, settlements);
    const unproved = new Set(settlements.flatMap((one) => (one.unproved ? [one.sequence] : [])));
    this.#tally.settled(settled.length, countOf(settled, unproved));
    if (settled.length > 0) this.#parts.events.onSettled?.(settled);
  }

  /** The record ends here; its marker has the number. First the state, which makes the marker, then that it is noted. */
  async setAside(sequence: number, reason: string, noted: boolean): Promise<void> {
    await this.settle([{ sequence, to: 'SET_ASIDE', pmsId: null, reason, verification: null }]);
    if (noted) await this.#parts.buffer.noteGaps(this.#stream, [sequence]);
  }
}

function countOf(settled: readonly SettledRecord[], sequences: ReadonlySet<number>): number {
  return sequences.size === 0 ? 0 : settled.filter(({ sequence }) => sequences.has(sequence)).length;
}
