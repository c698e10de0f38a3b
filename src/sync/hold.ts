/**
 * Keeps the last bytes of a request back until it is decided that it may be: no server can act on a body it does not have
 * yet. So the next batch can cross the line while the PMS works on the one before, and still the PMS never has two to
 * choose an order for. (HTTP pipelining would leave that order to luck: servers handle pipelined requests side by side.)
 */
export class Hold {
  /** True: let it go. False: cut it off. */
  readonly decided: Promise<boolean>;
  readonly #decide: (goes: boolean) => void;

  constructor() {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.decided = promise;
    this.#decide = resolve;
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

/** The body in two parts, the second once `hold` lets it go; ends in an error when it is withdrawn. */
export async function* heldBody(bytes: Buffer, hold: Hold): AsyncGenerator<Buffer> {
  const at = Math.max(0, bytes.length - HELD_BYTES);
  if (at > 0) yield bytes.subarray(0, at);
  if (!(await hold.decided)) throw new Error('withdrawn');
  yield bytes.subarray(at);
}
