/**
 * Makes the next request ready: reads entries, puts them into a batch and compresses it, in slices of a few
 * milliseconds, because lanes, heartbeat and the other stream live on the same thread. Also ahead of time, while the
 * request before is under way: reading changes nothing, so what was made ahead in vain is simply dropped.
 */
import type { PendingPage, StreamEntry } from '../buffer/api.ts';
import type { Stream } from '../record/types.ts';
import { type Batch, BatchBuilder, type BatchHead, buildSingle, buildTrial } from './batch.ts';
import { encode } from './coding.ts';
import type { Coding, SyncOptions } from './options.ts';
import { isGap, type SyncParts } from './ports.ts';
import type { Source } from './position.ts';
import type { Turn } from './turn.ts';
import type { Witness } from './witness.ts';

/** Entries read and rendered in one go: about 2 ms. */
const SLICE_ENTRIES = 100;

export interface Wanted {
  readonly source: Source;
  readonly limit: number;
  readonly byteLimit: number;
  readonly coding: Coding;
  /** Sequence of the record whose marker is to go alone in its place, null for none. */
  readonly onTrial: number | null;
}

export interface Prepared {
  /** Null when there is nothing to send. */
  readonly batch: Batch | null;
  /** The body as it travels. */
  readonly bytes: Buffer;
  readonly coding: Coding;
  /** The coding that was asked for; small bodies travel plain whatever it is. */
  readonly wantedCoding: Coding;
  /** More entries were waiting, or may have been. */
  readonly more: boolean;
  /** Sequences at the head of the line whose stored bytes are damaged. */
  readonly damaged: readonly number[];
  /** `single`: a marker at the head of the line, which this contract has no words for. */
  readonly unspeakable: number | null;
}

const NOTHING = { batch: null, bytes: Buffer.alloc(0), coding: 'identity', more: false, damaged: [] } as const;

export class Preparation {
  readonly #stream: Stream;
  readonly #parts: SyncParts;
  readonly #profile: SyncOptions['profile'];
  readonly #turn: Turn;
  readonly #witness: Pick<Witness, 'show'>;

  constructor(
    stream: Stream,
    parts: SyncParts,
    profile: SyncOptions['profile'],
    turn: Turn,
    witness: Pick<Witness, 'show'>,
  ) {
    this.#stream = stream;
    this.#parts = parts;
    this.#profile = profile;
    this.#turn = turn;
    this.#witness = witness;
  }

  async make(wanted: Wanted): Promise<Prepared> {
    const nothing = { ...NOTHING, wantedCoding: wanted.coding, unspeakable: null };
    const page = this.#read(wanted.source, wanted.limit, wanted.byteLimit);
    const entries = this.#within(wanted.source, page.entries);
    const [first] = entries;
    if (first === undefined) return { ...nothing, damaged: page.damaged };
    if (this.#profile === 'single' && isGap(first)) return { ...nothing, unspeakable: first.sequence };
    const { batch, more } = await this.#batchOf(wanted, first, entries);
    if (batch === null) return nothing;
    const content = await encode(batch.body, wanted.coding);
    return { ...nothing, batch, more, ...content };
  }

  async #batchOf(wanted: Wanted, first: StreamEntry, entries: readonly StreamEntry[]) {
    if (!isGap(first) && this.#profile === 'single') return { batch: buildSingle(first), more: entries.length > 1 };
    if (!isGap(first) && first.sequence === wanted.onTrial)
      return { batch: buildTrial(await this.#head(), first), more: true };
    return await this.#fill(wanted, entries);
  }

  /** Fills a batch slice by slice; the first slice is at hand. */
  async #fill(wanted: Wanted, first: readonly StreamEntry[]): Promise<{ batch: Batch | null; more: boolean }> {
    const { source, limit, byteLimit } = wanted;
    const builder = new BatchBuilder(await this.#head(), limit, byteLimit);
    let asked = Math.min(limit, SLICE_ENTRIES);
    let entries = first;
    for (;;) {
      const whole = entries.every((entry) => builder.add(entry));
      if (!whole || builder.count >= limit) return { batch: builder.finish(), more: true };
      // A short page is the end of the line; what lies before a cursor is short anyhow.
      if (entries.length < asked || isBehind(source) || builder.next === null) {
        return { batch: builder.finish(), more: false };
      }
      await this.#turn.pass();
      asked = Math.min(limit - builder.count, SLICE_ENTRIES);
      const page = this.#parts.buffer.readFrom(this.#stream, builder.next, asked, byteLimit);
      entries = source.read === 'from' ? page.entries : whileOpen(page.entries);
    }
  }

  #read(source: Source, limit: number, byteLimit: number): PendingPage {
    const { buffer } = this.#parts;
    const count = Math.min(limit, SLICE_ENTRIES);
    if (source.read === 'from') return buffer.readFrom(this.#stream, source.at, count, byteLimit);
    return buffer.readPending(this.#stream, count, byteLimit);
  }

  #within(source: Source, entries: readonly StreamEntry[]): readonly StreamEntry[] {
    const below = source.read === 'pending' ? source.below : null;
    return below === null ? entries : entries.filter((entry) => entry.streamSequence < below);
  }

  async #head(): Promise<BatchHead> {
    const { gatewayId, epoch } = this.#parts.buffer;
    return { gatewayId, epoch, stream: this.#stream, shown: await this.#witness.show() };
  }
}

function isBehind(source: Source): boolean {
  return source.read === 'pending' && source.below !== null;
}

/** Up to the first entry that is settled already: whoever reads what is pending wants no other. */
function whileOpen(entries: readonly StreamEntry[]): readonly StreamEntry[] {
  const end = entries.findIndex((entry) => !isGap(entry) && entry.state !== 'PENDING');
  return end < 0 ? entries : entries.slice(0, end);
}
