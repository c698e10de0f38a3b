/**
 * Keeps the last bytes of a request back until it is decided that it may be: no server can act on a body it does not have
 * yet. So the next batch can cross the line while the PMS works on the one before, and still the PMS never has two to
 * choose an order for. (HTTP pipelining would leave that order to luck: servers handle pipelined requests side by side.)
 *
 * Two bodies never leave at once: each waits until the one before has been handed to the kernel. Side by side they would
 * be no faster, but two TCP connections would each send as if the line were theirs, and leave a queue in it in which a
 * Schedule II record stands. How much of a body the kernel still has when it says that it took it is the kernel's to say
 * (`tcp_notsent_lowat`, docs/OPERATIONS.md).
 */
export class Hold {
  /** True: let it go. False: cut it off. */
  readonly decided: Promise<boolean>;
  readonly #decide: (goes: boolean) => void;
  /** When this body may begin to leave. */
  readonly turn: Promise<void>;
  /** When all but what is held back has been handed to the kernel, or never will be. */
  readonly left: Promise<void>;
  readonly #leave: () => void;

  /** `turn`: when the body before has left. */
  constructor(turn: Promise<void>) {
    const decided = Promise.withResolvers<boolean>();
    this.decided = decided.promise;
    this.#decide = decided.resolve;
    this.turn = turn;
    const left = Promise.withResolvers<void>();
    this.left = left.promise;
    this.#leave = left.resolve;
  }

  /** The body has left but for its end, or its request is over. */
  leave(): void {
    this.#leave();
  }

  release(): void {
    this.#decide(true);
  }

  /** Without effect once it has been released. */
  withdraw(): void {
    this.#decide(false);
  }
}

/** Bytes kept back. One would do; a packet of its own costs the same. */
const HELD_BYTES = 64;

/** Handed over in pieces, so that what stands before the kernel is never more than one. */
const PIECE_BYTES = 16 * 1024;

/** The body in its turn, its end once `hold` lets it go; ends in an error when it is withdrawn. */
export async function* heldBody(bytes: Buffer, hold: Hold): AsyncGenerator<Buffer> {
  const at = Math.max(0, bytes.length - HELD_BYTES);
  await hold.turn;
  for (let from = 0; from < at; from += PIECE_BYTES) yield bytes.subarray(from, Math.min(from + PIECE_BYTES, at));
  hold.leave();
  if (!(await hold.decided)) throw new Error('withdrawn');
  yield bytes.subarray(at);
}
