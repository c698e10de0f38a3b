/**
 * How much a TCP sender may have on its way without an acknowledgement. On loopback the kernel acknowledges at once, so a
 * proxy that only delayed bytes would give its sender a window without limit, which no line gives.
 *
 * Modelled: the initial window (RFC 6928), slow start (RFC 5681) up to a ceiling, and the fall back to the initial window
 * after an idle time (RFC 5681 section 4.1). Not modelled: loss. The ceiling stands for where loss would end slow start.
 */
export const SEGMENT_BYTES = 1448;
const INITIAL_SEGMENTS = 10;
/** Least retransmission time-out of Linux, to which the round trip is added. */
const IDLE_BASE_MS = 200;

export class CongestionWindow {
  readonly #ceilingBytes: number;
  readonly #idleMs: number;
  #windowBytes = INITIAL_SEGMENTS * SEGMENT_BYTES;
  #inFlightBytes = 0;
  #lastSentMs = Number.NEGATIVE_INFINITY;

  constructor(ceilingBytes: number, roundTripMs: number) {
    this.#ceilingBytes = Math.max(ceilingBytes, INITIAL_SEGMENTS * SEGMENT_BYTES);
    this.#idleMs = IDLE_BASE_MS + roundTripMs;
  }

  /** Bytes that may leave now. */
  room(nowMs: number): number {
    const idle = this.#inFlightBytes === 0 && nowMs - this.#lastSentMs > this.#idleMs;
    if (idle) this.#windowBytes = INITIAL_SEGMENTS * SEGMENT_BYTES;
    return this.#windowBytes - this.#inFlightBytes;
  }

  sent(bytes: number, nowMs: number): void {
    this.#inFlightBytes += bytes;
    this.#lastSentMs = nowMs;
  }

  acknowledged(bytes: number): void {
    this.#inFlightBytes -= bytes;
    this.#windowBytes = Math.min(this.#ceilingBytes, this.#windowBytes + bytes);
  }
}
