/** Cuts a TCP byte stream into MQTT packets, however the bytes arrive. */

/** Called with the packet's first byte and its body (without the fixed header); the body is only valid during the call. */
export type OnFrame = (firstByte: number, body: Buffer) => void;

/** One connection's parser: holds back an incomplete packet until the rest of it arrives. */
export class FrameReader {
  readonly #onFrame: OnFrame;
  #rest: Buffer = Buffer.alloc(0);

  constructor(onFrame: OnFrame) {
    this.#onFrame = onFrame;
  }

  push(chunk: Buffer): void {
    const data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    for (;;) {
      const next = this.#readOne(data, at);
      if (next === at) break;
      at = next;
    }
    this.#rest = at === data.length ? Buffer.alloc(0) : data.subarray(at);
  }

  /** Hands out the packet at `at` and answers where the next one begins; `at` itself when it is not complete yet. */
  #readOne(data: Buffer, at: number): number {
    let length = 0;
    for (let place = 0; place < 4; place += 1) {
      const byte = data[at + 1 + place];
      if (byte === undefined) return at;
      length += (byte & 0x7f) * 128 ** place;
      if ((byte & 0x80) !== 0) continue;
      const bodyAt = at + 2 + place;
      const end = bodyAt + length;
      if (end > data.length) return at;
      this.#onFrame(data[at] ?? 0, data.subarray(bodyAt, end));
      return end;
    }
    throw new Error('the server sent a malformed MQTT packet length');
  }
}
