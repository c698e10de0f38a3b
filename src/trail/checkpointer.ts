/**
 * Has the tree's head signed when the trail has grown by more than the trail's word about itself. A checkpoint speaks only
 * of entries that are synced in segments, and is itself an entry (`cp`) behind them.
 *
 * If the power goes between signer and buffer, a checkpoint was signed that the trail does not hold; the next one proves
 * that it continues it.
 */
import type { Clock, Timers } from '../base/clock.ts';
import { CounterfoilError, messageOf } from '../base/errors.ts';
import type { TrailLog, TrailOutbox } from '../buffer/api.ts';
import { openCheckpoint } from '../tlog/checkpoint.ts';
import { parseVerifierKey } from '../tlog/verifier-key.ts';
import type { CheckpointSigner, SignedHead } from './api.ts';
import type { Note } from './notes.ts';
import type { TreeStore } from './tree-store.ts';
import type { TroubleTexts } from './troubles.ts';

/** Longest wait after the signer has failed again and again. */
const RETRY_MS = 60_000;

export interface NewestCheckpoint {
  readonly size: number;
  readonly note: string;
  /** The key it is signed by, under its origin. */
  readonly verifierKey: string;
  /** When it was signed, UTC; when it was read, for one of an earlier process. */
  readonly atMs: number;
}

export interface CheckpointerParts {
  readonly log: TrailLog;
  /** Origin of this epoch's checkpoints. */
  readonly origin: string;
  readonly tree: TreeStore;
  readonly signer: CheckpointSigner;
  readonly outbox: TrailOutbox;
  readonly note: Note;
  readonly clock: Clock;
  readonly timers: Timers;
  /** From an entry to the checkpoint over it; so at most one in this time. */
  readonly everyMs: number;
  /** Looks at what the signer remembers, before anything new is signed. */
  readonly onHead: (head: SignedHead) => Promise<void>;
  readonly onTrouble: (trouble: TroubleTexts) => void;
  readonly onSigned: () => void;
}

export class Checkpointer {
  readonly #parts: CheckpointerParts;
  #newest: NewestCheckpoint | null = null;
  /** What the signer remembers; undefined before it was asked. */
  #head: SignedHead | null | undefined;
  /** The signer did not answer when it was asked what it remembers. */
  #owesHead = false;
  #newestTelling = -1;
  #failures = 0;
  #making: Promise<void> | null = null;
  #cancel: (() => void) | null = null;
  #stopped = false;

  constructor(parts: CheckpointerParts) {
    this.#parts = parts;
  }

  newest(): NewestCheckpoint | null {
    return this.#newest;
  }

  /** The checkpoint of an earlier process. */
  restore(newest: NewestCheckpoint | null): void {
    this.#newest = newest;
  }

  /** Asks the signer what it has signed, until it has answered once. Never rejects: it is asked again later. */
  async meetSigner(): Promise<void> {
    try {
      await this.#meetSigner();
    } catch (error) {
      this.#parts.onTrouble(troubleOf(error));
      this.#owesHead = true;
      this.#schedule(this.#parts.everyMs);
    }
  }

  async #meetSigner(): Promise<void> {
    if (this.#head !== undefined) return;
    const head = await this.#parts.signer.newest(this.#parts.log);
    if (head !== null) await this.#parts.onHead(head);
    this.#head = head;
    this.#owesHead = false;
  }

  /** Entry `index` is synced and is more than the trail's word about itself. */
  told(index: number): void {
    this.#newestTelling = Math.max(this.#newestTelling, index);
    this.#schedule(this.#parts.everyMs);
  }

  /** One last checkpoint over everything, if there is anything new. Never rejects. */
  async finish(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    await this.#making;
    if (this.#isDue) await this.#make();
  }

  get #isDue(): boolean {
    return this.#owesHead || this.#hasGrown;
  }

  get #hasGrown(): boolean {
    return this.#newestTelling >= (this.#newest?.size ?? 0);
  }

  #schedule(delayMs: number): void {
    if (this.#stopped || this.#cancel !== null || this.#making !== null || !this.#isDue) return;
    this.#cancel = this.#parts.timers.after(delayMs, () => {
      this.#cancel = null;
      this.#making = this.#make().finally(() => {
        this.#making = null;
        this.#schedule(Math.min(RETRY_MS, this.#parts.everyMs * 2 ** Math.min(this.#failures, 8)));
      });
    });
  }

  async #make(): Promise<void> {
    try {
      await this.#meetSigner();
      if (this.#hasGrown) await this.#sign();
      this.#failures = 0;
      this.#parts.onSigned();
    } catch (error) {
      this.#failures += 1;
      this.#parts.onTrouble(troubleOf(error));
    }
  }

  async #sign(): Promise<void> {
    const { log, origin, tree, signer, outbox, clock } = this.#parts;
    const size = tree.size;
    const root = await tree.rootAt(size);
    const head = this.#head?.origin === origin ? this.#head : null;
    // More is signed than is here: the signer would refuse, and why is told already.
    if (head !== null && head.size > size) throw smallerThanSigned(size, head.size);
    const proof = head === null ? [] : await tree.consistency(head.size, size);
    const verifierKey = await this.#tellKey();
    const note = await signer.sign({ log, origin, size, root, proof });
    this.#head = { origin, size, root, note };
    await outbox.noteCheckpoint(log, note);
    this.#newest = { size, note, verifierKey, atMs: clock.utcMs() };
  }

  /** Before the first checkpoint by a key, and of an origin, the trail says which key that is. */
  async #tellKey(): Promise<string> {
    const { log, origin, signer, note } = this.#parts;
    const text = await signer.verifierKey(origin);
    const key = parseVerifierKey(text);
    const isKnown = key.ok && this.#newest !== null && openCheckpoint(this.#newest.note, [key.key]).ok;
    if (!isKnown) await note(log, 'trail_key', { key: text, origin });
    return text;
  }
}

function smallerThanSigned(size: number, signed: number): CounterfoilError {
  return new CounterfoilError(
    'checkpoint_refused',
    `the signer has signed ${signed} entries, here there are ${size}`,
    'The end of the trail was lost. Records are taken as before; run "counterfoil trail verify" and keep a copy of trail_dir.',
  );
}

function troubleOf(error: unknown): TroubleTexts {
  if (error instanceof CounterfoilError) return { code: error.code, message: error.message, hint: error.hint };
  return {
    code: 'checkpoint_failed',
    message: `no checkpoint could be made: ${messageOf(error)}`,
    hint: 'Look at the disk of trail_dir and data_dir. Records are taken as before.',
  };
}
