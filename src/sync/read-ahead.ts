/**
 * The next request, made while the one before is under way, and where it is large already sent but for its last bytes
 * (`hold.ts`). Its attempt is on record before the first of them leaves; if it turns out not to be wanted, it is cut off
 * and the trail says so (`withdrawn`): no server has acted on half a body. Once it is on its way, the one after it is made
 * too, though not sent, so that the line need not wait for reading and compressing.
 */
import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Begun, Exchange } from './exchange.ts';
import type { Coding } from './options.ts';
import type { Source } from './position.ts';
import type { Preparation, Prepared } from './prepare.ts';

interface Limits {
  readonly limit: number;
  readonly byteLimit: number;
  readonly coding: Coding;
}

export interface Ahead {
  readonly prepared: Prepared;
  /** Already under way, and let go. */
  readonly begun: Begun | null;
}

interface Made {
  readonly at: number;
  readonly prepared: Promise<Prepared | null>;
  readonly begun: Promise<Begun | null>;
  /** No longer wanted; what has not begun does not begin. */
  dropped: boolean;
}

/** Made and not sent. */
interface Foreseen {
  readonly at: number;
  readonly prepared: Promise<Prepared | null>;
}

/** A PMS, or a box before it, that ends so many requests which are held back does not like them. */
const BROKEN_TO_STOP = 3;

export class ReadAhead {
  readonly #preparation: Preparation;
  readonly #exchange: Exchange;
  readonly #log: Log;
  readonly #overlapFromBytes: number;
  #made: Made | null = null;
  #foreseen: Foreseen | null = null;
  #broken = 0;
  /** Notes about withdrawn requests on their way to the disk. */
  #notes: Promise<void> = Promise.resolve();

  constructor(preparation: Preparation, exchange: Exchange, log: Log, overlapFromBytes: number) {
    this.#preparation = preparation;
    this.#exchange = exchange;
    this.#log = log;
    this.#overlapFromBytes = overlapFromBytes;
  }

  /** Begins to make the request that starts at this stream number. A reading that fails is no loss: it is done again. */
  begin(at: number, limits: Limits): void {
    const foreseen = this.#foreseen?.at === at ? this.#foreseen.prepared : null;
    this.drop();
    const prepared = foreseen ?? this.#make(at, limits);
    const made: Made = { at, prepared, begun: prepared.then((one) => this.#launch(made, one)), dropped: false };
    this.#made = made;
    void Promise.all([prepared, made.begun]).then(([one]) => this.#foresee(made, one, limits));
  }

  #make(at: number, limits: Limits): Promise<Prepared | null> {
    return this.#preparation.make({ ...limits, source: { read: 'from', at }, onTrial: null }).catch(() => null);
  }

  #foresee(made: Made, prepared: Prepared | null, limits: Limits): void {
    if (made.dropped || prepared === null || prepared.batch === null || !prepared.more) return;
    const at = prepared.batch.last + 1;
    this.#foreseen = { at, prepared: this.#make(at, limits) };
  }

  /** What was made, if it is what is wanted now; it is forgotten in any case. */
  async take(source: Source, limits: Limits): Promise<Ahead | null> {
    const made = this.#made;
    if (made === null) return null;
    if (source.read !== 'from' || source.at !== made.at) {
      this.drop();
      return null;
    }
    const prepared = await made.prepared;
    if (prepared === null || !fits(prepared, limits)) {
      this.drop();
      return null;
    }
    const begun = await made.begun;
    this.#made = null;
    if (begun === null) return { prepared, begun };
    if (begun.isOver()) {
      // Ended before its last bytes left: whatever it was, it was no answer to the whole. It goes again as usual.
      this.#broken += 1;
      this.#noteEnd(made.begun);
      return { prepared, begun: null };
    }
    begun.hold.release();
    return { prepared, begun };
  }

  /** Cuts off and forgets what was made. */
  drop(): void {
    const made = this.#made;
    this.#made = null;
    this.#foreseen = null;
    if (made === null) return;
    made.dropped = true;
    const withdrawn = made.begun.then((begun) => {
      begun?.hold.withdraw();
      return begun;
    });
    this.#noteEnd(withdrawn);
  }

  /** Drops what was made; resolves when nothing of it is under way any more. */
  async end(): Promise<void> {
    this.drop();
    await this.#notes;
  }

  async #launch(made: Made, prepared: Prepared | null): Promise<Begun | null> {
    const batch = prepared?.batch ?? null;
    if (prepared === null || batch === null || made.dropped || this.#broken >= BROKEN_TO_STOP) return null;
    if (prepared.bytes.length < this.#overlapFromBytes) return null;
    // The buffer could not write: the request before will meet the same and say so.
    return await this.#exchange.begin({ ...prepared, batch }).catch(() => null);
  }

  #noteEnd(begun: Promise<Begun | null>): void {
    const note = async () => {
      const one = await begun;
      if (one !== null) await this.#exchange.noteAnswer(await one.answered, {});
    };
    this.#notes = this.#notes.then(note).catch((error: unknown) => {
      this.#log.error('a trail entry could not be written', { error: messageOf(error) });
    });
  }
}

/**
 * A pace that has slowed down meanwhile halves the number at most, and what is on the line already had better be used than
 * cut off and sent anew. What the PMS itself has set narrower limits for is far smaller, or lighter, and does not fit.
 */
const STILL_FITS = 2;

function fits({ batch, wantedCoding }: Prepared, limits: Limits): boolean {
  if (batch === null || wantedCoding !== limits.coding) return false;
  return batch.entries.length <= limits.limit * STILL_FITS + 1 && batch.body.length <= limits.byteLimit;
}
