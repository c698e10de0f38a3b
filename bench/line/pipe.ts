/** One direction of one connection: bytes wait at the sender, pass the bottleneck, arrive, and are acknowledged. */
import type { Socket } from 'node:net';
import type { Bottleneck } from './bottleneck.ts';
import { DelayLine } from './delay-line.ts';
import { type CongestionWindow, SEGMENT_BYTES } from './window.ts';

/** What a sender's socket buffer holds; beyond it the sender is not read. */
const SEND_BUFFER_BYTES = 256 * 1024;

export interface PipeParts {
  readonly from: Socket;
  readonly to: Socket;
  readonly bottleneck: Bottleneck;
  readonly window: CongestionWindow;
  readonly oneWayMs: number;
  /** No byte leaves before: the handshake takes a round trip. Ms of `performance.now()`. */
  readonly opensAtMs: number;
  readonly onBytes: (bytes: number) => void;
}

export class Pipe {
  readonly #parts: PipeParts;
  readonly #acknowledgements = new DelayLine();
  #unsent: Buffer[] = [];
  #unsentBytes = 0;
  #ended = false;
  #opener: NodeJS.Timeout | null;

  constructor(parts: PipeParts) {
    this.#parts = parts;
    const { from, opensAtMs } = parts;
    from.on('data', (chunk: Buffer) => this.#take(chunk));
    from.on('end', () => {
      this.#ended = true;
      this.#send();
    });
    this.#opener = setTimeout(
      () => {
        this.#opener = null;
        this.#send();
      },
      Math.max(0, opensAtMs - performance.now()),
    );
  }

  stop(): void {
    if (this.#opener !== null) clearTimeout(this.#opener);
    this.#acknowledgements.stop();
    this.#unsent = [];
  }

  #take(chunk: Buffer): void {
    this.#unsent.push(chunk);
    this.#unsentBytes += chunk.length;
    if (this.#unsentBytes > SEND_BUFFER_BYTES) this.#parts.from.pause();
    this.#send();
  }

  /** Puts as many segments on the line as the window lets through. */
  #send(): void {
    if (this.#opener !== null) return;
    const { from, to, bottleneck, window } = this.#parts;
    for (;;) {
      const nowMs = performance.now();
      const bytes = Math.min(SEGMENT_BYTES, this.#unsentBytes, window.room(nowMs));
      // A part of a segment only at the end of what there is (Nagle is off): a window is used in whole ones.
      if (bytes <= 0 || (bytes < SEGMENT_BYTES && bytes < this.#unsentBytes)) break;
      const segment = this.#cut(bytes);
      window.sent(bytes, nowMs);
      this.#parts.onBytes(bytes);
      bottleneck.put(this, bytes, () => this.#arrive(segment));
    }
    if (this.#unsentBytes <= SEND_BUFFER_BYTES) from.resume();
    if (!this.#ended || this.#unsentBytes > 0) return;
    this.#ended = false;
    bottleneck.put(this, 0, () => to.end());
  }

  #cut(bytes: number): Buffer {
    const parts: Buffer[] = [];
    let missing = bytes;
    while (missing > 0) {
      const first = this.#unsent.shift();
      if (first === undefined) break;
      const part = first.subarray(0, missing);
      if (part.length < first.length) this.#unsent.unshift(first.subarray(part.length));
      parts.push(part);
      missing -= part.length;
    }
    this.#unsentBytes -= bytes;
    return Buffer.concat(parts);
  }

  /** The acknowledgement leaves when the receiver's kernel has the bytes, so a slow reader slows the sender. */
  #arrive(segment: Buffer): void {
    const { to, window, oneWayMs } = this.#parts;
    if (to.destroyed) return;
    to.write(segment, () => {
      this.#acknowledgements.push(performance.now() + oneWayMs, () => {
        window.acknowledged(segment.length);
        this.#send();
      });
    });
  }
}
