/**
 * One FIFO into the buffer. Publishes that arrive while a group is being committed wait and form the next group (group
 * commit), so one fsync serves many lanes and the order of arrival is the order of sequence numbers.
 */
import { CounterfoilError } from '../base/errors.ts';
import type { IntakeItem, IntakeResult } from '../buffer/api.ts';

/** What the committer needs of the buffer: when the promise resolves, the group is on disk. */
export interface IntakeSink {
  intake(items: readonly IntakeItem[]): Promise<readonly IntakeResult[]>;
}

/** Who decides whether there is room for an item now; and hears of what there was none for. */
export interface Admission {
  admit(item: IntakeItem): boolean;
  deferred(item: IntakeItem): void;
}

/** Without a storage breaker: everything is let in until the disk is full. */
const ALL_IN: Admission = { admit: () => true, deferred() {} };

/** `deferred`: there is no room for it, or the disk is full (or its file locked); nothing was stored. */
export type CommitAnswer = IntakeResult | { readonly status: 'deferred' };

interface Waiting {
  readonly item: IntakeItem;
  readonly answer: (answer: CommitAnswer) => void;
}

/** Bounds one transaction, so that a late arrival never waits behind an endless one. */
const MAX_GROUP = 512;

export class Committer {
  readonly #sink: IntakeSink;
  readonly #onCommitted: () => void;
  readonly #admission: Admission;
  #waiting: Waiting[] = [];
  #busy = false;
  #scheduled = false;
  #idle: (() => void)[] = [];

  /** `onCommitted` is called after each group that is on disk. */
  constructor(sink: IntakeSink, onCommitted: () => void, admission: Admission = ALL_IN) {
    this.#sink = sink;
    this.#onCommitted = onCommitted;
    this.#admission = admission;
  }

  /**
   * Queues one item; `answer` is called once it is decided. It is never called when the disk fails for good: the
   * process is ending then, and the lane, without PUBACK, keeps the record.
   */
  submit(item: IntakeItem, answer: (answer: CommitAnswer) => void): void {
    if (!this.#admission.admit(item)) {
      this.defer(item, answer);
      return;
    }
    this.#waiting.push({ item, answer });
    if (this.#busy || this.#scheduled) return;
    // Everything of one socket read is submitted in this same turn of the event loop: let it gather.
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#next();
    });
  }

  /** Answers an item that must not be taken now. */
  defer(item: IntakeItem, answer: (answer: CommitAnswer) => void): void {
    this.#admission.deferred(item);
    answer({ status: 'deferred' });
  }

  /** Resolves when nothing waits and nothing is being committed. */
  drained(): Promise<void> {
    if (!this.#busy && this.#waiting.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #next(): void {
    if (this.#busy) return;
    if (this.#waiting.length === 0) {
      for (const resolve of this.#idle.splice(0)) resolve();
      return;
    }
    const group = this.#waiting.splice(0, MAX_GROUP);
    this.#busy = true;
    this.#sink.intake(group.map(({ item }) => item)).then(
      (results) => this.#done(group, results),
      (error: unknown) => this.#failed(group, error),
    );
  }

  #done(group: readonly Waiting[], results: readonly IntakeResult[]): void {
    this.#busy = false;
    // Start the next group first: the disk should never wait for our answers.
    this.#next();
    for (const [at, { answer }] of group.entries()) {
      const result = results[at];
      if (result !== undefined) answer(result);
    }
    this.#onCommitted();
  }

  #failed(group: readonly Waiting[], error: unknown): void {
    this.#busy = false;
    const code = error instanceof CounterfoilError ? error.code : 'internal';
    if (code === 'storage_io') return; // unknown what is on disk; the process is ending
    const noRoom = code === 'storage_full' || code === 'storage_busy';
    // What waits behind a deferred group is deferred with it: it must not overtake what its lane sent before.
    const deferred = noRoom ? [...group, ...this.#waiting.splice(0)] : group;
    for (const { answer, item } of deferred) {
      if (noRoom) this.defer(item, answer);
      else answer({ status: 'failed' });
    }
    this.#next();
  }
}
