/**
 * The main thread's end of the writer thread: each request is a message and a promise. When the disk has failed, or the
 * thread is gone, every request under way and to come is rejected and the owner is told once: the process must end.
 */
import type { Worker } from 'node:worker_threads';
import { CounterfoilError } from '../base/errors.ts';
import type { WriterFacts } from './facts.ts';
import type { FixedByLog } from './session.ts';
import type { ThreadFailure, ThreadReply, ThreadRequest } from './writer-thread.ts';

interface Waiting {
  readonly resolve: (reply: ThreadReply) => void;
  readonly reject: (error: Error) => void;
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

export class WriterClient {
  readonly #worker: Worker;
  readonly #onFatal: (error: CounterfoilError) => void;
  readonly #waiting = new Map<number, Waiting>();
  #facts: WriterFacts;
  #onFixed: (fixed: FixedByLog) => void = () => {};
  #nextId = 1;
  #failed: CounterfoilError | null = null;
  #closing = false;
  #closed = false;

  /** `facts` are those the thread told when it was ready. */
  constructor(worker: Worker, facts: WriterFacts, onFatal: (error: CounterfoilError) => void) {
    this.#worker = worker;
    this.#facts = facts;
    this.#onFatal = onFatal;
    worker.on('message', (reply: ThreadReply) => this.#take(reply));
    worker.on('error', (error) => this.#fail(threadDied(error)));
    worker.on('exit', () => {
      if (!this.#closing) this.#fail(threadDied(null));
    });
  }

  /** As last told, at most 100 ms after a commit. */
  facts(): WriterFacts {
    return this.#facts;
  }

  /** Told after each commit that fixed trail entries. */
  onFixed(listener: (fixed: FixedByLog) => void): void {
    this.#onFixed = listener;
  }

  /** As `ask`, for what needs no answer; nothing happens when the thread is gone. */
  tell(request: DistributiveOmit<ThreadRequest, 'id'>): void {
    if (this.#failed === null && !this.#closed) this.#worker.postMessage({ ...request, id: 0 });
  }

  /** Lets the thread close the file and end. False when it was asked before. */
  async close(): Promise<boolean> {
    if (this.#closing) return false;
    this.#closing = true;
    const ended = new Promise<void>((resolve) => this.#worker.once('exit', () => resolve()));
    const asked = this.#failed === null ? this.ask({ op: 'close' }) : null;
    this.#closed = true;
    if (asked !== null) await asked;
    else await this.#worker.terminate();
    await ended;
    return true;
  }

  ask(request: DistributiveOmit<ThreadRequest, 'id'>, transfer: ArrayBuffer[] = []): Promise<ThreadReply> {
    if (this.#failed !== null) return Promise.reject(this.#failed);
    if (this.#closed) return Promise.reject(closedError());
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ ...request, id }, transfer);
    });
  }

  #take(reply: ThreadReply): void {
    if ('facts' in reply) this.#facts = reply.facts;
    if ('fixed' in reply) this.#onFixed(reply.fixed);
    if (!('id' in reply)) return;
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (!('failure' in reply)) {
      waiting?.resolve(reply);
      return;
    }
    const error = errorOf(reply.failure);
    waiting?.reject(error);
    // Any other request failed cleanly: it was rolled back, the file and the writer go on.
    if (error.code === 'storage_io') this.#fail(error);
  }

  #fail(error: CounterfoilError): void {
    if (this.#failed !== null) return;
    this.#failed = error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
    this.#onFatal(error);
  }
}

/** A failure as it crossed the threads. */
export function errorOf(failure: ThreadFailure): CounterfoilError {
  return new CounterfoilError(failure.code, failure.message, failure.hint);
}

function closedError(): CounterfoilError {
  return new CounterfoilError(
    'internal',
    'the buffer has been closed',
    'The gateway is stopping; send the record again.',
  );
}

export function threadDied(cause: unknown): CounterfoilError {
  return new CounterfoilError(
    'internal',
    'the thread that writes the buffer ended',
    'The gateway stops; its next start reads the buffer again.',
    cause,
  );
}
