/**
 * Brings what is in the outbox onto the wire: oldest first, a limited number of publishes without PUBACK per stream.
 * Between the two streams the order of sale is kept as long as both windows have room.
 */
import type { Random, Timers } from '../base/clock.ts';
import { STREAMS, type Stream } from '../record/types.ts';
import { StreamWindow } from './window.ts';

/** The connection as the sender needs it; `LaneConnection` is one. */
export interface SenderConnection {
  readonly isReady: boolean;
  publish(payload: Buffer, onPuback: () => void): void;
  renew(reason: string): void;
}

/** The outbox as the sender needs it; `Outbox` is one. */
interface SenderOutbox {
  toSend(stream: Stream, limit: number): number[];
  bytes(position: number): Buffer | null;
}

export interface SenderOptions {
  readonly outbox: SenderOutbox;
  readonly windowSize: number;
  readonly timers: Timers;
  readonly random: Random;
  /** A PUBACK came for a publish of the present `wire`. */
  readonly onPuback: (position: number, wire: number) => void;
}

export class Sender {
  readonly #options: SenderOptions;
  readonly #windows: Readonly<Record<Stream, StreamWindow>>;
  #connection: SenderConnection | null = null;
  #wire = 0;

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#windows = { standard: this.#newWindow(), schedule_two: this.#newWindow() };
  }

  use(connection: SenderConnection): void {
    this.#connection = connection;
  }

  /** Counts the wires there have been. A PUBACK of an earlier one says nothing about the buffer now spoken to. */
  get wire(): number {
    return this.#wire;
  }

  /** Publishes whatever may be published now. */
  pump(): void {
    if (this.#connection?.isReady !== true) return;
    const next = STREAMS.flatMap((stream) => this.#next(stream)).sort((a, b) => a.position - b.position);
    for (const { position, stream } of next) this.#send(this.#connection, position, stream);
  }

  acknowledged(position: number, stream: Stream): void {
    this.#windows[stream].acknowledged(position);
  }

  /** Call on a `deferred` receipt. */
  deferred(position: number, stream: Stream): void {
    this.#windows[stream].deferred(position);
  }

  /** A new wire: the connection is gone, or another buffer is behind it. Nothing counts as sent. */
  reset(): void {
    this.#wire += 1;
    for (const stream of STREAMS) this.#windows[stream].reset();
  }

  #newWindow(): StreamWindow {
    const { windowSize, timers, random } = this.#options;
    return new StreamWindow({ size: windowSize, timers, random, onRepublish: (isSilent) => this.#republish(isSilent) });
  }

  #next(stream: Stream): { position: number; stream: Stream }[] {
    const window = this.#windows[stream];
    if (window.room <= 0) return [];
    // What is on the wire is still to be sent as far as the outbox knows, so ask for a full window and leave it out.
    const positions = this.#options.outbox.toSend(stream, window.room + window.onWire);
    const unsent = positions.filter((position) => !window.has(position)).slice(0, window.room);
    return unsent.map((position) => ({ position, stream }));
  }

  #send(connection: SenderConnection, position: number, stream: Stream): void {
    const bytes = this.#options.outbox.bytes(position);
    if (bytes === null) return;
    const wire = this.#wire;
    this.#windows[stream].sent(position);
    connection.publish(bytes, () => this.#options.onPuback(position, wire));
  }

  #republish(isSilent: boolean): void {
    if (isSilent) this.#connection?.renew('no PUBACK came although records were published twice');
    else this.pump();
  }
}
