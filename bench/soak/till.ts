/** Tills of the soak: each publishes one record at a time, waits for its PUBACK, and counts the receipts that say `synced`. */
import { connect, type Socket } from 'node:net';
import { FrameReader } from '../frames.ts';
import { BENCH_STORE } from '../load-lane.ts';
import { connectPacket, DISCONNECT_PACKET, pubackPacket, publishPacket, subscribePacket } from '../packets.ts';

const PUBLISH = 3;
const PUBACK = 4;
const LIMIT_MS = 300_000;

/** What all tills together have been told. */
export class Told {
  acknowledged = 0;
  synced = 0;
  /** Receipts of any other status than `accepted` and `synced`, by status. */
  readonly other = new Map<string, number>();
  #waiting: { readonly count: number; readonly done: () => void } | null = null;

  see(status: string): void {
    if (status === 'synced') this.synced += 1;
    else if (status !== 'accepted') this.other.set(status, (this.other.get(status) ?? 0) + 1);
    if (this.#waiting !== null && this.synced >= this.#waiting.count) this.#waiting.done();
  }

  /** Resolves once so many were told to be synced. @throws Error after five minutes. */
  async syncedAtLeast(count: number): Promise<void> {
    if (this.synced >= count) return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${this.synced} of ${count} records are synced`)), LIMIT_MS);
      this.#waiting = {
        count,
        done: () => {
          clearTimeout(timer);
          this.#waiting = null;
          resolve();
        },
      };
    });
  }
}

export class Till {
  readonly #lane: string;
  readonly #told: Told;
  readonly #socket: Socket;
  #agreed = 0;
  #onAgreed: () => void = () => {};
  #onPuback: () => void = () => {};
  #fail: (error: Error) => void = () => {};

  private constructor(lane: string, socket: Socket, told: Told) {
    this.#lane = lane;
    this.#told = told;
    this.#socket = socket;
  }

  static async open(port: number, lane: string, told: Told): Promise<Till> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const till = new Till(lane, socket, told);
    const reader = new FrameReader((firstByte, body) => till.#onFrame(firstByte, body));
    socket.on('data', (chunk) => reader.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk));
    socket.on('error', (error) => till.#fail(error));
    socket.on('close', () => till.#fail(new Error(`the gateway closed the connection of ${lane}`)));
    await new Promise<void>((resolve, reject) => {
      till.#onAgreed = resolve;
      till.#fail = reject;
      socket.write(connectPacket(lane, null, null));
      socket.write(subscribePacket(`pos/${BENCH_STORE}/${lane}/receipts`, 1));
    });
    return till;
  }

  /** Resolves with the PUBACK. */
  async sell(payload: Buffer): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#onPuback = resolve;
      this.#fail = reject;
      this.#socket.write(publishPacket(`pos/${BENCH_STORE}/${this.#lane}/records`, 1, payload));
    });
    this.#told.acknowledged += 1;
  }

  close(): void {
    this.#fail = () => {};
    this.#socket.end(DISCONNECT_PACKET);
  }

  #onFrame(firstByte: number, body: Buffer): void {
    const type = firstByte >> 4;
    if (type === PUBLISH) this.#onReceipt(firstByte, body);
    else if (type === PUBACK) this.#onPuback();
    else {
      this.#agreed += 1;
      if (this.#agreed === 2) this.#onAgreed();
    }
  }

  #onReceipt(firstByte: number, body: Buffer): void {
    const qos = (firstByte >> 1) & 3;
    const topicEnd = 2 + body.readUInt16BE(0);
    if (qos === 1) this.#socket.write(pubackPacket(body.readUInt16BE(topicEnd)));
    const { status }: { status: string } = JSON.parse(body.toString('utf8', topicEnd + (qos === 0 ? 0 : 2)));
    this.#told.see(status);
  }
}
