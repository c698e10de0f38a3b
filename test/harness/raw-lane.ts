/** A lane on a bare TCP socket: sends exactly the bytes it is told to, and sees when the gateway hangs up. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect as open, type Socket } from 'node:net';
import { type Gateway, STORE } from './gateway.ts';
import { connect, PacketReader, type SeenPacket, subscribe, TYPE } from './mqtt-wire.ts';
import { LIMIT_MS } from './program.ts';
import type { Scene } from './scene.ts';

export class RawLane {
  readonly received: SeenPacket[] = [];
  readonly #socket: Socket;
  readonly #closed: Promise<void>;
  #open = true;
  #changed = Promise.withResolvers<void>();

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#closed = new Promise((resolve) => socket.once('close', () => resolve()));
  }

  /** Opens a connection without a word of MQTT. */
  static async open(scene: Scene, { mqtt }: Gateway): Promise<RawLane> {
    const socket = open(mqtt.port, mqtt.host);
    const lane = RawLane.over(scene, socket);
    await once(socket, 'connect');
    return lane;
  }

  /** A lane on a connection that somebody else has opened, such as one with TLS. */
  static over(scene: Scene, socket: Socket): RawLane {
    scene.onClose(() => socket.destroy());
    const lane = new RawLane(socket);
    lane.#listen();
    return lane;
  }

  /** Opens a connection, is let in, and binds it to the lane `name` by reading that lane's receipts. */
  static async ready(scene: Scene, gateway: Gateway, name: string): Promise<RawLane> {
    const lane = await RawLane.open(scene, gateway);
    await lane.enter(name);
    return lane;
  }

  /** Is let in, and binds the connection to the lane `name` by reading that lane's receipts. */
  async enter(name: string): Promise<void> {
    this.send(connect({ clientId: `${name}-${randomUUID()}` }));
    const connack = await this.next(TYPE.connack);
    if (connack?.body[1] !== 0) throw new Error(`lane ${name} was not let in`);
    this.send(subscribe(`pos/${STORE}/${name}/receipts`, 0xffff, 0));
    const suback = await this.next(TYPE.suback);
    if (suback?.body[2] === 0x80) throw new Error(`lane ${name} may not read its receipts`);
    this.received.length = 0;
  }

  /** What CONNACK says to this CONNECT packet; null: the connection ended without one. */
  async connackFor(packet: Uint8Array): Promise<number | null> {
    this.send(packet);
    return (await this.next(TYPE.connack))?.body[1] ?? null;
  }

  get closed(): boolean {
    return !this.#open;
  }

  send(...packets: readonly Uint8Array[]): void {
    this.#socket.write(Buffer.concat(packets));
  }

  /** Ends our half of the connection and waits until the gateway has ended its half. */
  async end(): Promise<void> {
    this.#socket.end();
    await this.#closed;
  }

  /** Goes without a word and without waiting. */
  leave(): void {
    this.#socket.destroy();
  }

  async hungUp(): Promise<void> {
    await within(this.#closed, 'the end of the connection');
  }

  /** First packet of a type, past or future; null when the connection ends without one. */
  async next(type: number, wanted: (packet: SeenPacket) => boolean = () => true): Promise<SeenPacket | null> {
    for (;;) {
      const found = this.received.find((packet) => packet.type === type && wanted(packet));
      if (found !== undefined) return found;
      if (!this.#open) return null;
      await within(Promise.race([this.#changed.promise, this.#closed]), `a packet of type ${type}`);
    }
  }

  /** Whether the PUBACK for packet id `id` comes; false when the connection ends without it. */
  async acknowledged(id: number): Promise<boolean> {
    return (await this.next(TYPE.puback, ({ body }) => body.readUInt16BE(0) === id)) !== null;
  }

  #listen(): void {
    const reader = new PacketReader();
    this.#socket.on('data', (chunk: Buffer) => {
      this.received.push(...reader.push(chunk));
      const { resolve } = this.#changed;
      this.#changed = Promise.withResolvers<void>();
      resolve();
    });
    // A reset is one way of being hung up on; 'close' follows.
    this.#socket.on('error', () => undefined);
    this.#socket.on('close', () => {
      this.#open = false;
    });
  }
}

async function within(wait: Promise<void>, what: string): Promise<void> {
  const limit = Promise.withResolvers<never>();
  const timer = setTimeout(() => limit.reject(new Error(`${what} did not come`)), LIMIT_MS);
  try {
    await Promise.race([wait, limit.promise]);
  } finally {
    clearTimeout(timer);
  }
}
